import { open, stat, type FileHandle } from "node:fs/promises";
import { extname, join } from "node:path";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { Config } from "../method/config.ts";
import { UserError } from "../user-error.ts";
import { unreadable } from "../host/node/files/file-error.ts";
import { openModel, type OpenedModel } from "./open-model.ts";
import { parseList, readConfig } from "../files/weights/model-metadata.ts";
import { findModelFile } from "../files/run/find-weights.ts";

/** A model that `tag2mask export` wrote: it segments, and that is all it can do. */
export interface ExportedModel {
  /** The .onnx file. */
  readonly file: string;
  /** Nothing to look into: the network is inside the file. */
  readonly network: null;
  readonly config: Config;
  /** Foreground class names. */
  readonly classes: readonly string[];
  /** Training steps behind it. */
  readonly step: number;
}

// A file from elsewhere may claim anything; models have some twenty fields and a few kilobytes of text.
const mostFields = 1000;
const mostText = 200_000;
const mostSide = 4096;
const graphField = 7;
const metadataField = 14;

/** Opens whatever `--model` may name: a run, weights, an exported .onnx or a folder around one. */
export async function openAnyModel(path: string): Promise<OpenedModel | ExportedModel> {
  const exported = await findExported(path);
  return exported === undefined ? openModel(path) : openExported(exported);
}

/**
 * The .onnx file that a path means: itself, or of a folder that transformers.js loads the model.
 * Undefined for everything else, and for a run that happens to hold such a folder's files.
 */
async function findExported(path: string): Promise<string | undefined> {
  if (extname(path).toLowerCase() === ".onnx") return path;
  const inside = join(path, "onnx", "model.onnx");
  if (!(await isFile(inside))) return undefined;
  const hasWeights = await findModelFile(path).then(
    () => true,
    () => false,
  );
  return hasWeights ? undefined : inside;
}

/** Reads what an exported model says of itself; the weights are not touched. */
export async function openExported(file: string): Promise<ExportedModel> {
  const metadata = await readMetadata(file);
  const missing = ["classes", "config"].filter((key) => !metadata.has(key));
  if (missing.length > 0) {
    throw new UserError(
      `${file}: its metadata has no ${missing.join(" and no ")}; to run here a model needs the classes ` +
        "and settings that `tag2mask export` stores in it",
    );
  }
  const classes = parseList(file, metadata.get("classes"));
  const config = readConfig(file, metadata.get("config"));
  const { longSide, scales } = config.eval;
  if (longSide > mostSide || scales.length > 32 || Math.max(...scales) > 8) {
    throw new UserError(
      `${file}: its metadata asks for images of ${longSide} pixels at the scales ${scales.slice(0, 32).join(", ")}; ` +
        `at most ${mostSide} pixels, 32 scales and a scale of 8 are sensible: export it anew`,
    );
  }
  const step = Number(metadata.get("step") ?? 0);
  return { file, network: null, config, classes, step: Number.isSafeInteger(step) ? step : 0 };
}

/** Free text stored with an ONNX model, found by passing over everything else. */
export async function readMetadata(path: string): Promise<Map<string, string>> {
  if (!(await isFile(path))) throw new UserError(`${path}: no such model: no file of that name`);
  let file: FileHandle;
  try {
    file = await open(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    return await walk(file, (await file.stat()).size, path);
  } finally {
    await file.close();
  }
}

/** One pass over the fields of the outermost message (ModelProto), reading only the metadata. */
async function walk(file: FileHandle, size: number, path: string): Promise<Map<string, string>> {
  const metadata = new Map<string, string>();
  let hasGraph = false;
  let text = 0;
  let position = 0;
  for (let fields = 0; position < size; fields++) {
    if (fields === mostFields) throw damaged(path, `it has more than ${mostFields} fields`);
    const head = await read(file, position, Math.min(20, size - position), path);
    const { field, start, end } = nextField(head, path);
    const from = position + start;
    position += end;
    if (position > size) {
      throw damaged(
        path,
        `field ${field} ends at byte ${position}, the file at ${size} (cut short?)`,
      );
    }
    if (field === graphField) hasGraph = true;
    if (field !== metadataField) continue;
    text += position - from;
    if (text > mostText) throw damaged(path, `its metadata takes more than ${mostText} bytes`);
    const [key, value] = readEntry(await read(file, from, position - from, path), path);
    metadata.set(key, value);
  }
  if (!hasGraph) throw damaged(path, "it holds no graph");
  return metadata;
}

/** The field that begins here: its number, where its content begins and where it ends. */
function nextField(head: Uint8Array, path: string): { field: number; start: number; end: number } {
  const tag = varint(head, 0, path);
  const field = Math.floor(tag.value / 8);
  const wire = tag.value % 8;
  if (field === 0) throw damaged(path, "a field has the number 0");
  if (wire === WireType.Varint) {
    const { end } = varint(head, tag.end, path);
    return { field, start: tag.end, end };
  }
  if (wire === WireType.LengthDelimited) {
    const { value, end } = varint(head, tag.end, path);
    return { field, start: end, end: end + value };
  }
  if (wire === WireType.Bit32) return { field, start: tag.end, end: tag.end + 4 };
  if (wire === WireType.Bit64) return { field, start: tag.end, end: tag.end + 8 };
  throw damaged(path, `field ${field} is of type ${wire}, which no ONNX model has`);
}

function varint(bytes: Uint8Array, at: number, path: string): { value: number; end: number } {
  let value = 0;
  for (let i = at, factor = 1; i < Math.min(bytes.length, at + 10); i++, factor *= 128) {
    value += (bytes[i]! & 0x7f) * factor;
    if (bytes[i]! < 0x80) return { value, end: i + 1 };
  }
  throw damaged(path, "a number in it does not end");
}

/** A key and a value (StringStringEntryProto). */
function readEntry(bytes: Uint8Array, path: string): [string, string] {
  const entry = { key: "", value: "" };
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, wire] = reader.tag();
      if (wire === WireType.LengthDelimited && field === 1) entry.key = reader.string();
      else if (wire === WireType.LengthDelimited && field === 2) entry.value = reader.string();
      else reader.skip(wire, field);
    }
  } catch (error) {
    throw damaged(path, `its metadata is not readable (${(error as Error).message})`);
  }
  return [entry.key, entry.value];
}

async function read(
  file: FileHandle,
  position: number,
  length: number,
  path: string,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  if (bytesRead < length) throw damaged(path, `it ends at byte ${position + bytesRead}`);
  return bytes;
}

function damaged(path: string, what: string): UserError {
  return new UserError(`${path}: ${what}; the file is damaged or no ONNX model, export it anew`);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
