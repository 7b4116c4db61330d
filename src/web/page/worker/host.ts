import { webHost } from "../../../host/web/host.ts";
import type { Facts } from "../protocol.ts";

/** The host of this worker. Only workers let the files of a run grow in place. */
export const host = webHost();

/** Bytes that the browser still stores for this page; nothing where it does not tell. */
export async function storageLeft(): Promise<{ readonly free?: number }> {
  const free = await host.store.freeSpace("/");
  return free === undefined ? {} : { free };
}

export async function facts(): Promise<Facts> {
  const { version, threads, machine } = host;
  return { version, threads, memory: machine.freeMemory(), ...(await storageLeft()) };
}
