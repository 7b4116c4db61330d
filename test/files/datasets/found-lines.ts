import { formatProblem, type TagLine } from "../../../src/files/datasets/listing/listing.ts";
import { TagLines } from "../../../src/files/datasets/tags/lines.ts";
import type { Store } from "../../../src/host/store.ts";

/** A store with one file, in memory. */
export type TextStore = Pick<Store, "pieces" | "readText">;

/** A reader of tags files; `bytes` is the size of the pieces it reads. */
export type TagReader = (
  store: TextStore,
  path: string,
  out: TagLines,
  bytes?: number,
) => Promise<void>;

/** The tags that a reader takes from a text, and the problems it reports. */
export async function foundLines(
  read: TagReader,
  content: string | Uint8Array,
  bytes?: number,
): Promise<{ taken: TagLine[]; told: string[] }> {
  const taken: TagLine[] = [];
  const sink = { take: (line: TagLine) => taken.push(line), clear: () => (taken.length = 0) };
  const out = new TagLines("t", sink);
  await read(storeOf(content), "t", out, bytes);
  return { taken, told: out.problems.map(formatProblem) };
}

/** A store whose only file has this content. All pieces share one buffer, as those of a file do. */
export function storeOf(content: string | Uint8Array): TextStore {
  const data = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return {
    async *pieces(_path, bytes = 1 << 16) {
      const buffer = new Uint8Array(bytes);
      for (let at = 0; at < data.length; at += bytes) {
        const piece = data.subarray(at, at + bytes);
        buffer.set(piece);
        yield buffer.subarray(0, piece.length);
      }
    },
    readText: () => Promise.resolve(new TextDecoder().decode(data)),
  };
}
