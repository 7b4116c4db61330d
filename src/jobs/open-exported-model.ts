import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { findModelFile } from "../files/run/find-weights.ts";
import { extname, join } from "../files/text/path.ts";
import { parseList, readConfig } from "../files/weights/model-metadata.ts";
import type { ByteSource } from "../host/byte-source.ts";
import type { Store } from "../host/store.ts";
import type { ExportedModel, OpenedModel } from "../method/inference/model.ts";
import { UserError } from "../user-error.ts";
import { openModel } from "./open-model.ts";

// Limits against malicious files; real models have some twenty fields and a few kilobytes of text.
const maxFields = 1000;
const maxText = 200_000;
const maxSide = 4096;
const graphField = 7;
const metadataField = 14;

/** Opens a run, a weights file, an exported .onnx or a folder for transformers.js. */
export async function openAnyModel(
  store: Store,
  path: string,
): Promise<OpenedModel | ExportedModel> {
  const exported = await findExported(store, path);
  return exported === undefined ? openModel(store, path) : openExported(store, exported);
}

/**
 * The .onnx file that a path stands for: itself, or the model in a folder for transformers.js. Undefined for everything
 * else, including a run folder with such files in it.
 */
async function findExported(store: Store, path: string): Promise<string | undefined> {
  if (extname(path).toLowerCase() === ".onnx") return path;
  const inside = join(path, "onnx", "model.onnx");
  if ((await store.stat(inside))?.kind !== "file") return undefined;
  const hasWeights = await findModelFile(store, path).then(
    () => true,
    () => false,
  );
  return hasWeights ? undefined : inside;
}

/** Opens an exported model by its metadata, without reading the weights. */
export async function openExported(store: Store, file: string): Promise<ExportedModel> {
  const metadata = await readMetadata(store, file);
  const missing = ["classes", "config"].filter((key) => !metadata.has(key));
  if (missing.length > 0) {
    throw new UserError(
      `${file}: its metadata has no ${missing.join(" and no ")}; give a model that tag2mask exported, which ` +
        "stores its classes and settings there",
      { code: "foreign-model" },
    );
  }
  const classes = parseList(file, metadata.get("classes"));
  const config = readConfig(file, metadata.get("config"));
  const { longSide, scales } = config.eval;
  if (longSide > maxSide || scales.length > 32 || Math.max(...scales) > 8) {
    throw new UserError(
      `${file}: its metadata asks for images of ${longSide} pixels at the scales ${scales.slice(0, 32).join(", ")}; ` +
        `at most ${maxSide} pixels, 32 scales and a scale of 8 are accepted; export the model again`,
    );
  }
  const step = Number(metadata.get("step") ?? 0);
  return { file, network: null, config, classes, step: Number.isSafeInteger(step) ? step : 0 };
}

/** Reads the metadata of an ONNX model (keys and texts), skipping everything else in the file. */
export async function readMetadata(store: Store, path: string): Promise<Map<string, string>> {
  if ((await store.stat(path))?.kind !== "file") {
    throw new UserError(`${path}: no such model: no file with this name`, { code: "not-found" });
  }
  const file = await store.open(path);
  try {
    return await scanFields(file, path);
  } finally {
    await file.close();
  }
}

/** One pass over the fields of the outermost message (ModelProto), reading only the metadata. */
async function scanFields(file: ByteSource, path: string): Promise<Map<string, string>> {
  const { size } = file;
  const metadata = new Map<string, string>();
  let hasGraph = false;
  let text = 0;
  let position = 0;
  for (let fields = 0; position < size; fields++) {
    if (fields === maxFields) throw damaged(path, `it has more than ${maxFields} fields`);
    const head = await file.read(position, Math.min(20, size - position));
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
    if (text > maxText) throw damaged(path, `its metadata takes more than ${maxText} bytes`);
    const [key, value] = readEntry(await file.read(from, position - from), path);
    metadata.set(key, value);
  }
  if (!hasGraph) throw damaged(path, "it has no graph");
  return metadata;
}

/** Number of the field at the beginning of `head`, and the offsets of the beginning and end of its content. */
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
  throw damaged(path, `field ${field} has the wire type ${wire}, which ONNX does not use`);
}

function varint(bytes: Uint8Array, at: number, path: string): { value: number; end: number } {
  let value = 0;
  for (let i = at, factor = 1; i < Math.min(bytes.length, at + 10); i++, factor *= 128) {
    value += (bytes[i]! & 0x7f) * factor;
    if (bytes[i]! < 0x80) return { value, end: i + 1 };
  }
  throw damaged(path, "a number in it has no end");
}

/** Parses a key and a value (StringStringEntryProto). */
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
    throw damaged(path, `its metadata cannot be parsed (${(error as Error).message})`);
  }
  return [entry.key, entry.value];
}

function damaged(path: string, problem: string): UserError {
  return new UserError(
    `${path}: ${problem}; the file is damaged or not an ONNX model, export it again`,
  );
}
