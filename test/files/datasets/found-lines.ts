import { formatProblem, type TagLine } from "../../../src/files/datasets/listing/listing.ts";
import { TagLines } from "../../../src/files/datasets/tags/lines.ts";
import type { Bytes, Text } from "../../../src/files/text/pieces.ts";

/** What a reader of tags files finds in a text, and what it says of it. */
export function foundLines<T extends Text | Bytes>(
  read: (text: T, out: TagLines) => void,
  text: T,
): { taken: TagLine[]; told: string[] } {
  const taken: TagLine[] = [];
  const taker = { take: (line: TagLine) => taken.push(line), clear: () => (taken.length = 0) };
  const out = new TagLines("t", taker);
  read(text, out);
  return { taken, told: out.problems.map(formatProblem) };
}

/** A text as the bytes of a file. */
export function bytesOf(text: string): Bytes {
  return [new TextEncoder().encode(text)];
}
