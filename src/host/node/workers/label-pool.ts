import type Tinypool from "tinypool";
import type { Config } from "../../../method/config.ts";
import { cropActivations } from "../../../method/inference/activations.ts";
import {
  floatingPointOperations,
  peakBytes,
  sizeOf,
  type NdArray,
} from "../../../engine/graph/index.ts";
import type { Afa } from "../../../method/model/index.ts";
import type { Phase } from "../../../method/train/events.ts";
import { plannedShare, trainingBytes } from "../../../jobs/plan/training-memory.ts";
import {
  addSeconds,
  type LabelInput,
  type LabelSource,
  type MadeLabels,
} from "../../../method/train/labels.ts";
import type { LabelReply, LabelRequest, LabelSetup } from "./label-worker.ts";
import { workerPool } from "./worker-pool.ts";

/** Below so many operations a crop a thread's own start would take longer than it saves. */
const worthwhile = 0.5e9;
/** Bytes beyond which `auto` does not let the threads take a training: the published recipes are to run within them. */
const ceiling = 6e9;

/** What labels depend on; the decoder sees none of them. */
const isRead = (name: string): boolean => /^(encoder|classifier|attn_proj)\./.test(name);

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

export interface LabelPoolOptions {
  readonly config: Config;
  readonly classes: readonly string[];
  /** Read anew for every batch. */
  readonly parameters: Readonly<Record<string, NdArray>>;
  /** Cores for all threads together. */
  readonly cores: number;
}

/** The pool that a training on this device is best served with; null for none. */
export function labelPool(
  network: Afa,
  { device, ...options }: LabelPoolOptions & { readonly device: string },
): LabelPool | null {
  // Other devices compute activations themselves.
  const resources = { cores: options.cores, free: process.availableMemory() };
  const threads = device === "cpu" ? labelThreads(network, options.config, resources) : 0;
  return threads > 0 ? new LabelPool(threads, options) : null;
}

/** Makes labels in worker threads, a crop each. */
export class LabelPool implements LabelSource {
  private pool: Tinypool | null = null;
  private readonly setup: LabelSetup;
  private version = 0;

  /** @param threads crops worked on at a time */
  constructor(
    private readonly threads: number,
    private readonly options: LabelPoolOptions,
  ) {
    const { config, classes, parameters, cores } = options;
    let end = 0;
    const places = Object.entries(parameters).flatMap(([name, { shape, dtype }]) => {
      if (!isRead(name) || dtype !== "float32") return [];
      const place = { name, shape, offset: end };
      end += sizeOf(shape);
      return [place];
    });
    const shared = new SharedArrayBuffer(end * Float32Array.BYTES_PER_ELEMENT);
    const each = Math.max(1, Math.floor(cores / threads));
    this.setup = { config, classes, places, shared, threads: each };
  }

  async make(inputs: readonly LabelInput[], phase: Phase): Promise<MadeLabels> {
    if (inputs.length === 0) return { labels: [], seconds: { cam: 0, labels: 0 } };
    this.publish();
    const { setup, version } = this;
    const pool = (this.pool ??= workerPool("label-worker", this.threads));
    const made = await Promise.all(
      inputs.map(async (input): Promise<LabelReply> => {
        // A copy: sent as it is, a view would take the whole batch along.
        const image = { ...input.image, data: Uint8Array.from(input.image.data) };
        const request: LabelRequest = { setup, version, phase, input: { ...input, image } };
        return (await pool.run(request, { transferList: [image.data.buffer] })) as LabelReply;
      }),
    );
    return { labels: made.map(({ labels }) => labels), seconds: addSeconds(made) };
  }

  /** Ends the threads, and with them what they keep; the next labels start them again. */
  async rest(): Promise<void> {
    const { pool } = this;
    this.pool = null;
    await pool?.destroy();
  }

  /** Copies the weights to where the threads read them. */
  private publish(): void {
    const { shared, places } = this.setup;
    for (const { name, shape, offset } of places) {
      const place = new Float32Array(
        shared,
        offset * Float32Array.BYTES_PER_ELEMENT,
        sizeOf(shape),
      );
      place.set(this.options.parameters[name]!.data as Float32Array);
    }
    this.version++;
  }
}
