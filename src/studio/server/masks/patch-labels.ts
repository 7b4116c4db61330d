/** Where a patch lies. */
export interface PatchPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const headBytes = 16;

/** The place that the head of an encoded patch names. */
export function placeOf(bytes: Uint8Array): PatchPlace {
  if (bytes.length < headBytes) {
    throw new RangeError(`patch: ${bytes.length} bytes, but its head takes ${headBytes}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [x, y, width, height] = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
  return { x: x!, y: y!, width: width!, height: height! };
}

/**
 * The runs of an encoded patch (patches.ts) without its pixels: a patch of millions of them takes no time and no memory. A RangeError says
 * what is wrong with damaged bytes.
 */
function visitRuns(bytes: Uint8Array, visit: (label: number, at: number) => void): void {
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
    visit(bytes[start]!, start);
    filled += length;
  }
  if (filled !== pixels) {
    throw new RangeError(`patch: runs of ${filled} labels for ${pixels} pixels`);
  }
}

/** The labels in an encoded patch, ascending. */
export function labelsInPatch(bytes: Uint8Array): number[] {
  const found = new Set<number>();
  visitRuns(bytes, (label) => found.add(label));
  return [...found].sort((a, b) => a - b);
}

/** An encoded patch with other numbers for its labels. @param table the new label for each label */
export function translatePatch(bytes: Uint8Array, table: Uint8Array): Uint8Array<ArrayBuffer> {
  const translated = Uint8Array.from(bytes);
  visitRuns(bytes, (label, at) => (translated[at] = table[label]!));
  return translated;
}
