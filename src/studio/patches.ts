import type { LabelMap } from "../method/images/image.ts";

/** A rectangle of new labels: what a stroke, an undo or a redo changes. */
export interface Patch {
  /** Left and top pixel. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Labels row by row, `width * height`. */
  readonly labels: Uint8Array;
}

/** Bytes before the runs. */
const headBytes = 16;

/** Pixels of a mask that the studio takes, far beyond any image. */
const mostPixels = 1 << 28;

/**
 * Layout, little-endian: x u32, y u32, width u32, height u32, then runs of labels row by row: label u8, length as a varint (7 bits
 * a byte, low first).
 */
export function encodePatch({ x, y, width, height, labels }: Patch): Uint8Array<ArrayBuffer> {
  const runs: number[] = [];
  for (let i = 0; i < labels.length;) {
    const label = labels[i]!;
    let end = i + 1;
    while (end < labels.length && labels[end] === label) end++;
    runs.push(label);
    let length = end - i;
    for (; length > 127; length >>>= 7) runs.push((length & 127) | 128);
    runs.push(length);
    i = end;
  }
  const bytes = new Uint8Array(headBytes + runs.length);
  const view = new DataView(bytes.buffer);
  [x, y, width, height].forEach((value, i) => view.setUint32(4 * i, value, true));
  bytes.set(runs, headBytes);
  return bytes;
}

/** The place that the head of an encoded patch names. */
export function placeOf(bytes: Uint8Array): Omit<Patch, "labels"> {
  if (bytes.length < headBytes) {
    throw new RangeError(`patch: ${bytes.length} bytes, but its head takes ${headBytes}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [x, y, width, height] = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
  return { x: x!, y: y!, width: width!, height: height! };
}

/**
 * The runs of an encoded patch without its pixels: a patch of millions of them takes no time and no memory. A RangeError says what is
 * wrong with damaged bytes.
 * @param visit takes the label of a run, the pixels before it, its length and the place of its label among the bytes
 */
export function visitRuns(
  bytes: Uint8Array,
  visit: (label: number, first: number, length: number, at: number) => void,
): void {
  const { width, height } = placeOf(bytes);
  const pixels = width * height;
  let filled = 0;
  for (let at = headBytes; at < bytes.length;) {
    const start = at++;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw new RangeError("patch: a run has no length");
      length += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    if (length === 0) throw new RangeError("patch: a run has no pixels");
    if (filled + length > pixels) {
      throw new RangeError(`patch: runs of ${filled + length} labels for ${pixels} pixels`);
    }
    visit(bytes[start]!, filled, length, start);
    filled += length;
  }
  if (filled < pixels) {
    throw new RangeError(`patch: runs of ${filled} labels for ${pixels} pixels`);
  }
}

/** Reads what `encodePatch` wrote; a RangeError says what is wrong with damaged bytes. */
export function decodePatch(bytes: Uint8Array): Patch {
  const place = placeOf(bytes);
  const { width, height } = place;
  if (width * height > mostPixels) {
    throw new RangeError(`patch: ${width} x ${height} pixels are more than ${mostPixels}`);
  }
  const labels = new Uint8Array(width * height);
  visitRuns(bytes, (label, first, length) => labels.fill(label, first, first + length));
  return { ...place, labels };
}

/** Writes a patch into a label map, in place; a RangeError if it does not lie inside. */
export function applyPatch(map: LabelMap, { x, y, width, height, labels }: Patch): void {
  if (x + width > map.width || y + height > map.height) {
    throw new RangeError(
      `patch: ${width} x ${height} at ${x}, ${y} does not lie in a mask of ${map.width} x ${map.height}`,
    );
  }
  for (let row = 0; row < height; row++) {
    map.data.set(labels.subarray(row * width, (row + 1) * width), (y + row) * map.width + x);
  }
}

/** A whole mask as one patch. */
export function encodeMask({ width, height, data }: LabelMap): Uint8Array<ArrayBuffer> {
  return encodePatch({ x: 0, y: 0, width, height, labels: data });
}

export function decodeMask(bytes: Uint8Array): LabelMap {
  const { width, height, labels } = decodePatch(bytes);
  return { width, height, data: labels };
}
