import Tinypool from "tinypool";

type Movable = Parameters<typeof Tinypool.move>[0];

/** Marks the arrays of a Tinypool worker's reply to be moved to the main thread instead of copied. */
export function moved<Reply>(reply: Reply, arrays: readonly ArrayBufferView[]): Reply {
  const wrapped: unknown = {
    [Tinypool.transferableSymbol]: arrays.map(({ buffer }) => buffer),
    [Tinypool.valueSymbol]: reply,
  };
  // Tinypool unwraps the reply on the way.
  return Tinypool.move(wrapped as Movable) as unknown as Reply;
}
