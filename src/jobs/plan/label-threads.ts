import type { Config } from "../../method/config.ts";
import { floatingPointOperations, peakBytes } from "../../engine/graph/index.ts";
import type { Host } from "../../host/host.ts";
import type { Machine } from "../../host/machine.ts";
import { cropActivations } from "../../method/inference/activations.ts";
import type { Afa } from "../../method/model/index.ts";
import { LabelPool, type LabelPoolOptions } from "../../method/train/label-pool.ts";
import { plannedShare, trainingBytes } from "./training-memory.ts";

/** Smallest number of operations for a crop that is worth starting threads. */
const minOperations = 0.5e9;
/** Largest number of bytes for a training with label threads chosen by `auto`; the published recipes run within it. */
const maxBytes = 6e9;

/** Bytes of JavaScript in each thread, measured at crops of 160 and 320. */
const threadBytes = 150e6;
/** Memory of ONNX Runtime's arena, in multiples of the values alive; measured at the same crops. */
const arena = 1.5;

/**
 * Threads that compute the labels of a training, one crop each. Dividing every operator among the cores instead would make
 * them wait for one another several hundred times for a crop. 0 means the calling thread.
 */
export function labelThreads(
  network: Afa,
  config: Config,
  machine: Pick<Machine, "cores" | "freeMemory">,
): number {
  const { data, pseudo, train } = config;
  if (train.labelWorkers !== "auto") return Math.min(data.batch, train.labelWorkers);
  const most = Math.min(data.batch, machine.cores);
  if (most < 2) return 0;
  const outputs = Object.values(
    cropActivations(network, { scales: pseudo.scales, side: data.crop }),
  );
  if (floatingPointOperations(outputs).total < minOperations) return 0;
  const bytesEach = threadBytes + 4 * network.size + arena * peakBytes(outputs);
  const room =
    Math.min(plannedShare * machine.freeMemory(), maxBytes) - trainingBytes(network, config);
  const threads = Math.min(most, Math.floor(room / bytesEach));
  return threads < 2 ? 0 : threads;
}

/** The threads that compute the labels of a training on this device; null for the calling thread. */
export function labelPool(
  { workers, machine }: Pick<Host, "workers" | "machine">,
  network: Afa,
  { device, ...options }: LabelPoolOptions & { readonly device: string },
): LabelPool | null {
  const resources = { cores: options.cores, freeMemory: () => machine.freeMemory() };
  // Other devices compute activations themselves.
  const threads = device === "cpu" ? labelThreads(network, options.config, resources) : 0;
  return threads > 0 ? new LabelPool(workers, threads, options) : null;
}
