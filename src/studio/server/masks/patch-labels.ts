import { visitRuns } from "../../patches.ts";

/** The labels in an encoded patch, ascending. */
export function labelsInPatch(bytes: Uint8Array): number[] {
  const found = new Set<number>();
  visitRuns(bytes, (label) => found.add(label));
  return [...found].sort((a, b) => a - b);
}

/** An encoded patch with other numbers for its labels. @param table the new label for each label */
export function translatePatch(bytes: Uint8Array, table: Uint8Array): Uint8Array<ArrayBuffer> {
  const translated = Uint8Array.from(bytes);
  visitRuns(bytes, (label, _first, _length, at) => (translated[at] = table[label]!));
  return translated;
}
