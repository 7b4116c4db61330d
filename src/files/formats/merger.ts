import type { Store, WriteStream } from "../../host/store.ts";
import { damagedShard } from "../shards/records.ts";
import { usualRead, type FilePart } from "../text/file-lines.ts";
import { join } from "../text/path.ts";
import type { MaskLayout } from "./formats.ts";
import type { FileTransaction } from "./transaction.ts";

/** A complete shard. */
export interface MaskShard {
  readonly folder: string;
  /** Number of images with a mask. */
  readonly images: number;
}

/** The files of a format that hold several masks, to be made of those of all shards. */
export interface MergeOptions {
  readonly store: Store;
  /** Folder of the format's files, in the merged folder. */
  readonly folder: string;
  /** The same in a shard: relative to it, empty if it is the shard's own. */
  readonly inside: string;
  /** Foreground class names. */
  readonly classes: readonly string[];
  readonly layout: MaskLayout;
  /** The shards, in the order of their images. */
  readonly shards: readonly MaskShard[];
  readonly files: FileTransaction;
}

/** Merges the files of a format; yields after each shard. */
export type Merger = (options: MergeOptions) => AsyncGenerator<void, void>;

/** A path of a file of a shard, by its name in the folder of the format. */
export function pathInShard({ inside }: MergeOptions, { folder }: MaskShard, name: string): string {
  return join(folder, inside, name);
}

/** Which of the texts stands at an end of a file of a shard; a UserError if none does. */
export async function textAtEnd(
  store: Store,
  { folder }: MaskShard,
  path: string,
  place: "start" | "end",
  texts: readonly string[],
): Promise<string> {
  const size = (await store.stat(path))?.size ?? 0;
  const lengths = texts.map((text) => encoder.encode(text).length);
  const longest = Math.min(size, Math.max(...lengths));
  const file = await store.open(path);
  try {
    const bytes = await file.read(place === "start" ? 0 : size - longest, longest);
    const found = texts.find((text, i) => {
      const length = lengths[i]!;
      if (length > longest) return false;
      const own = place === "start" ? bytes.subarray(0, length) : bytes.subarray(longest - length);
      return new TextDecoder().decode(own) === text;
    });
    if (found !== undefined) return found;
  } finally {
    await file.close();
  }
  throw damagedShard(folder, `the ${place} of ${path.slice(folder.length + 1)} is damaged`);
}

const encoder = new TextEncoder();

/** Copies a part of a file to the end of another. */
export async function copyPart(
  store: Store,
  path: string,
  { start, end }: FilePart,
  to: WriteStream,
): Promise<void> {
  if (start >= end) return;
  const file = await store.open(path);
  try {
    for (let at = start; at < end; at += usualRead) {
      await to.write(await file.read(at, Math.min(usualRead, end - at)));
    }
  } finally {
    await file.close();
  }
}

/** The part of a file of a shard between a text at its beginning and one of some at its end, which is returned too. */
export async function bodyOf(
  store: Store,
  shard: MaskShard,
  path: string,
  head: string,
  tails: readonly string[] = [""],
): Promise<FilePart & { readonly tail: string }> {
  await textAtEnd(store, shard, path, "start", [head]);
  const tail = await textAtEnd(store, shard, path, "end", tails);
  const start = encoder.encode(head).length;
  const size = (await store.stat(path))!.size;
  const end = size - encoder.encode(tail).length;
  if (start <= end) return { start, end, tail };
  throw damagedShard(shard.folder, `${path.slice(shard.folder.length + 1)} is cut short`);
}

/** Finishes a file once its writer is done, and discards it if that fails or is left. */
export async function* finishing(
  file: WriteStream,
  writing: AsyncGenerator<void, void>,
): AsyncGenerator<void, void> {
  let isFinished = false;
  try {
    yield* writing;
    await file.finish();
    isFinished = true;
  } finally {
    if (!isFinished) await file.discard();
  }
}
