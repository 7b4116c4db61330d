import { webHost } from "../../../host/web/host.ts";
import { browserFacts } from "../../../host/web/ort/choice.ts";
import type { Facts, WorkerRole } from "../protocol.ts";

const role = (globalThis as unknown as { readonly name: WorkerRole }).name;

/**
 * The host of this worker. Only workers let the files of a run grow in place. The lookout takes a quarter of the cores: the
 * training beside it needs them itself.
 */
export const host = webHost(
  role === "lookout" ? { threads: Math.max(1, Math.floor(browserFacts().cores / 4)) } : {},
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
