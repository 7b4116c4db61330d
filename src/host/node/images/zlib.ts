import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { constants, crc32, createDeflate, deflateSync, inflateSync } from "node:zlib";
import type { Zlib } from "../../both/images/zlib.ts";

// Labels come in runs of equal values: searching for runs alone is ten times faster than a full search at its fastest level,
// and the file no larger.
const packing = { strategy: constants.Z_RLE };

/** zlib of Node. */
export const nodeZlib: Zlib = {
  deflate: (bytes) => deflateSync(bytes, packing),
  async deflatePieces(pieces) {
    return buffer(Readable.from(pieces).pipe(createDeflate(packing)));
  },
  inflate(packed, size) {
    // A chunk as large as all that may come is filled in place; smaller ones would be joined in a second buffer.
    const bytes = inflateSync(packed, { maxOutputLength: size, chunkSize: size + 64 });
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  },
  crc32: (bytes) => crc32(bytes),
};
