import { webHost } from "../../../host/web/host.ts";
import type { Facts, WorkerRole } from "../protocol.ts";

const { name: role, navigator } = globalThis as unknown as {
  readonly name: WorkerRole;
  readonly navigator: { readonly hardwareConcurrency: number };
};

/**
 * The host of this worker. Only workers let the files of a run grow in place. Where a training runs beside it, which needs the
 * cores itself, it takes a quarter of them.
 */
export const host = webHost(
  role === "lookout" ? { threads: Math.max(1, Math.floor(navigator.hardwareConcurrency / 4)) } : {},
);

/** Bytes that the browser still stores for this page; nothing where it does not tell. */
export async function storageLeft(): Promise<{ readonly free?: number }> {
  const free = await host.store.freeSpace("/");
  return free === undefined ? {} : { free };
}

export async function facts(): Promise<Facts> {
  const { version, threads, machine } = host;
  return { version, threads, memory: machine.freeMemory(), ...(await storageLeft()) };
}
