import { loadItem, type LoadReply, type LoadRequest } from "./load-item.ts";
import { moved } from "./moved.ts";

/** Entry of the worker threads of `BatchLoader`; pixels move to the main thread without being copied. */
export default async function load(request: LoadRequest): Promise<LoadReply> {
  const reply = await loadItem(request);
  if ("broken" in reply) return reply;
  return moved(reply, [reply.data]);
}
