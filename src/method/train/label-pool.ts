import type { Config } from "../config.ts";
import { sizeOf, type NdArray } from "../../engine/graph/index.ts";
import { parametersOf } from "../../engine/nn/index.ts";
import { networkOf } from "../model/network-of.ts";
import type { WorkerPool, Workers } from "../../host/workers.ts";
import type { Thresholds } from "../labels/index.ts";
import type { Phase } from "./phase.ts";
import { addSeconds, type LabelInput, type LabelSource, type MadeLabels } from "./labels.ts";
import type { LabelReply, LabelRequest, LabelSetup } from "./label-task.ts";

export interface LabelPoolOptions {
  readonly config: Config;
  readonly classes: readonly string[];
  /** Weights by name; the pool reads their current values for every batch. */
  readonly parameters: Readonly<Record<string, NdArray>>;
  /** Cores for all threads together. */
  readonly cores: number;
}

/** Makes labels in worker threads, one crop at a time in each thread. */
export class LabelPool implements LabelSource {
  private pool: WorkerPool | null = null;
  private readonly setup: LabelSetup;
  private version = 0;

  /** @param threads number of crops computed at the same time */
  constructor(
    private readonly workers: Workers,
    private readonly threads: number,
    private readonly options: LabelPoolOptions,
  ) {
    const { config, classes, parameters, cores } = options;
    // Labels depend on everything but the decoder.
    const { encoder, classifier, attn_proj } = networkOf(config, classes);
    const needed = new Set(
      [encoder, classifier, attn_proj].flatMap(parametersOf).map(({ name }) => name),
    );
    let end = 0;
    const places = Object.entries(parameters).flatMap(([name, { shape, dtype }]) => {
      if (!needed.has(name) || dtype !== "float32") return [];
      const place = { name, shape, offset: end };
      end += sizeOf(shape);
      return [place];
    });
    const shared = new SharedArrayBuffer(end * Float32Array.BYTES_PER_ELEMENT);
    const threadsEach = Math.max(1, Math.floor(cores / threads));
    this.setup = { config, classes, places, shared, threads: threadsEach };
  }

  async make(
    inputs: readonly LabelInput[],
    phase: Phase,
    thresholds?: Thresholds,
  ): Promise<MadeLabels> {
    if (inputs.length === 0) return { labels: [], seconds: { cam: 0, labels: 0 } };
    this.publish();
    const { setup, version } = this;
    const pool = (this.pool ??= this.workers.pool("label", this.threads));
    const replies = await Promise.all(
      inputs.map(async (input): Promise<LabelReply> => {
        // Transferring a view would transfer the buffer of the whole batch, so copies are transferred.
        const image = { ...input.image, data: Uint8Array.from(input.image.data) };
        const known = input.known && { ...input.known, data: Uint8Array.from(input.known.data) };
        const own = { ...input, image, ...(known && { known }) };
        const request: LabelRequest = {
          ...{ setup, version, phase, input: own },
          ...(thresholds && { thresholds }),
        };
        const buffers = [image.data.buffer, ...(known ? [known.data.buffer] : [])];
        return (await pool.run(request, buffers)) as LabelReply;
      }),
    );
    return { labels: replies.map(({ labels }) => labels), seconds: addSeconds(replies) };
  }

  /** Ends the threads and frees their memory; the next call starts them again. */
  async rest(): Promise<void> {
    const { pool } = this;
    this.pool = null;
    await pool?.close();
  }

  /** Copies the weights into the memory shared with the threads. */
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
