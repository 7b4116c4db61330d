import type { Random } from "../../src/engine/random.ts";
import { pieces, words } from "./values.ts";

/** One of a list. */
export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.int(items.length)]!;
}

/** Bytes with one change at a random place. @param span only so many of the first bytes are changed */
export function mutateBytes(
  bytes: Uint8Array,
  random: Random,
  { isText = false, span = bytes.length, other = bytes } = {},
): Uint8Array {
  const reach = Math.min(span, bytes.length);
  const at = random.int(reach + 1);
  const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
  switch (random.int(7)) {
    case 0: {
      const out = Uint8Array.from(bytes);
      if (reach > 0) out[random.int(reach)]! ^= 1 << random.int(8);
      return out;
    }
    case 1: {
      // A piece in place of as many bytes leaves lengths right and goes deeper than what shifts the rest.
      const piece = pick(random, isText ? words : pieces);
      return join(bytes.subarray(0, at), piece, bytes.subarray(at + piece.length));
    }
    case 2:
      return join(bytes.subarray(0, at), pick(random, isText ? words : pieces), bytes.subarray(at));
    case 3:
      return bytes.slice(0, at);
    case 4:
      return join(
        bytes.subarray(0, at),
        bytes.subarray(at + 1 + random.int(random.chance(0.5) ? 8 : 5000)),
      );
    case 5: {
      const end = at + 1 + random.int(200);
      return join(bytes.subarray(0, end), bytes.subarray(at));
    }
    default:
      return join(bytes.subarray(0, at), other.subarray(random.int(other.length + 1)));
  }
}
