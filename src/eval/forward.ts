import type { NdArray, Runtime } from "../graph/index.ts";
import { writeModel } from "../graph/index.ts";
import type { Afa } from "../model/index.ts";
import { imageInput } from "../model/index.ts";
import { channelsLast, smallestSide, type Parameters } from "./feeds.ts";
import { LazySession } from "./lazy-session.ts";

/** What the network makes of a batch. */
export interface ForwardResult {
  /** [n, C] */
  readonly clsLogits: NdArray;
  /** [n, C + 1, h/4, w/4] */
  readonly segLogits: NdArray;
  /** [n, t, t] in 0..1, t tokens at 1/16 */
  readonly affinity: NdArray;
  /** Raw class activations, [n, C, h/16, w/16] */
  readonly cam: NdArray;
}

/** The evaluation-mode forward pass with all its outputs, for batches of any size. */
export class ForwardPass {
  private readonly session: LazySession;

  constructor(
    runtime: Runtime,
    network: Afa,
    private readonly parameters: Parameters,
  ) {
    this.session = new LazySession(() => {
      const { clsLogits, segLogits, affinity, cam } = network.forward(imageInput(["n", "h", "w"]));
      return runtime.createSession(writeModel({ clsLogits, segLogits, affinity, cam }));
    });
  }

  /** @param images normalised RGB, [n, 3, h, w] */
  async run(images: NdArray): Promise<ForwardResult> {
    const [, , height, width] = images.shape as [number, number, number, number];
    if (Math.min(height, width) < smallestSide) {
      throw new RangeError(
        `forward: images are ${width} x ${height}; resize them to at least ${smallestSide} a side`,
      );
    }
    const session = await this.session.get();
    const feeds = { ...this.parameters, image: channelsLast(images) };
    const wanted = { clsLogits: null, segLogits: null, affinity: null, cam: null };
    return (await session.run(feeds, wanted)) as unknown as ForwardResult;
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
