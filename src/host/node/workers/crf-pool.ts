import { availableParallelism } from "node:os";
import type Tinypool from "tinypool";
import type { Image, LabelMap } from "../../../method/data/sample.ts";
import type { CrfOptions, Maps } from "../../../method/labels/index.ts";
import type { CrfRequest } from "./crf-worker.ts";
import { workerPool } from "./worker-pool.ts";

export interface CrfPoolOptions {
  /** Images refined at the same time; each thread keeps some 100 MB for photographs of 500 x 375. */
  readonly threads?: number;
  readonly options?: CrfOptions;
}

/** Dense CRFs in worker threads, one image each. */
export class CrfPool {
  private readonly pool: Tinypool;
  private readonly options: CrfOptions;
  private closed = false;

  constructor({ threads = availableParallelism(), options = {} }: CrfPoolOptions = {}) {
    if (!Number.isInteger(threads) || threads < 1) {
      throw new RangeError(`CRF pool: ${threads} threads; give a whole number from 1`);
    }
    this.options = options;
    this.pool = workerPool("crf-worker", threads, { least: 1 });
  }

  /**
   * Labels of an image from segmentation logits of any size, refined along its colors; the caller's
   * arrays stay as they are.
   *
   * @param logits [C + 1, h, w]
   */
  async refine(image: Image, logits: Maps): Promise<LabelMap> {
    if (this.closed) throw new Error("CRF pool: refine() after close()");
    // Copies move to the thread; sent as they are, views would take their whole buffers along.
    const pixels = Uint8Array.from(image.data);
    const scores = Float32Array.from(logits.data);
    const request: CrfRequest = {
      image: { ...image, data: pixels },
      logits: { ...logits, data: scores },
      options: this.options,
    };
    const transferList = [pixels.buffer, scores.buffer];
    return (await this.pool.run(request, { transferList })) as LabelMap;
  }

  /** Ends the threads; images under way are given up. */
  async close(): Promise<void> {
    this.closed = true;
    await this.pool.destroy();
  }
}
