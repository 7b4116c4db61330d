import { decodeBinary } from "@thi.ng/rle-pack";
import { UserError } from "../../user-error.ts";

/** Bits of the four lengths that a run may be written with. */
const lengthBits = [3, 4, 8, 16] as const;

/** Words of a run that is written at once, at most. */
const longestRun = 1 << 16;

/**
 * A mask as Label Studio's brush has it: run lengths of its RGBA values, 255 inside and 0 outside, in bits.
 * The bytes are those of @thi.ng/rle-pack, which walks every value where this only walks the runs.
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
 * The pixels that a brush has painted, [height, width] of 0 and 1; a UserError, begun with `where`, for what
 * is damaged or of another size.
 */
export function decodeBrush(
  rle: readonly number[],
  width: number,
  height: number,
  where: string,
): Uint8Array {
  const bytes = Uint8Array.from(rle);
  const wrong = rle.findIndex((value, i) => value !== bytes[i]);
  if (wrong >= 0) {
    throw new UserError(
      `${where}: value ${wrong + 1} of the brush's rle is ${String(rle[wrong])}, expected 0 to 255`,
    );
  }
  // What it says of its size is checked before any memory is taken for it.
  const header = Buffer.from(bytes.buffer);
  const words = header.length < 8 ? -1 : header.readUInt32BE(0);
  if (words !== 4 * width * height || header[4]! >> 3 !== 7) {
    const found = words < 0 ? `of ${rle.length} bytes` : `of ${words / 4} pixels`;
    throw new UserError(
      `${where}: the brush's rle is ${found}, expected 8-bit RGBA of ${width}x${height} = ${width * height} pixels`,
    );
  }
  let rgba: ArrayLike<number>;
  try {
    rgba = decodeBinary(bytes);
  } catch (error) {
    throw new UserError(`${where}: the brush's rle is damaged; it ends too early`, {
      cause: error,
    });
  }
  const mask = new Uint8Array(width * height);
  for (let i = 0; i < mask.length; i++) mask[i] = rgba[4 * i + 3]! > 0 ? 1 : 0;
  return mask;
}

/** Bits put together into bytes, the highest first. */
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
