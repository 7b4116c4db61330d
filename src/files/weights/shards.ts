import { UserError } from "../../user-error.ts";
import type { Store } from "../../host/store.ts";
import { basename, dirname, join } from "../text/path.ts";
import { listNames } from "../text/list-names.ts";
import type { StoredTensor, WeightsFile } from "./weights-file.ts";
import { parseJson } from "../text/parse-json.ts";

/** Names of the files that list the shards of a network, the preferred one first. */
export const indexNames: readonly string[] = [
  "model.safetensors.index.json",
  "pytorch_model.bin.index.json",
];

const maxIndex = 32 * 2 ** 20;
const maxShards = 1000;

export function isShardIndex(path: string): boolean {
  return path.endsWith(".index.json");
}

/** An index of shards: the file of each tensor. */
export interface ShardIndex {
  readonly path: string;
  /** Bytes of the index itself. */
  readonly size: number;
  /** Names of the shards' files by tensor. */
  readonly files: ReadonlyMap<string, string>;
  /** Paths of the shards, beside the index. */
  readonly shards: readonly string[];
}

/**
 * Reads an index of shards. A UserError unless every shard lies beside it, and no shard of another save does.
 * @param path a file of the form {"weight_map": {tensor: file}}
 */
export async function readShardIndex(store: Store, path: string): Promise<ShardIndex> {
  const info = await store.stat(path);
  if (info !== undefined && info.size > maxIndex) {
    throw new UserError(
      `${path}: has ${info.size} bytes, an index of shards at most ${maxIndex}; give the weights of one network`,
    );
  }
  const text = await store.readText(path);
  const { files, names } = parseShardIndex(text, path);
  const folder = dirname(path);
  const present = new Set((await store.list(folder, { sorted: false })).files);
  const missing = names.filter((name) => !present.has(name));
  if (missing.length > 0) {
    throw new UserError(
      `${path}: ${missing.length} of its ${names.length} shards are not beside it: ${listNames(missing)}; ` +
        "fetch them into the same folder",
      { code: "not-found" },
    );
  }
  const stem = basename(path, ".index.json").replace(/\.[^.]+$/, "");
  const listed = new Set(names);
  const others = [...present].filter(
    (name) =>
      name.startsWith(`${stem}-`) &&
      /-\d+-of-\d+\.(safetensors|bin)$/.test(name) &&
      names[0]!.endsWith(name.slice(name.lastIndexOf("."))) &&
      !listed.has(name),
  );
  if (others.length > 0) {
    throw new UserError(
      `${path}: does not list ${listNames(others.sort())}, which lies beside it; ` +
        "remove what belongs to another save, or fetch the index that belongs to these shards",
    );
  }
  return { path, size: info?.size ?? 0, files, shards: names.map((name) => join(folder, name)) };
}

/**
 * Parses the text of an index: the file of each tensor, and the names of all files, each once, sorted. A UserError unless every
 * file is a plain name, beside the index, and if there are more than any network has.
 * @param path where the text is from, for messages
 */
export function parseShardIndex(
  text: string,
  path: string,
): { readonly files: ReadonlyMap<string, string>; readonly names: readonly string[] } {
  let index: unknown;
  try {
    index = parseJson(text);
  } catch (error) {
    throw new UserError(`${path}: is not JSON (${(error as Error).message}); fetch it again`);
  }
  const map = isRecord(index) ? index["weight_map"] : undefined;
  if (!isRecord(map) || Object.keys(map).length === 0) {
    throw new UserError(
      `${path}: has no "weight_map" from tensors to files; give the index that was saved with the shards`,
    );
  }
  const files = new Map<string, string>();
  for (const [tensor, file] of Object.entries(map)) {
    const isName =
      typeof file === "string" && file.length <= 255 && /^[^/\\:\0]+\.(safetensors|bin|pth?)$/.test(file); // prettier-ignore
    if (!isName) {
      throw new UserError(
        `${path}: the file of ${quote(tensor)} is ${quote(file)}, not the name of a weights file beside the index; ` +
          "give an index from a source you trust",
      );
    }
    files.set(tensor, file);
  }
  const names = [...new Set(files.values())].sort();
  if (names.length > maxShards) {
    throw new UserError(`${path}: lists ${names.length} shards, at most ${maxShards} are read`);
  }
  return { files, names };
}

/**
 * The tensors of all shards as those of one file; each is taken from the shard that the index says.
 * @param opened the shards in the order of the index
 */
export function joinShards(index: ShardIndex, opened: readonly WeightsFile[]): WeightsFile {
  const tensors: StoredTensor[] = [];
  const notes: string[] = [];
  const byShard = new Map(opened.map((file, i) => [basename(index.shards[i]!), file]));
  const found = new Set<string>();
  for (const [shard, file] of byShard) {
    const unlisted: string[] = [];
    for (const tensor of file.tensors) {
      if (index.files.get(tensor.name) !== shard) unlisted.push(tensor.name);
      else {
        found.add(tensor.name);
        tensors.push(tensor);
      }
    }
    notes.push(...file.notes.map((note) => `${shard}: ${note}`));
    if (unlisted.length > 0) {
      notes.push(`${shard}: ignores ${listNames(unlisted)}, which the index does not take from it`);
    }
  }
  const lacking = [...index.files].filter(([name]) => !found.has(name));
  if (lacking.length > 0) {
    const list = lacking.map(([name, file]) => `${quote(name)} in ${file}`);
    throw new UserError(
      `${index.path}: lists tensors that its shards do not have: ${listNames(list)}; ` +
        "fetch the index and its shards from the same save",
    );
  }
  const [first] = opened;
  return {
    name: index.path,
    format: `${first?.format ?? "safetensors"} in ${opened.length} shards`,
    size: opened.reduce((sum, { size }) => sum + size, index.size),
    tensors,
    metadata: {},
    notes,
  };
}

/** A value of the index for a message, cut after 80 characters. */
function quote(value: unknown): string {
  return (JSON.stringify(value) ?? typeof value).slice(0, 80);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
