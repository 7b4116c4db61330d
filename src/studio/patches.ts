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

/** Sides of a mask that the studio takes: 2^26 pixels of each row and column are far beyond any image. */
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
  const bytes = new Uint8Array(16 + runs.length);
  const view = new DataView(bytes.buffer);
  [x, y, width, height].forEach((value, i) => view.setUint32(4 * i, value, true));
  bytes.set(runs, 16);
  return bytes;
}

/** Reads what `encodePatch` wrote; a RangeError says what is wrong with damaged bytes. */
export function decodePatch(bytes: Uint8Array): Patch {
  if (bytes.length < 16)
    throw new RangeError(`patch: ${bytes.length} bytes, but its head takes 16`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [x, y, width, height] = [0, 4, 8, 12].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  if (width * height > mostPixels) {
    throw new RangeError(`patch: ${width} x ${height} pixels are more than ${mostPixels}`);
  }
  const labels = new Uint8Array(width * height);
  let filled = 0;
  let at = 16;
  while (at < bytes.length) {
    const label = bytes[at++]!;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw new RangeError("patch: a run has no length");
      length += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    if (length === 0 || filled + length > labels.length) {
      throw new RangeError(`patch: runs of ${filled + length} labels for ${labels.length} pixels`);
    }
    labels.fill(label, filled, (filled += length));
  }
  if (filled < labels.length) {
    throw new RangeError(`patch: runs of ${filled} labels for ${labels.length} pixels`);
  }
  return { x, y, width, height, labels };
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
