import { UserError } from "../../user-error.ts";
import { elementsByCode, type Element } from "./elements.ts";
import { decodeUtf8, encodeUtf8 } from "./text.ts";
import { parseJson } from "../text/parse-json.ts";

/** Most bytes of a header. That of a thousand blocks has a megabyte; parsed, it takes 25 times as much. */
const maxHeader = 8 * 2 ** 20;
const metadataKey = "__metadata__";

/** A tensor to be written. */
export interface HeaderEntry {
  readonly name: string;
  readonly element: Element;
  readonly shape: readonly number[];
}

/** The first bytes of a file whose tensors follow in this order, side by side. */
export function encodeHeader(
  entries: readonly HeaderEntry[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // Joined by hand, because an object would lose a tensor called __proto__ and reorder ones called 0, 1, 2.
  const fields: string[] = [];
  const strings = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (strings.length > 0) {
    const pairs = strings.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    fields.push(`"${metadataKey}":{${pairs.join(",")}}`);
  }
  let end = 0;
  for (const { name, element, shape } of entries) {
    if (name === metadataKey) {
      throw new RangeError(`safetensors: a tensor cannot be called ${metadataKey}; rename it`);
    }
    const begin = end;
    end += shape.reduce((a, b) => a * b, element.bytes);
    const entry = { dtype: element.code, shape, data_offsets: [begin, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const json = encodeUtf8(`{${fields.join(",")}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20, 8); // padded with spaces, as the format allows
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(json, 8);
  return header;
}

/** Tensors in the order they are written: by element size, largest first, so that all are aligned, then by name. */
export function inFileOrder<T extends HeaderEntry>(entries: readonly T[]): T[] {
  return [...entries].sort(
    (a, b) => b.element.bytes - a.element.bytes || (a.name < b.name ? -1 : 1),
  );
}

/** Position of a tensor, counted from the first byte after the header. */
export interface Span {
  readonly name: string;
  readonly element: Element;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly spans: readonly Span[];
  readonly metadata: Record<string, string>;
}

/**
 * Length of the JSON that follows the first 8 bytes of a file.
 * @param size bytes of the whole file
 */
export function headerLength(first: Uint8Array, size: number, source: string): number {
  if (size < 8 || first.length < 8) {
    throw damaged(source, `the file ends after ${size} bytes, its header alone needs 8`);
  }
  const length = Number(
    new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true), // exact below 2^53
  );
  if (length > size - 8) {
    const what = `its header claims ${length} bytes, the file has ${size - 8} after the first 8`;
    throw damaged(source, `${what} (not a safetensors file, or cut short)`);
  }
  if (length > maxHeader) {
    throw damaged(source, `its header has ${length} bytes, at most ${maxHeader} are read`);
  }
  return length;
}

/**
 * Tensors and metadata of a header, in which nothing is trusted.
 * @param available bytes of the file after the header
 */
export function parseHeader(json: Uint8Array, available: number, source: string): Header {
  let header: unknown;
  try {
    header = parseJson(decodeUtf8(json));
  } catch (error) {
    throw damaged(source, `its header is not JSON (${(error as Error).message})`);
  }
  if (!isRecord(header)) throw damaged(source, "its header is not a JSON object");
  const metadata: Record<string, string> = emptyRecord();
  const spans: Span[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === metadataKey) readMetadata(entry, metadata, source);
    else spans.push(readSpan(name, entry, available, source));
  }
  checkCoverage(spans, available, source);
  return { spans, metadata };
}

function readMetadata(entry: unknown, metadata: Record<string, string>, source: string): void {
  if (!isRecord(entry)) throw damaged(source, `${metadataKey} is not an object of strings`);
  for (const [key, value] of Object.entries(entry)) {
    if (typeof value !== "string") {
      throw damaged(source, `${metadataKey} has ${JSON.stringify(key)}, which is not a string`);
    }
    metadata[key] = value;
  }
}

function readSpan(name: string, entry: unknown, available: number, source: string): Span {
  const where = `tensor ${JSON.stringify(name.slice(0, 200))}`;
  if (!isRecord(entry))
    throw damaged(source, `${where} is described by ${brief(entry)}, not by an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const element = typeof dtype === "string" ? elementsByCode.get(dtype) : undefined;
  if (!element) {
    const known = [...elementsByCode.keys()].join(", ");
    throw new UserError(
      `${source}: ${where} is of type ${brief(dtype)}, only ${known} are read; convert it to F32`,
    );
  }
  if (!isCounts(shape)) {
    throw damaged(
      source,
      `${where} has the shape ${brief(shape)}, expected a list of whole numbers`,
    );
  }
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw damaged(
      source,
      `${where} has the data_offsets ${brief(offsets)}, expected two whole numbers`,
    );
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > available) {
    const range = `${where} lies at bytes ${begin} to ${end}, the file has ${available} bytes of tensors`;
    throw damaged(source, `${range} (cut short?)`);
  }
  const needed = shape.reduce((a, b) => a * b, element.bytes);
  if (needed !== end - begin) {
    const size = `${where} of type ${dtype as string} and shape [${shape.slice(0, 16)}] needs ${needed} bytes`;
    throw damaged(source, `${size}, it has ${end - begin}`);
  }
  return { name, element, shape, begin, end };
}

/** Throws unless the tensors fill the file side by side, without gaps and overlaps. */
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

/** A value from a header for a message, as JSON cut after 40 characters. */
function brief(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 40) ?? "missing";
}

function damaged(source: string, what: string): UserError {
  return new UserError(`${source}: ${what}; the file is damaged, fetch or write it again`);
}

/** A record without a prototype: any name is safe to look up. */
export function emptyRecord<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
