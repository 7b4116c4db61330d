import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { UserError } from "../../user-error.ts";
import { unreadable } from "../../host/node/files/file-error.ts";
import { isFile } from "../../host/node/files/folder.ts";

/** Files of text beyond this size are refused: what is made of them would not fit into memory. */
const textLimit = 16 * 1024 * 1024;

/** JSON with annotations may be as long as a string can be. */
const jsonLimit = 500 * 1024 * 1024;

/** The text of a file of a size that can be worked on. */
export async function readLimited(path: string, limit = textLimit): Promise<string> {
  return new TextDecoder().decode(await readBinary(path, limit));
}

/** The bytes of a file of a size that can be worked on. */
export async function readBinary(path: string, limit: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > limit) {
      throw new UserError(`${path}: has ${size} bytes; at most ${limit} are read`);
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw unreadable(path, error);
  }
}

/** The value of a JSON file. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readLimited(path, jsonLimit);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = (error as Error).message.split("\n")[0]!.slice(0, 200);
    throw new UserError(`${path}: not readable as JSON: ${reason}`, { cause: error });
  }
}

/** What a JSON object may hold. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a JSON value is an object, and no list. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Class names from a list or a map by number, as in a `data.yaml`. */
export type Names = ReadonlyMap<number, string>;

export interface DataYaml {
  readonly path: string;
  readonly names?: Names;
  /** The folder of class PNGs that makes it a semantic data set of Ultralytics. */
  readonly masksDir?: string;
}

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const schema = z.object({
  names: z.union([z.array(scalar), z.record(z.string(), scalar)]).optional(),
  masks_dir: z.string().optional(),
});

/** What the `data.yaml` of a folder says of classes and masks, if there is one. */
export async function readDataYaml(root: string): Promise<DataYaml | undefined> {
  const path = join(root, "data.yaml");
  if (!(await isFile(path))) return undefined;
  const text = await readLimited(path, 256 * 1024);
  let value: unknown;
  try {
    value = parseYaml(text, { maxAliasCount: 10, logLevel: "error" });
  } catch (error) {
    const reason = (error as Error).message.split("\n")[0]!;
    throw new UserError(`${path}: not readable as YAML: ${reason}`, { cause: error });
  }
  const parsed = schema.safeParse(value ?? {});
  if (!parsed.success) {
    const { path: place, message } = parsed.error.issues[0]!;
    throw new UserError(`${path}: ${place.join(".") || "it"}: ${message}`);
  }
  const { names, masks_dir: masksDir } = parsed.data;
  return {
    path,
    ...(names && { names: numbered(names, path) }),
    ...(masksDir !== undefined && { masksDir }),
  };
}

function numbered(names: readonly string[] | Record<string, string>, path: string): Names {
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
