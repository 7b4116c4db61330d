import type { Image, LabelMap } from "../images/image.ts";
import type { Maps } from "../images/maps.ts";
import type { CrfOptions } from "./crf.ts";
import type { CrfRequest } from "./crf-task.ts";
import type { WorkerPool, Workers } from "../../host/workers.ts";

export interface CrfPoolOptions {
  /** Images refined at the same time; each thread keeps about 100 MB for photographs of 500 x 375. */
  readonly threads: number;
  readonly options?: CrfOptions;
}

/** Dense CRFs in worker threads, one image at a time in each. */
export class CrfPool {
  private readonly pool: WorkerPool;
  private readonly options: CrfOptions;
  private closed = false;

  constructor(workers: Workers, { threads, options = {} }: CrfPoolOptions) {
    if (!Number.isInteger(threads) || threads < 1) {
      throw new RangeError(`CRF pool: ${threads} threads; give a whole number from 1`);
    }
    this.options = options;
    this.pool = workers.pool("crf", threads, { least: 1 });
  }

  /**
   * Labels of an image from segmentation logits of any size, refined along its colors. The arrays of the caller are
   * copied, not transferred.
   *
   * @param logits [C + 1, h, w]
   */
  async refine(image: Image, logits: Maps): Promise<LabelMap> {
    if (this.closed) throw new Error("CRF pool: refine() after close()");
    // Transferring a view would transfer the whole buffer under it, so copies are transferred.
    const pixels = Uint8Array.from(image.data);
    const scores = Float32Array.from(logits.data);
    const request: CrfRequest = {
      image: { ...image, data: pixels },
      logits: { ...logits, data: scores },
      options: this.options,
    };
    return (await this.pool.run(request, [pixels.buffer, scores.buffer])) as LabelMap;
  }

  /** Ends the threads; images still being refined are abandoned. */
  async close(): Promise<void> {
    this.closed = true;
    await this.pool.close();
  }
}
