import Tinypool from "tinypool";

type Movable = Parameters<typeof Tinypool.move>[0];

/** A reply of a Tinypool worker whose arrays move to the main thread instead of being copied. */
export function moved<Reply>(reply: Reply, arrays: readonly ArrayBufferView[]): Reply {
  const wrapped: unknown = {
    [Tinypool.transferableSymbol]: arrays.map(({ buffer }) => buffer),
    [Tinypool.valueSymbol]: reply,
  };
  // Tinypool takes the reply out of its wrapping on the way.
  return Tinypool.move(wrapped as Movable) as unknown as Reply;
}
