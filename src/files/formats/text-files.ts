import * as z from "zod/mini";
import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { inEnglish } from "../text/in-english.ts";
import { join } from "../text/path.ts";
import { parseJson } from "../text/parse-json.ts";
import { parseYamlFile } from "../text/yaml.ts";

/** Largest text file that is read, in bytes: the objects parsed from a larger one would not fit into memory. */
const textLimit = 16 * 1024 * 1024;

/** Largest JSON file with annotations that is read, in bytes; JavaScript's strings cannot be much longer. */
const jsonLimit = 500 * 1024 * 1024;

/** The text of a file; a UserError if it is larger than `limit` bytes. */
export async function readLimited(store: Store, path: string, limit = textLimit): Promise<string> {
  await checkFileSize(store, path, limit);
  return store.readText(path);
}

/** Throws a UserError if a file is larger than `limit` bytes. */
export async function checkFileSize(store: Store, path: string, limit: number): Promise<void> {
  const size = (await store.stat(path))?.size ?? 0;
  if (size <= limit) return;
  throw new UserError(`${path}: has ${size} bytes; at most ${limit} are read`);
}

/** The value of a JSON file. */
export async function readJson(store: Store, path: string): Promise<unknown> {
  const text = await readLimited(store, path, jsonLimit);
  try {
    return parseJson(text);
  } catch (error) {
    const reason = (error as Error).message.slice(0, 200);
    throw new UserError(`${path}: not readable as JSON: ${reason}`, { cause: error });
  }
}

/** The members of a JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a JSON value is an object, and not a list. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Class names from a list or a map by number, as in a `data.yaml`. */
export type Names = ReadonlyMap<number, string>;

export interface DataYaml {
  readonly path: string;
  readonly names?: Names;
  /** Folder of the class PNGs; only semantic data sets of Ultralytics have it. */
  readonly masksDir?: string;
}

const scalar = z.pipe(z.union([z.string(), z.number(), z.boolean()]), z.transform(String));
const schema = z.object({
  names: z.optional(z.union([z.array(scalar), z.record(z.string(), scalar)])),
  masks_dir: z.optional(z.string()),
});

/** Class names and mask folder from the `data.yaml` of a folder; undefined if it has none. */
export async function readDataYaml(store: Store, root: string): Promise<DataYaml | undefined> {
  const path = join(root, "data.yaml");
  if ((await store.stat(path))?.kind !== "file") return undefined;
  const text = await readLimited(store, path, 256 * 1024);
  const parsed = schema.safeParse((await parseYamlFile(text, path)) ?? {}, inEnglish);
  if (!parsed.success) {
    const { path: place, message } = parsed.error.issues[0]!;
    throw new UserError(`${path}: ${place.join(".") || "it"}: ${message}`);
  }
  const { names, masks_dir: masksDir } = parsed.data;
  return {
    path,
    ...(names && { names: namesByNumber(names, path) }),
    ...(masksDir !== undefined && { masksDir }),
  };
}

function namesByNumber(names: readonly string[] | Record<string, string>, path: string): Names {
  return new Map(
    Object.entries(names).map(([key, name]) => {
      const id = Number(key);
      if (!/^\d{1,6}$/.test(key)) {
        throw new UserError(`${path}: names has the key "${key}", expected numbers from 0`);
      }
      return [id, name.normalize("NFC").trim()];
    }),
  );
}
