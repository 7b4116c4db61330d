import type { Machine } from "../machine.ts";

const gibibyte = 2 ** 30;

/** Bytes that WebAssembly can address, the bound of everything that ONNX Runtime computes in a browser. */
const wasmBytes = 4 * gibibyte;

/** Memory that the engine of Chromium tells of; others do not. */
interface MemoryFacts {
  readonly deviceMemory?: number;
}

const identity = crypto.getRandomValues(new Uint32Array(1))[0]!;

/**
 * The machine of a page. A browser tells of its memory at most 8 GiB, rounded, and not how much is free: free memory is what it
 * tells, at most the 4 GiB that WebAssembly can address, and these 4 GiB where it tells nothing.
 */
export const webMachine: Machine = {
  cores: Math.max(1, navigator.hardwareConcurrency ?? 1),
  name: `browser.${identity}`,
  process: {
    host: location.host || "browser",
    boot: undefined,
    space: undefined,
    pid: identity,
    start: String(performance.timeOrigin),
  },
  freeMemory() {
    const { deviceMemory } = navigator as MemoryFacts;
    return deviceMemory === undefined ? wasmBytes : Math.min(wasmBytes, deviceMemory * gibibyte);
  },
  now: () => performance.now() / 1000,
  time: () => Date.now() / 1000,
  wait: (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds)),
};
