import { crc32, deflateSync, inflateSync } from "node:zlib";
import type { Random } from "../../src/engine/random.ts";
import { mutateBytes, pick } from "./mutate-bytes.ts";

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

const sizes = [0, 1, 2, 255, 65_535, 14_000, 2 ** 24, 10 ** 9, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

/** A PNG with a field of its header, a chunk or its pixels changed, all checksums right. */
export function mutatePng(bytes: Uint8Array, random: Random): Uint8Array {
  const chunks = chunksOf(bytes);
  if (chunks.length === 0) return bytes;
  const at = random.int(chunks.length);
  const { type, data } = chunks[at]!;
  switch (random.int(5)) {
    case 0:
    case 1: {
      const header = chunks.findIndex((chunk) => chunk.type === "IHDR");
      if (header < 0) return bytes;
      const changed = Buffer.from(chunks[header]!.data);
      if (changed.length < 13) return bytes;
      if (random.chance(0.5)) changed.writeUInt32BE(pick(random, sizes), 4 * random.int(2));
      else changed[8 + random.int(5)] = pick(random, [0, 1, 2, 3, 4, 6, 7, 8, 16, 255]);
      chunks[header] = { type: "IHDR", data: changed };
      break;
    }
    case 2:
      chunks.splice(at, 1, ...(random.chance(0.5) ? [] : [chunks[at]!, chunks[at]!]));
      break;
    case 3:
      chunks[at] = { type, data: mutateBytes(data, random) };
      break;
    default: {
      const place = chunks.findIndex((chunk) => chunk.type === "IDAT");
      if (place < 0) return bytes;
      chunks[place] = { type: "IDAT", data: repacked(chunks[place]!.data, random) };
    }
  }
  return pngOf(chunks);
}

function repacked(packed: Uint8Array, random: Random): Uint8Array {
  try {
    return deflateSync(mutateBytes(inflateSync(packed), random));
  } catch {
    return packed;
  }
}

function chunksOf(bytes: Uint8Array): Chunk[] {
  const png = Buffer.from(bytes);
  const chunks: Chunk[] = [];
  for (let at = 8; at + 12 <= png.length;) {
    const end = at + 8 + png.readUInt32BE(at);
    if (end + 4 > png.length) break;
    chunks.push({ type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, end) });
    at = end + 4;
  }
  return chunks;
}

function pngOf(chunks: readonly Chunk[]): Uint8Array {
  const parts = chunks.map(({ type, data }) => {
    const chunk = Buffer.alloc(data.length + 12);
    chunk.writeUInt32BE(data.length, 0);
    chunk.write(type, 4, "latin1");
    chunk.set(data, 8);
    chunk.writeUInt32BE(crc32(chunk.subarray(4, data.length + 8)), data.length + 8);
    return chunk;
  });
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]);
}
