import type { Runtime, Session, Tensor } from "../graph/index.ts";
import { slice, writeModel } from "../graph/index.ts";
import type { Afa } from "../model/index.ts";
import { imageInput } from "../model/index.ts";
import type { Affinity, Maps, ScaledCam } from "../pseudo/index.ts";
import { resize } from "../pseudo/index.ts";
import { interleaved, smallestSide, type Parameters } from "./feeds.ts";

/** What the network sees in an image: raw activations at every scale, and the affinity of the largest. */
export interface Activations {
  readonly scales: readonly ScaledCam[];
  /** Of the unflipped image. */
  readonly affinity: Affinity;
}

export interface ActivationOptions {
  /** Factors on the image's sides (method section 3: 1, 0.5, 1.5). */
  readonly scales: readonly number[];
  /** Side of the images where all are squares of one size: static graphs, faster than dynamic ones. */
  readonly side?: number;
}

/**
 * Runs the encoder in evaluation mode over an image and its mirror image at several scales, without
 * the decoder (method section 3). Sessions are made when first needed.
 */
export class ActivationPass {
  private readonly sessions = new Map<string, Promise<Session>>();

  constructor(
    private readonly runtime: Runtime,
    private readonly network: Afa,
    private readonly parameters: Parameters,
    private readonly options: ActivationOptions,
  ) {}

  /** @param image normalised RGB, [3, h, w] */
  async run(image: Maps): Promise<Activations> {
    const { scales } = this.options;
    const largest = Math.max(...scales);
    const cams: ScaledCam[] = [];
    let affinity: Affinity | null = null;
    for (const scale of scales) {
      const [height, width] = [image.height, image.width].map((side) =>
        Math.max(smallestSide, Math.floor(scale * side)),
      ) as [number, number];
      const session = await this.session(height, width, scale === largest);
      const feeds = { ...this.parameters, image: interleaved(resize(image, width, height), true) };
      const wanted: Record<string, null> =
        scale === largest ? { cam: null, affinity: null } : { cam: null };
      const results = await session.run(feeds, wanted);
      const cam = results["cam"]!;
      const [, count, h, w] = cam.shape as [number, number, number, number];
      const half = count * h * w;
      const maps = (i: number): Maps => {
        const data = (cam.data as Float32Array).subarray(i * half, (i + 1) * half);
        return { count, width: w, height: h, data };
      };
      cams.push({ plain: maps(0), flipped: maps(1) });
      if (scale === largest)
        affinity = { width: w, height: h, data: results["affinity"]!.data as Float32Array };
    }
    return { scales: cams, affinity: affinity! };
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release();
    this.sessions.clear();
  }

  private session(height: number, width: number, withAffinity: boolean): Promise<Session> {
    const fixed = this.options.side !== undefined;
    const key = `${fixed ? `${height}x${width}` : "any"} ${withAffinity}`;
    let session = this.sessions.get(key);
    if (!session) {
      const image = imageInput(fixed ? [2, height, width] : ["n", "h", "w"]);
      const { features, attention } = this.network.encoder.forward(image);
      const outputs: Record<string, Tensor> = {
        cam: this.network.classifier.activate(features[3]),
      };
      if (withAffinity) {
        const first = attention.map((logits) =>
          slice(logits, [0, 0, 0, 0], [1, ...logits.shape.slice(1)]),
        );
        outputs["affinity"] = this.network.attn_proj.forward(first);
      }
      session = this.runtime.createSession(writeModel(outputs));
      this.sessions.set(key, session);
    }
    return session;
  }
}
