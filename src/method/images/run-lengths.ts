import { UserError } from "../../user-error.ts";

/** A box in pixels, in COCO's format. */
export type CocoBox = readonly [x: number, y: number, width: number, height: number];

/**
 * COCO's compressed run lengths of the non-zero pixels of a mask.
 * @param mask [height, width], row-major
 */
export function encodeRle(mask: Uint8Array, width: number, height: number): string {
  return compressCounts(rleCounts(mask, width, height));
}

/**
 * Run lengths of a mask down its columns: zeros, ones, zeros, and so on.
 * @param mask [height, width], row-major
 */
export function rleCounts(mask: Uint8Array, width: number, height: number): number[] {
  const counts: number[] = [];
  let run = 0;
  let inside = false;
  for (let x = 0; x < width; x++) {
    for (let i = x; i < width * height; i += width) {
      if ((mask[i] !== 0) !== inside) {
        counts.push(run);
        run = 0;
        inside = !inside;
      }
      run++;
    }
  }
  counts.push(run);
  return counts;
}

/**
 * Run lengths of every region of a map in one pass over it, down its columns as COCO counts or along its rows.
 * @param ids [height, width], row-major: region of each pixel, from 0; negative for none
 */
export function regionCounts(
  ids: Int32Array | Int16Array,
  {
    count,
    width,
    height,
    along = "columns",
  }: { count: number; width: number; height: number; along?: "columns" | "rows" },
): number[][] {
  const counts = Array.from({ length: count }, (): number[] => []);
  // End of the last run of each region.
  const ends = new Float64Array(count);
  let [current, start, at] = [-1, 0, 0];
  const close = (): void => {
    if (current < 0) return;
    counts[current]!.push(start - ends[current]!, at - start);
    ends[current] = at;
  };
  const [lines, step] = along === "columns" ? [width, width] : [height, 1];
  const length = ids.length / lines;
  for (let line = 0; line < lines; line++) {
    let i = along === "columns" ? line : line * width;
    for (let k = 0; k < length; k++, i += step, at++) {
      if (ids[i] === current) continue;
      close();
      current = ids[i]!;
      start = at;
    }
  }
  close();
  counts.forEach((list, k) => {
    if (ends[k]! < at) list.push(at - ends[k]!);
  });
  return counts;
}

/**
 * Run lengths as COCO's text: from the fourth on as differences to the run before last, five bits a character, lowest
 * bits first.
 */
export function compressCounts(counts: readonly number[]): string {
  let text = "";
  for (let i = 0; i < counts.length; i++) {
    // Runs are below 2^31, as in pycocotools; shifts keep the sign.
    let value = i > 2 ? counts[i]! - counts[i - 2]! : counts[i]!;
    for (let more = true; more;) {
      const bits = value & 31;
      value >>= 5;
      more = (bits & 16) !== 0 ? value !== -1 : value !== 0;
      text += String.fromCharCode((more ? bits | 32 : bits) + 48);
    }
  }
  return text;
}

/**
 * Run lengths of a mask of this size from COCO's text or list. Throws a UserError that begins with `where` unless they
 * are whole numbers whose sum is the number of pixels.
 */
export function readCounts(
  counts: string | readonly number[],
  width: number,
  height: number,
  where: string,
): readonly number[] {
  const list = typeof counts === "string" ? expandCounts(counts, where) : counts;
  const pixels = width * height;
  let sum = 0;
  for (let i = 0; i < list.length; i++) {
    const run = list[i]!;
    if (!Number.isInteger(run) || run < 0) {
      throw new UserError(`${where}: run length ${i + 1} is ${run}; expected whole numbers from 0`);
    }
    sum += run;
    if (sum > pixels) break;
  }
  if (sum !== pixels) {
    const covered = sum > pixels ? `more than the ${pixels}` : `${sum} of the ${pixels}`;
    throw new UserError(`${where}: run lengths cover ${covered} pixels of ${width}x${height}`);
  }
  return list;
}

/**
 * The mask, [height, width] row-major of 0 and 1, with COCO's run lengths, compressed or not. Throws a UserError that
 * begins with `where` if they are damaged or belong to another size.
 */
export function decodeRle(
  counts: string | readonly number[],
  width: number,
  height: number,
  where: string,
): Uint8Array {
  const list = readCounts(counts, width, height, where);
  const mask = new Uint8Array(width * height);
  paintCounts(list, { width, height, data: mask }, 1);
  return mask;
}

/** Sets the pixels inside the runs to a label. @param counts as `readCounts` returns them */
export function paintCounts(
  counts: readonly number[],
  { width, height, data }: { width: number; height: number; data: Uint8Array },
  label: number,
): void {
  let at = 0;
  for (let k = 0; k < counts.length; k++) {
    const end = at + counts[k]!;
    if (k % 2 === 1) {
      let [x, y] = [Math.floor(at / height), at % height];
      for (; at < end; at++) {
        data[y * width + x] = label;
        if (++y === height) [x, y] = [x + 1, 0];
      }
    }
    at = end;
  }
}

/**
 * Sets the pixels inside the runs that have no label yet, so that what was painted before stays on top. Returns how many
 * pixels were set.
 * @param counts as `readCounts` returns them
 */
export function paintBelow(
  counts: readonly number[],
  { width, height, data }: { width: number; height: number; data: Uint8Array },
  label: number,
): number {
  let [at, pixels] = [0, 0];
  for (let k = 0; k < counts.length; k++) {
    const end = at + counts[k]!;
    if (k % 2 === 1) {
      let [x, y] = [Math.floor(at / height), at % height];
      for (; at < end; at++) {
        const i = y * width + x;
        if (data[i] === 0) {
          data[i] = label;
          pixels++;
        }
        if (++y === height) [x, y] = [x + 1, 0];
      }
    }
    at = end;
  }
  return pixels;
}

/** Number of pixels inside the runs. */
export function rleArea(counts: readonly number[]): number {
  let area = 0;
  for (let k = 1; k < counts.length; k += 2) area += counts[k]!;
  return area;
}

/** Smallest box around the runs; all zeros if no pixel is inside. */
export function rleBox(counts: readonly number[], height: number): CocoBox {
  let [left, right, top, bottom] = [Infinity, -1, height, -1];
  let at = 0;
  for (let k = 0; k < counts.length; k++) {
    const run = counts[k]!;
    if (k % 2 === 1 && run > 0) {
      const last = at + run - 1;
      const columns = [Math.floor(at / height), Math.floor(last / height)] as const;
      left = Math.min(left, columns[0]);
      right = Math.max(right, columns[1]);
      // A run that continues in the next column touches the bottom edge in this one and the top edge in the next.
      const wraps = columns[0] !== columns[1];
      top = Math.min(top, wraps ? 0 : at % height);
      bottom = Math.max(bottom, wraps ? height - 1 : last % height);
    }
    at += run;
  }
  return right < 0 ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top + 1];
}

function expandCounts(text: string, where: string): number[] {
  const counts: number[] = [];
  for (let at = 0; at < text.length;) {
    let value = 0;
    for (let digits = 0, more = true; more; digits++) {
      const bits = text.charCodeAt(at++) - 48; // NaN past the end
      if (!(bits >= 0 && bits < 64)) {
        const problem =
          at > text.length
            ? "the text ends within a number"
            : `${JSON.stringify(text[at - 1])}, character ${at}, is not one of that format`;
        throw new UserError(`${where}: not COCO's compressed run lengths: ${problem}`);
      }
      if (digits === 7) {
        throw new UserError(`${where}: run length ${counts.length + 1} has more than 35 bits`);
      }
      value += (bits & 31) * 32 ** digits;
      more = (bits & 32) !== 0;
      if (!more && (bits & 16) !== 0) value -= 32 ** (digits + 1);
    }
    if (counts.length > 2) value += counts[counts.length - 2]!;
    counts.push(value);
  }
  return counts;
}
