import { shown, UserError } from "../../../user-error.ts";

/** The four sizes, in bits, in which a run length can be written. */
const lengthBits = [3, 4, 8, 16] as const;

/** Most words of one written run; longer runs are split. */
const longestRun = 1 << 16;

/** Position of the run length sizes, after the number of words (32 bits) and the size of a word (5 bits). */
const sizesAt = 37;

/**
 * A mask in the encoding of Label Studio's brush: run lengths of RGBA values, 255 inside and 0 outside. The output
 * equals that of @thi.ng/rle-pack, which Label Studio uses, but is computed from runs instead of single values.
 * @param counts run lengths along the rows: zeros, ones, zeros, and so on
 */
export function encodeBrush(counts: readonly number[]): Uint8Array {
  const bits = new BitWriter();
  const words = 4 * counts.reduce((sum, run) => sum + run, 0);
  bits.write(words >>> 16, 16);
  bits.write(words & 0xffff, 16);
  bits.write(7, 5); // words of 8 bits
  for (const length of lengthBits) bits.write(length - 1, 4);
  counts.forEach((run, k) => {
    const value = k % 2 === 1 ? 255 : 0;
    for (let left = 4 * run; left > 0; left -= longestRun) {
      const repeats = Math.min(left, longestRun) - 1;
      const kind = lengthBits.findIndex((length) => repeats < 1 << length);
      bits.write(1, 1);
      bits.write(kind, 2);
      bits.write(repeats, lengthBits[kind]!);
      bits.write(value, 8);
    }
  });
  return bits.bytes();
}

/**
 * Pixels painted by a brush, [height, width] of 0 and 1: 1 where alpha is above 0. Throws a UserError, prefixed by
 * `where`, for data that is damaged or for an image of another size.
 */
export function decodeBrush(
  rle: readonly number[],
  width: number,
  height: number,
  where: string,
): Uint8Array {
  const bytes = Uint8Array.from(rle);
  const invalid = rle.findIndex((value, i) => value !== bytes[i]);
  if (invalid >= 0) {
    throw new UserError(
      `${where}: value ${invalid + 1} of the brush's rle is ${shown(rle[invalid])}, expected 0 to 255`,
    );
  }
  // The size in the header is checked before memory is allocated for it.
  const words = bytes.length < 8 ? -1 : new DataView(bytes.buffer).getUint32(0);
  if (words !== 4 * width * height || bytes[4]! >> 3 !== 7) {
    const actual = words < 0 ? `of ${rle.length} bytes` : `of ${words / 4} pixels`;
    throw new UserError(
      `${where}: the brush's rle is ${actual}, expected 8-bit RGBA of ${width}x${height} = ${width * height} pixels`,
    );
  }
  const bits = new BitReader(bytes, sizesAt);
  const sizes = lengthBits.map(() => bits.read(4) + 1);
  const mask = new Uint8Array(width * height);
  for (let word = 0; word < words;) {
    const repeated = bits.read(1) === 1;
    const count = bits.read(sizes[bits.read(2)]!) + 1;
    if (repeated) {
      // Alpha is the last of a pixel's four words, so a run decides the pixels that end inside it.
      if (bits.read(8) > 0) mask.fill(1, word >> 2, (word + count) >> 2);
      word += count;
    } else {
      for (const end = word + count; word < end; word++) {
        const value = bits.read(8);
        if (word % 4 === 3 && value > 0) mask[word >> 2] = 1;
      }
    }
    if (bits.isPastEnd) {
      throw new UserError(`${where}: the brush's rle is damaged; it ends too early`);
    }
  }
  return mask;
}

/** Packs bits into bytes, the highest bit first. */
class BitWriter {
  private readonly done: number[] = [];
  private bits = 0;
  private count = 0;

  /** The lowest `width` bits of a value, 16 at most. */
  write(value: number, width: number): void {
    this.bits = (this.bits << width) | value;
    this.count += width;
    while (this.count >= 8) {
      this.count -= 8;
      this.done.push((this.bits >> this.count) & 255);
    }
    this.bits &= (1 << this.count) - 1;
  }

  bytes(): Uint8Array {
    const rest = this.count === 0 ? [] : [(this.bits << (8 - this.count)) & 255];
    return Uint8Array.from([...this.done, ...rest]);
  }
}

/** Reads bits from bytes, the highest bit first; zeros after the end. */
class BitReader {
  constructor(
    private readonly bytes: Uint8Array,
    private position: number,
  ) {}

  get isPastEnd(): boolean {
    return this.position > 8 * this.bytes.length;
  }

  /** The next `width` bits, 16 at most. */
  read(width: number): number {
    const at = this.position >> 3;
    const byte = (i: number): number => this.bytes[at + i] ?? 0;
    const bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
    const left = 24 - (this.position & 7) - width;
    this.position += width;
    return (bits >> left) & ((1 << width) - 1);
  }
}
