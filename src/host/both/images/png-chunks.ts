import { UserError } from "../../../user-error.ts";
import type { Zlib } from "./zlib.ts";

export const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** The fields of a PNG's first chunk. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits of a value. */
  readonly depth: number;
  /** 0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGB with alpha. */
  readonly colorType: number;
  readonly isInterlaced: boolean;
}

export interface PngChunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** The chunk including its length, type and checksum. */
  readonly whole: Uint8Array;
}

/** The header of a PNG by its first 33 bytes; undefined for other files. */
export function readPngHeader(bytes: Uint8Array): PngHeader | undefined {
  if (bytes.length < 33 || signature.some((byte, i) => bytes[i] !== byte)) return undefined;
  if (typeAt(bytes, 12) !== "IHDR") return undefined;
  const view = viewOf(bytes);
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    depth: bytes[24]!,
    colorType: bytes[25]!,
    isInterlaced: bytes[28] === 1,
  };
}

/** The chunks that hold pixels, and those of further types, with right checksums. */
export function pixelChunks(
  bytes: Uint8Array,
  where: string,
  zlib: Zlib,
  further: readonly string[] = [],
): PngChunk[] {
  const needed = ["IHDR", "IDAT", "IEND", ...further];
  const view = viewOf(bytes);
  const chunks: PngChunk[] = [];
  for (let at = 8; ;) {
    if (at + 12 > bytes.length) throw damagedPng(where, new Error("it is cut short"));
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) throw damagedPng(where, new Error("it is cut short"));
    const type = typeAt(bytes, at + 4);
    if (needed.includes(type)) {
      if (zlib.crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
        throw damagedPng(where, new Error(`the checksum of its ${type} chunk is wrong`));
      }
      chunks.push({ type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) });
    }
    if (type === "IEND") return chunks;
    at = end;
  }
}

/** A chunk as it stands in a file. */
export function chunk(type: string, data: Uint8Array, zlib: Zlib): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = viewOf(bytes);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, zlib.crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

/** Bytes of several arrays, one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function damagedPng(where: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError(`${where}: the PNG is damaged: ${reason}`, { cause: error });
}

function typeAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
