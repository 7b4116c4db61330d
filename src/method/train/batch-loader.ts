import type { AugmentOptions } from "../data/augment.ts";
import type { Batch, Sample } from "../data/sample.ts";
import { TrainingSampler } from "../data/sampler.ts";
import { UserError } from "../../user-error.ts";
import {
  loadItem,
  type LoadedCrop,
  type LoadReply,
  type LoadRequest,
  type MaskRequest,
} from "../data/load-item.ts";
import type { KnownMask } from "../data/known-mask.ts";
import { ignoreIndex } from "../images/image.ts";
import { alone } from "../../host/exchange.ts";
import type { Host } from "../../host/host.ts";
import type { WorkerPool } from "../../host/workers.ts";

export interface BatchLoaderOptions extends AugmentOptions {
  /** Crops in a batch. */
  readonly batch: number;
  readonly seed: number;
  /** Threads that decode and augment; 0 uses the calling thread. */
  readonly workers?: number;
  /** Fail on the first image that cannot be read instead of replacing it by another one. */
  readonly strict?: boolean;
  /** Batches prepared in advance; 2 by default. */
  readonly prefetch?: number;
  /** Finds the mask whose labels train with an image, if there is one; its classes complete the tags (method 2.15). */
  readonly maskOf?: ((sample: Sample) => KnownMask | undefined) | undefined;
  /** Share of a batch that images with a mask take at least, 0..1; 0 by default. */
  readonly maskedShare?: number;
  /** First step of which they take it. */
  readonly maskedFrom?: number;
  /** Which of equal shares of each batch are loaded; the whole batch by default. */
  readonly share?: { readonly rank: number; readonly size: number };
}

/** An image that could not be read, and why. */
export interface SkippedImage {
  readonly file: string;
  readonly reason: string;
}

interface LoadedBatch {
  readonly batch: Batch;
  readonly skipped: readonly SkippedImage[];
}

/**
 * Batches of augmented crops, prepared in advance. The batch of a step depends only on samples, seed, step and batch
 * size, not on the number of workers or on earlier calls.
 */
export class BatchLoader {
  private readonly sampler: TrainingSampler;
  private readonly pool: WorkerPool | undefined;
  private readonly pending = new Map<number, Promise<LoadedBatch>>();
  private readonly brokenFiles = new Map<string, string>();
  private readonly skippedFiles = new Map<string, SkippedImage>();
  private closed = false;

  constructor(
    private readonly host: Pick<Host, "codec" | "workers">,
    private readonly samples: readonly Sample[],
    private readonly classCount: number,
    private readonly options: BatchLoaderOptions,
  ) {
    const { seed, batch, workers = 0 } = options;
    const { maskOf, maskedShare: share = 0, maskedFrom: fromStep = 0 } = options;
    const masked = maskOf && share > 0 ? samples.filter((sample) => maskOf(sample)) : [];
    const preferred = { samples: masked, share, fromStep };
    this.sampler = new TrainingSampler(samples, seed, batch, preferred);
    // While a thread reads one image from disk, it can process another.
    this.pool = workers > 0 ? this.host.workers.pool("loadItem", workers, { tasks: 2 }) : undefined;
  }

  /** Images that could not be read so far, in the order of the run. */
  get skipped(): readonly SkippedImage[] {
    return [...this.skippedFiles.values()];
  }

  /** Returns the batch of a step, counted from 0, and starts on the following ones. */
  async next(step: number): Promise<Batch> {
    if (this.closed) throw new Error("batch loader: next() after close()");
    const ahead = this.options.prefetch ?? 2;
    for (const other of this.pending.keys()) {
      if (other < step || other > step + ahead) this.pending.delete(other);
    }
    for (let s = step; s <= step + ahead; s++) {
      if (this.pending.has(s)) continue;
      const loading = this.load(s);
      // A batch that is never awaited must not raise an unhandled rejection.
      loading.catch(() => undefined);
      this.pending.set(s, loading);
    }
    const { batch, skipped } = await this.pending.get(step)!;
    this.pending.delete(step);
    for (const image of skipped) {
      if (!this.skippedFiles.has(image.file)) this.skippedFiles.set(image.file, image);
    }
    return batch;
  }

  /** Ends the workers and drops unfinished batches. */
  async close(): Promise<void> {
    this.closed = true;
    this.pending.clear();
    await this.pool?.close();
  }

  private async load(step: number): Promise<LoadedBatch> {
    const { crop, batch: whole, share = alone } = this.options;
    const own = whole / share.size;
    const plan = this.sampler.batchPlan(step).slice(share.rank * own, (share.rank + 1) * own);
    const items = await Promise.all(plan.map(({ k }) => this.loadReadable(k)));
    const size = items.length;
    const images = new Uint8Array(size * crop * crop * 3);
    const tags = new Float32Array(size * this.classCount);
    const boxes = new Int32Array(size * 4);
    const masked = items.some((item) => item.crop.mask);
    const known = masked ? new Uint8Array(size * crop * crop).fill(ignoreIndex) : undefined;
    items.forEach(({ sample, crop: { data, box, mask, maskClasses = [] } }, i) => {
      images.set(data, i * crop * crop * 3);
      boxes.set(box, i * 4);
      if (mask) known!.set(mask, i * crop * crop);
      for (const tag of [...sample.tags, ...maskClasses]) tags[i * this.classCount + tag] = 1;
    });
    const names = items.map(({ sample }) => sample.name);
    const skipped = items.flatMap((item) => item.skipped);
    const batch = { names, size, crop, images, tags, boxes, ...(known && { known }) };
    return { batch, skipped };
  }

  /** Item k of the run; if it cannot be read, the next readable one in the order of the epoch. */
  private async loadReadable(
    k: number,
  ): Promise<{ sample: Sample; crop: LoadedCrop; skipped: SkippedImage[] }> {
    const skipped: SkippedImage[] = [];
    for (let attempt = 0; attempt < this.samples.length; attempt++) {
      const sample = this.sampler.candidate(k, attempt);
      const reply = await this.request(sample, k);
      if (!("broken" in reply)) return { sample, crop: reply, skipped };
      if (this.options.strict) throw new UserError(reply.broken);
      this.brokenFiles.set(sample.image, reply.broken);
      const reason = reply.broken.replace(`${sample.image}: `, "");
      skipped.push({ file: sample.image, reason });
    }
    const first = skipped[0]!;
    throw new UserError(
      `${first.file}: ${first.reason}; and none of the ${this.samples.length} training images can be read`,
    );
  }

  private async request(sample: Sample, k: number): Promise<LoadReply> {
    const { image } = sample;
    const broken = this.brokenFiles.get(image);
    if (broken !== undefined) return { broken };
    if (this.closed) throw new Error("batch loader: closed");
    const { crop, scaleRange, flip, maxSide, seed } = this.options;
    const options = { crop, scaleRange, flip, ...(maxSide === undefined ? {} : { maxSide }) };
    const mask = await this.maskRequest(sample);
    if (mask && "broken" in mask) return mask;
    const request: LoadRequest = { image, seed, k, options, ...(mask && { mask }) };
    return this.pool
      ? ((await this.pool.run(request)) as LoadReply)
      : loadItem(request, this.host.codec);
  }

  /** The mask to load with an image: its file or, where there is none, its content. */
  private async maskRequest(
    sample: Sample,
  ): Promise<MaskRequest | { readonly broken: string } | undefined> {
    const mask = this.options.maskOf?.(sample);
    if (!mask?.read) return mask;
    const { where, labels, read } = mask;
    try {
      return { where, labels, content: await read() };
    } catch (error) {
      if (error instanceof UserError) return { broken: error.message };
      throw error;
    }
  }
}
