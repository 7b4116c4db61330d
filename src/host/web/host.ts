import manifest from "../../../package.json" with { type: "json" };
import type { Runtime } from "../../engine/graph/index.ts";
import type { Host, RuntimePool } from "../host.ts";
import type { DroppedFolder } from "./files/dropped.ts";
import type { FileMap } from "./files/memory-volume.ts";
import { webStore } from "./files/store.ts";
import { Volumes } from "./files/volumes.ts";
import { webHub } from "./hub.ts";
import { webCodec } from "./images/codec.ts";
import { webMachine } from "./machine.ts";
import { webOrt } from "./ort/ort.ts";
import { webWorkers } from "./workers/workers.ts";

export interface WebHostOptions {
  /**
   * Address of the folder with the files `ort-wasm-simd-threaded.*` of onnxruntime-web; by default they are where the bundler of
   * the page has put them.
   */
  readonly ortFiles?: string;
  /** Most threads of ONNX Runtime; by default one for each core where the page is cross-origin isolated, one on phones. */
  readonly threads?: number;
  /** Folder in the storage of the page (OPFS) that paths start at, `tag2mask` by default; null keeps files in memory. */
  readonly storage?: string | null;
}

/** What a browser offers, and the folders that were dropped into it. */
export interface WebHost extends Host {
  /** Threads that ONNX Runtime computes with on the processor, with the reason in words. */
  readonly threads: { readonly count: number; readonly note: string };
  /** Adds a folder that was dropped or chosen, or files in memory by their paths; returns its path. It is read, never written. */
  addFolder(name: string, content: DroppedFolder["content"] | FileMap): string;
  /** Forgets a folder of `addFolder`. */
  removeFolder(path: string): void;
}

/**
 * A page or worker as a host. Create it in a module worker: computing blocks the thread, and only workers write files in place.
 * Nothing is loaded or opened before it is used, and nothing leaves the page.
 */
export function webHost({ ortFiles, threads, storage = "tag2mask" }: WebHostOptions = {}): WebHost {
  const volumes = new Volumes({ storage, dropped: [] });
  const store = webStore(volumes);
  const ort = webOrt({
    ...(ortFiles !== undefined && { files: ortFiles }),
    ...(threads !== undefined && { threads }),
  });
  /** ONNX Runtime takes a text for an address; here it is a path of the store. */
  const withPaths = <R extends Runtime>(runtime: R): R => ({
    ...runtime,
    createSession: async (model, options) =>
      runtime.createSession(typeof model === "string" ? await store.read(model) : model, options),
  });
  return {
    version: manifest.version,
    store,
    hub: webHub,
    codec: webCodec(store),
    workers: webWorkers(() => ({ volumes: volumes.setup, ortFiles })),
    machine: webMachine,
    threads: { count: ort.threads, note: ort.threadsNote },
    runtime: async (options) => withPaths(await ort.runtime(options)),
    runtimePool: async (lanes) => withPaths<RuntimePool>(await ort.runtimePool(lanes)),
    resolveDevice: (name, options) => ort.resolveDevice(name, options),
    listDevices: () => ort.listDevices(),
    addFolder: (name, content) => volumes.add({ name, content }),
    removeFolder: (path) => volumes.remove(path),
  };
}
