import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import {
  areWhole,
  isFinishedFile,
  readFileList,
  type FinishedFile,
} from "../formats/finished-files.ts";
import { areLedgerEntries, type LedgerEntry } from "../formats/lost-details.ts";
import { fileListName } from "../formats/older-files.ts";
import { isThumbnail, type ThumbnailFile } from "../formats/writer.ts";
import { parseJson } from "../text/parse-json.ts";
import { join } from "../text/path.ts";
import { textLines } from "../text/text-lines.ts";

/** The list of a shard's images, in the order of the job: what the merge needs to know of each. */
export const recordsName = "images.jsonl";

/** An image of a shard whose mask is written. */
export interface ShardImage {
  /** Number of the image among those of all shards, from 0. */
  readonly index: number;
  /** Name of its files, without ending. */
  readonly name: string;
  /** Its own files, by their paths below the shard. */
  readonly files: readonly FinishedFile[];
  /** Width and height of the mask in pixels. */
  readonly size: readonly [width: number, height: number];
  /** What readers and writers entered into the ledger of objects. */
  readonly ledger: readonly LedgerEntry[];
  /** The thumbnail; its path is one below the shard. */
  readonly thumbnail?: ThumbnailFile;
  /** Facts of the job that wrote the mask. */
  readonly facts: unknown;
}

/** An image that was left out. */
export interface ShardSkip {
  readonly index: number;
  /** Why, with the name of the file. */
  readonly error: string;
  /** Code of the error, where the merge counts it. */
  readonly code?: string;
}

export type ShardRecord = ShardImage | ShardSkip;

export function recordText(record: ShardRecord): string {
  return `${JSON.stringify(record)}\n`;
}

/** Reads the list of a shard line by line; a UserError where it is damaged. */
export async function* readRecords(store: Store, shard: string): AsyncGenerator<ShardRecord> {
  const path = join(shard, recordsName);
  if ((await store.stat(path))?.kind !== "file") {
    throw damagedShard(shard, `${recordsName} is missing`);
  }
  let line = 0;
  for await (const text of textLines(store, path)) {
    line++;
    const record = asRecord(text);
    if (!record) throw damagedShard(shard, `line ${line} of ${recordsName} is damaged`);
    yield record;
  }
}

/** The images that a shard is to have. */
export interface ExpectedImages {
  /** Number of the first one among those of all shards. */
  readonly first: number;
  readonly count: number;
}

/**
 * Reads the list of a shard whose files are few, each of which must be as it was written: a record for each image. A UserError where
 * one is not.
 * @param asRecord takes a line apart; undefined if it is none
 */
export async function* readWholeRecords<T extends { readonly index: number }>(
  store: Store,
  shard: string,
  { first, count }: ExpectedImages,
  asRecord: (value: unknown) => T | undefined,
): AsyncGenerator<T> {
  const files = await readFileList(store, join(shard, fileListName));
  if (!files.some(({ path }) => path === recordsName)) {
    throw damagedShard(shard, `${recordsName} is not listed in ${fileListName}`);
  }
  for (const file of files) {
    if (!(await areWhole(store, shard, [file]))) {
      throw damagedShard(shard, `${file.path} is missing or damaged`);
    }
  }
  let next = first;
  for await (const text of textLines(store, join(shard, recordsName))) {
    const record = asRecord(parseJson(text));
    if (record?.index !== next) {
      throw damagedShard(shard, `line ${next - first + 1} of ${recordsName} is damaged`);
    }
    next++;
    yield record;
  }
  if (next === first + count) return;
  throw damagedShard(shard, `${recordsName} has ${next - first} images, expected ${count}`);
}

/** The error for a shard that is not as it was written. */
export function damagedShard(shard: string, what: string): UserError {
  return new UserError(`${shard}: ${what}${again}`, { code: damaged });
}

const damaged = "damaged-shard";
const again = "; remove this folder and make the shard again";

export function isDamage(error: unknown): error is UserError {
  return error instanceof UserError && error.code === damaged;
}

/** What is wrong with a shard, out of its error. */
export function damageIn({ message }: UserError, shard: string): string {
  const start = message.startsWith(`${shard}: `) ? shard.length + 2 : 0;
  return message.slice(start, message.endsWith(again) ? -again.length : undefined);
}

function asRecord(text: string): ShardRecord | undefined {
  let value: Partial<Record<keyof ShardImage | keyof ShardSkip, unknown>> | null;
  try {
    value = parseJson(text) as typeof value;
  } catch {
    return undefined;
  }
  const { index, name, files, size, ledger, thumbnail, error, code } = value ?? {};
  if (!Number.isSafeInteger(index)) return undefined;
  const isSkip = typeof error === "string" && (code === undefined || typeof code === "string");
  if (isSkip) return value as ShardSkip;
  const isSize = Array.isArray(size) && size.length === 2 && size.every(Number.isSafeInteger);
  const isImage =
    typeof name === "string" &&
    Array.isArray(files) &&
    files.every(isFinishedFile) &&
    isSize &&
    areLedgerEntries(ledger) &&
    (thumbnail === undefined || isThumbnail(thumbnail));
  return isImage ? (value as ShardImage) : undefined;
}
