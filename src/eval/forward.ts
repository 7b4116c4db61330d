import type { NdArray, Runtime, Session } from "../graph/index.ts";
import { writeModel } from "../graph/index.ts";
import type { Afa } from "../model/index.ts";
import { imageInput } from "../model/index.ts";
import { channelsLast, type Parameters } from "./feeds.ts";

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
  private session: Promise<Session> | null = null;

  constructor(
    private readonly runtime: Runtime,
    private readonly network: Afa,
    private readonly parameters: Parameters,
  ) {}

  /** @param images normalised RGB, [n, 3, h, w] */
  async run(images: NdArray): Promise<ForwardResult> {
    this.session ??= this.createSession();
    const session = await this.session;
    const feeds = { ...this.parameters, image: channelsLast(images) };
    const wanted = { clsLogits: null, segLogits: null, affinity: null, cam: null };
    return (await session.run(feeds, wanted)) as unknown as ForwardResult;
  }

  async release(): Promise<void> {
    if (this.session) await (await this.session).release();
    this.session = null;
  }

  private createSession(): Promise<Session> {
    const { clsLogits, segLogits, affinity, cam } = this.network.forward(
      imageInput(["n", "h", "w"]),
    );
    return this.runtime.createSession(writeModel({ clsLogits, segLogits, affinity, cam }));
  }
}
