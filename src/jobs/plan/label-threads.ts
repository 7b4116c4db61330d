import type { Config } from "../../method/config.ts";
import { floatingPointOperations, peakBytes } from "../../engine/graph/index.ts";
import type { Host } from "../../host/host.ts";
import { cropActivations } from "../../method/inference/activations.ts";
import type { Afa } from "../../method/model/index.ts";
import { LabelPool, type LabelPoolOptions } from "../../method/train/label-pool.ts";
import { plannedShare, trainingBytes } from "./training-memory.ts";

/** Below so many operations a crop a thread's own start would take longer than it saves. */
const worthwhile = 0.5e9;
/** Bytes beyond which `auto` does not let the threads take a training: the published recipes are to run within them. */
const ceiling = 6e9;

/** A thread with its own JavaScript, ONNX Runtime's arena beside the values alive; measured at crops of 160 and 320. */
const [threadBytes, arena] = [150e6, 1.5];

export interface Resources {
  /** Cores that the training may use. */
  readonly cores: number;
  /** Bytes of memory that are free. */
  readonly free: number;
}

/**
 * Threads that a training's labels are best made in, each a crop at a time: with an operator's work
 * divided among the cores they wait for one another several hundred times a crop. 0 for the calling thread.
 */
export function labelThreads(network: Afa, config: Config, { cores, free }: Resources): number {
  const { data, pseudo, train } = config;
  if (train.labelWorkers !== "auto") return Math.min(data.batch, train.labelWorkers);
  const most = Math.min(data.batch, cores);
  if (most < 2) return 0;
  const outputs = Object.values(
    cropActivations(network, { scales: pseudo.scales, side: data.crop }),
  );
  if (floatingPointOperations(outputs).total < worthwhile) return 0;
  const each = threadBytes + 4 * network.size + arena * peakBytes(outputs);
  const room = Math.min(plannedShare * free, ceiling) - trainingBytes(network, config);
  const threads = Math.min(most, Math.floor(room / each));
  return threads < 2 ? 0 : threads;
}

/** The pool that a training on this device is best served with; null for none. */
export function labelPool(
  { workers, machine }: Pick<Host, "workers" | "machine">,
  network: Afa,
  { device, ...options }: LabelPoolOptions & { readonly device: string },
): LabelPool | null {
  // Other devices compute activations themselves.
  const resources = { cores: options.cores, free: machine.freeMemory() };
  const threads = device === "cpu" ? labelThreads(network, options.config, resources) : 0;
  return threads > 0 ? new LabelPool(workers, threads, options) : null;
}
