import type { DType, NdArray, NdData } from "../graph/index.ts";
import { UserError } from "../user-error.ts";
import { widenBfloat16, widenFloat16 } from "./half.ts";

/** What a safetensors file holds. Both records have no prototype: any name is safe to look up. */
export interface TensorFile {
  readonly tensors: Record<string, NdArray>;
  readonly metadata: Record<string, string>;
}

interface Stored {
  readonly dtype: DType;
  readonly bytes: number;
  /** Turns bytes aligned for the stored type into numbers. */
  readonly read: (buffer: ArrayBufferLike, offset: number, length: number) => NdData;
}

const stored: ReadonlyMap<string, Stored> = new Map<string, Stored>([
  ["F64", { dtype: "float64", bytes: 8, read: (b, o, n) => new Float64Array(b, o, n) }],
  ["F32", { dtype: "float32", bytes: 4, read: (b, o, n) => new Float32Array(b, o, n) }],
  [
    "F16",
    { dtype: "float32", bytes: 2, read: (b, o, n) => widenFloat16(new Uint16Array(b, o, n)) },
  ],
  [
    "BF16",
    { dtype: "float32", bytes: 2, read: (b, o, n) => widenBfloat16(new Uint16Array(b, o, n)) },
  ],
  ["I64", { dtype: "int64", bytes: 8, read: (b, o, n) => new BigInt64Array(b, o, n) }],
  ["I32", { dtype: "int32", bytes: 4, read: (b, o, n) => new Int32Array(b, o, n) }],
  ["U8", { dtype: "uint8", bytes: 1, read: (b, o, n) => new Uint8Array(b, o, n) }],
  ["BOOL", { dtype: "bool", bytes: 1, read: (b, o, n) => new Uint8Array(b, o, n) }],
]);

const storedName: Readonly<Record<DType, string>> = {
  float64: "F64",
  float32: "F32",
  int64: "I64",
  int32: "I32",
  uint8: "U8",
  bool: "BOOL",
};

/** The reference implementation's limit: a larger header is an attack or a damaged file. */
const maxHeader = 100_000_000;
const metadataKey = "__metadata__";

// In every host that runs JavaScript today, yet in no type library but those of Node and the DOM.
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean },
) => { decode(bytes: Uint8Array): string };
declare const TextEncoder: new () => { encode(text: string): Uint8Array };

/**
 * The file in pieces, to be written one after the other: a header, then each tensor's own memory, not
 * copied. Tensors are ordered by element size, largest first, then by name, so that all are aligned
 * and equal tensors always give equal bytes.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, NdArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const entries = Object.entries(tensors).sort(
    ([nameA, a], [nameB, b]) =>
      b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || (nameA < nameB ? -1 : 1),
  );
  // Joined by hand, because an object would lose a tensor called __proto__ and reorder ones called 0, 1, 2.
  const fields: string[] = [];
  const strings = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (strings.length > 0) {
    const pairs = strings.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    fields.push(`"${metadataKey}":{${pairs.join(",")}}`);
  }
  const chunks: Uint8Array[] = [];
  let end = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    checkEncodable(name, shape, data.length);
    const begin = end;
    end += data.byteLength;
    const entry = { dtype: storedName[dtype], shape, data_offsets: [begin, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    chunks.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20, 8); // padded with spaces, as the format allows
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(json, 8);
  return [header, ...chunks];
}

function checkEncodable(name: string, shape: readonly number[], length: number): void {
  if (name === metadataKey) {
    throw new RangeError(`safetensors: a tensor cannot be called ${metadataKey}; rename it`);
  }
  const elements = shape.reduce((a, b) => a * b, 1);
  if (elements !== length) {
    throw new RangeError(
      `safetensors: "${name}" of shape [${shape}] needs ${elements} elements, its data has ${length}`,
    );
  }
}

/**
 * Tensors and metadata of a safetensors file; half precision is widened to float32. Nothing in the
 * file is trusted. Tensors are views into `bytes` where alignment allows.
 * @param source the file's name, for messages
 */
export function decodeSafetensors(bytes: Uint8Array, source = "safetensors"): TensorFile {
  const { header, start } = readHeader(bytes, source);
  const metadata: Record<string, string> = emptyRecord();
  const spans: Span[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === metadataKey) readMetadata(entry, metadata, source);
    else spans.push(readSpan(name, entry, bytes.length - start, source));
  }
  checkCoverage(spans, bytes.length - start, source);

  const tensors: Record<string, NdArray> = emptyRecord();
  for (const { name, type, shape, begin, end } of spans) {
    const offset = bytes.byteOffset + start + begin;
    const length = (end - begin) / type.bytes;
    const data =
      offset % type.bytes === 0
        ? type.read(bytes.buffer, offset, length)
        : type.read(bytes.slice(start + begin, start + end).buffer, 0, length);
    tensors[name] = { dtype: type.dtype, shape, data };
  }
  return { tensors, metadata };
}

interface Span {
  readonly name: string;
  readonly type: Stored;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

function readHeader(
  bytes: Uint8Array,
  source: string,
): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8) {
    throw damaged(source, `the file ends after ${bytes.length} bytes, its header alone needs 8`);
  }
  const length = Number(
    new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true), // exact below 2^53
  );
  if (length > maxHeader || length > bytes.length - 8) {
    const size = `its header claims ${length} bytes, the file has ${bytes.length - 8} after the first 8`;
    throw damaged(source, `${size} (not a safetensors file, or cut short)`);
  }
  let header: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length));
    header = JSON.parse(text);
  } catch (error) {
    throw damaged(source, `its header is not JSON (${(error as Error).message})`);
  }
  if (!isRecord(header)) throw damaged(source, "its header is not a JSON object");
  return { header, start: 8 + length };
}

function readMetadata(entry: unknown, metadata: Record<string, string>, source: string): void {
  if (!isRecord(entry)) throw damaged(source, `${metadataKey} is not an object of strings`);
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== "string") {
      throw damaged(source, `${metadataKey} has ${JSON.stringify(key)} that is no string`);
    }
    metadata[key] = value;
  }
}

function readSpan(name: string, entry: unknown, available: number, source: string): Span {
  const where = `tensor ${JSON.stringify(name.slice(0, 200))}`;
  if (!isRecord(entry)) throw damaged(source, `${where} is described by no object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const type = typeof dtype === "string" ? stored.get(dtype) : undefined;
  if (!type) {
    const known = [...stored.keys()].join(", ");
    throw new UserError(
      `${source}: ${where} is of type ${JSON.stringify(dtype)?.slice(0, 40)}, known are ${known}; convert it to F32`,
    );
  }
  if (!isCounts(shape)) throw damaged(source, `${where} has no shape of whole numbers`);
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw damaged(source, `${where} has no data_offsets of two whole numbers`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > available) {
    const range = `${where} lies at bytes ${begin} to ${end}, the file has ${available} bytes of tensors`;
    throw damaged(source, `${range} (cut short?)`);
  }
  const needed = shape.reduce((a, b) => a * b, type.bytes);
  if (needed !== end - begin) {
    const size = `${where} of type ${dtype as string} and shape [${shape.slice(0, 16)}] needs ${needed} bytes`;
    throw damaged(source, `${size}, it has ${end - begin}`);
  }
  return { name, type, shape, begin, end };
}

/** Tensors must fill the file side by side: no byte in two of them, none in no tensor. */
function checkCoverage(spans: readonly Span[], available: number, source: string): void {
  let position = 0;
  for (const span of [...spans].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (span.begin !== position) {
      const what = span.begin < position ? "overlaps the tensor before it" : "follows a gap";
      const name = JSON.stringify(span.name.slice(0, 200));
      throw damaged(
        source,
        `tensor ${name} starts at byte ${span.begin}, not at ${position}: it ${what}`,
      );
    }
    position = span.end;
  }
  if (position !== available) {
    throw damaged(source, `its tensors end at byte ${position}, the file at ${available}`);
  }
}

function damaged(source: string, what: string): UserError {
  return new UserError(`${source}: ${what}; the file is damaged, fetch or write it again`);
}

function emptyRecord<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
