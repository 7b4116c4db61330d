import { unzlibSync, Zlib as Packer, zlibSync } from "fflate";
import { joined } from "../../both/images/png-chunks.ts";
import type { Zlib } from "../../both/images/zlib.ts";

// Labels come in runs of equal values, which the fastest level finds too.
const packing = { level: 1 } as const;

/** zlib in JavaScript, at once: the streams of a browser only unpack bit by bit and without a bound. */
export const webZlib: Zlib = {
  deflate: (bytes) => zlibSync(bytes, packing),
  deflatePieces(pieces) {
    const out: Uint8Array[] = [];
    const packer = new Packer(packing, (piece) => out.push(piece));
    for (const piece of pieces) packer.push(piece);
    packer.push(new Uint8Array(0), true);
    return Promise.resolve(joined(out));
  },
  inflate(packed, size) {
    // What does not fit is dropped, one byte of it tells.
    const bytes = unzlibSync(packed, { out: new Uint8Array(size + 1) });
    if (bytes.length > size) throw new Error(`it unpacks to an array larger than ${size} bytes`);
    return bytes;
  },
  crc32(bytes) {
    let crc = 0xffffffff;
    for (const byte of bytes) crc = table[(crc ^ byte) & 255]! ^ (crc >>> 8);
    return (crc ^ 0xffffffff) >>> 0;
  },
};

/** Remainders of all bytes by the polynomial of CRC-32. */
const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
