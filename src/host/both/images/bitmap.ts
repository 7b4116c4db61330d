import type { Image } from "../../../method/images/image.ts";
import { cutShort, pixelLimit, tooManyPixels } from "./unreadable.ts";

/** A picture in a format that sharp cannot read. */
export interface Bitmap {
  readonly format: "bmp" | "ppm";
  readonly width: number;
  readonly height: number;
  decode(): Image;
}

/** Whether a file may be one by its name. */
export function hasBitmapName(path: string): boolean {
  return /\.(bmp|dib|p[bgpn]m)$/i.test(path);
}

/** A BMP or a Netpbm picture (PBM, PGM, PPM) by its first bytes; undefined for other formats. An Error if it is damaged. */
export function readBitmap(bytes: Uint8Array): Bitmap | undefined {
  if (bytes[0] === 0x42 && bytes[1] === 0x4d && bytes.length >= 26) return readBmp(bytes);
  const isNetpbm = bytes[0] === 0x50 && bytes[1]! >= 0x31 && bytes[1]! <= 0x36;
  return isNetpbm ? readNetpbm(bytes) : undefined;
}

function checkSize(width: number, height: number): void {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new Error("its size is not readable");
  }
  if (width * height > pixelLimit) {
    throw new Error(tooManyPixels);
  }
}

/** BMP without compression: 1, 4 or 8 bits with a palette, 16 bits of 5 each, 24 or 32 bits, lines from below or from above. */
function readBmp(bytes: Uint8Array): Bitmap {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [start, headerSize] = [view.getUint32(10, true), view.getUint32(14, true)];
  const isOld = headerSize === 12;
  if (!isOld && bytes.length < 54) throw new Error(cutShort);
  const width = isOld ? view.getUint16(18, true) : view.getInt32(18, true);
  const lines = isOld ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(isOld ? 24 : 28, true);
  const compression = isOld ? 0 : view.getUint32(30, true);
  const height = Math.abs(lines);
  checkSize(width, height);
  const isPlain = compression === 0 && [1, 4, 8, 16, 24, 32].includes(bits);
  const isMasked = compression === 3 && [16, 32].includes(bits);
  if (!isPlain && !isMasked) {
    throw new Error(`it is a BMP of ${bits} bits with compression ${compression}; save it without`);
  }
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start + stride * height > bytes.length) throw new Error(cutShort);
  const fives = [0x7c00, 0x3e0, 0x1f];
  const eights = [0xff0000, 0xff00, 0xff];
  const masks = isMasked
    ? [54, 58, 62].map((at) => view.getUint32(at, true))
    : bits === 16
      ? fives
      : eights;
  const decode = (): Image => {
    const data = new Uint8Array(width * height * 3);
    const entry = isOld ? 3 : 4;
    const palette = 14 + headerSize;
    for (let y = 0; y < height; y++) {
      const row = start + stride * (lines > 0 ? height - 1 - y : y);
      for (let x = 0, out = y * width * 3; x < width; x++, out += 3) {
        if (bits <= 8) {
          const byte = bytes[row + ((x * bits) >> 3)]!;
          const index = (byte >> (8 - bits - ((x * bits) & 7))) & ((1 << bits) - 1);
          for (let c = 0; c < 3; c++) data[out + c] = bytes[palette + entry * index + 2 - c] ?? 0;
        } else if (bits === 24) {
          for (let c = 0; c < 3; c++) data[out + c] = bytes[row + 3 * x + 2 - c]!;
        } else {
          const at = row + (bits >> 3) * x;
          const value = bits === 16 ? view.getUint16(at, true) : view.getUint32(at, true);
          for (let c = 0; c < 3; c++) data[out + c] = channel(value, masks[c]!);
        }
      }
    }
    return { width, height, data };
  };
  return { format: "bmp", width, height, decode };
}

/** The bits of a mask in a value, stretched to 0..255. */
function channel(value: number, mask: number): number {
  if (mask === 0) return 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return Math.round((255 * ((value & mask) >>> shift)) / most);
}

/** PBM, PGM and PPM, as text (P1 to P3) and as bytes (P4 to P6), with up to 16 bits a value. */
function readNetpbm(bytes: Uint8Array): Bitmap {
  const kind = bytes[1]! - 0x30;
  const numbers = new Numbers(bytes, 2);
  const [width, height] = [numbers.next(), numbers.next()];
  checkSize(width, height);
  const isBits = kind === 1 || kind === 4;
  const most = isBits ? 1 : numbers.next();
  if (most < 1 || most > 65535) throw new Error(`its greatest value is ${most}`);
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const count = width * height * channels;
  // A single blank stands before the bytes.
  const start = numbers.at + 1;
  const rowBytes = kind === 4 ? (width + 7) >> 3 : width * channels * (most > 255 ? 2 : 1);
  if (kind > 3 && start + rowBytes * height > bytes.length) throw new Error(cutShort);
  const valueAt = (i: number): number => {
    if (kind < 4) return isBits ? numbers.digit() : numbers.next();
    if (kind === 4) {
      const [y, x] = [Math.floor(i / width), i % width];
      return (bytes[start + y * rowBytes + (x >> 3)]! >> (7 - (x & 7))) & 1;
    }
    return most > 255 ? bytes[start + 2 * i]! * 256 + bytes[start + 2 * i + 1]! : bytes[start + i]!;
  };
  const decode = (): Image => {
    const data = new Uint8Array(width * height * 3);
    for (let i = 0; i < count; i++) {
      const value = Math.min(most, valueAt(i));
      // In PBM 1 is black.
      const level = isBits ? 255 * (1 - value) : Math.round((255 * value) / most);
      if (channels === 3) data[i] = level;
      else data.fill(level, 3 * i, 3 * i + 3);
    }
    return { width, height, data };
  };
  return { format: "ppm", width, height, decode };
}

/** The numbers of a header, and of pictures as text, between blanks and comments. */
class Numbers {
  constructor(
    private readonly bytes: Uint8Array,
    public at: number,
  ) {}

  next(): number {
    this.skip();
    let [value, digits] = [0, 0];
    for (; isDigit(this.bytes[this.at]) && digits < 10; digits++) {
      value = 10 * value + this.bytes[this.at++]! - 0x30;
    }
    if (digits === 0) throw new Error(cutShort);
    return value;
  }

  /** A single digit: the bits of a PBM need no blanks between them. */
  digit(): number {
    this.skip();
    if (!isDigit(this.bytes[this.at])) throw new Error(cutShort);
    return this.bytes[this.at++]! - 0x30;
  }

  private skip(): void {
    const { bytes } = this;
    while (this.at < bytes.length && !isDigit(bytes[this.at])) {
      if (bytes[this.at] === 0x23) {
        while (this.at < bytes.length && bytes[this.at] !== 0x0a) this.at++;
      } else if (bytes[this.at]! > 0x20) throw new Error(cutShort);
      else this.at++;
    }
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
