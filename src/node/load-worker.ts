import Tinypool from "tinypool";
import { loadItem, type LoadReply, type LoadRequest } from "./load-item.ts";

type Movable = Parameters<typeof Tinypool.move>[0];

/** Entry of the worker threads of `BatchLoader`; pixels move to the main thread without being copied. */
export default async function load(request: LoadRequest): Promise<LoadReply> {
  const reply = await loadItem(request);
  if ("broken" in reply) return reply;
  const moved: unknown = {
    [Tinypool.transferableSymbol]: [reply.data.buffer],
    [Tinypool.valueSymbol]: reply,
  };
  // Tinypool takes the reply out of its wrapping on the way.
  return Tinypool.move(moved as Movable) as unknown as LoadReply;
}
