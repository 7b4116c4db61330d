import type { NdArray, Runtime, Session, Tensor } from "../graph/index.ts";
import { peakBytes, slice, writeModel } from "../graph/index.ts";
import type { Afa } from "../model/index.ts";
import { imageInput } from "../model/index.ts";
import type { Affinity, Maps, ScaledCam } from "../pseudo/index.ts";
import { resize } from "../pseudo/index.ts";
import { interleaved, smallestSide, type Parameters } from "./feeds.ts";
import { LazySession } from "./lazy-session.ts";

/** What the network sees in an image: raw activations at every scale, and the affinity of the largest. */
export interface Activations {
  readonly scales: readonly ScaledCam[];
  /** Of the unflipped image. */
  readonly affinity: Affinity;
}

export interface ActivationOptions {
  /** Factors on the image's sides (method section 3: 1, 0.5, 1.5). */
  readonly scales: readonly number[];
  /** Given where all images are squares of this size: static graphs, faster than dynamic ones. */
  readonly side?: number;
}

/**
 * Runs the encoder in evaluation mode over an image and its mirror image at several scales, without
 * the decoder (method section 3). Sessions are made when first needed.
 */
export class ActivationPass {
  private readonly sessions = new Map<string, LazySession>();

  constructor(
    private readonly runtime: Runtime,
    private readonly network: Afa,
    private readonly parameters: Parameters,
    private readonly options: ActivationOptions,
  ) {}

  /** @param image normalised RGB, [3, h, w] */
  async run(image: Maps): Promise<Activations> {
    const { scales, side } = this.options;
    const largest = Math.max(...scales);
    const cams: ScaledCam[] = [];
    let affinity: Affinity | null = null;
    for (const scale of scales) {
      const height = scaledSide(image.height, scale);
      const width = scaledSide(image.width, scale);
      const pair = interleaved(resize(image, width, height), true).data as Float32Array;
      const half = pair.length / 2;
      // Crops are small: two at a time use the cores better. Whole photographs would double the
      // largest attention matrices instead.
      const seen =
        side === undefined
          ? [
              await this.see(pair.subarray(0, half), [1, height, width], scale === largest),
              await this.see(pair.subarray(half), [1, height, width], false),
            ]
          : [await this.see(pair, [2, height, width], scale === largest)];
      const [plain, flipped] = seen.flatMap(({ cams: maps }) => maps) as [Maps, Maps];
      cams.push({ plain, flipped });
      affinity ??= seen[0]!.affinity;
    }
    return { scales: cams, affinity: affinity! };
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await session.release();
    this.sessions.clear();
  }

  /** Raw activations of each image of a batch, and the affinity of the first if asked for. */
  private async see(
    pixels: Float32Array,
    size: readonly [number, number, number],
    withAffinity: boolean,
  ): Promise<{ cams: Maps[]; affinity: Affinity | null }> {
    const session = await this.session(size, withAffinity);
    const image: NdArray = { dtype: "float32", shape: [...size, 3], data: pixels };
    const wanted = withAffinity ? ["cam", "affinity"] : ["cam"];
    const fetches = Object.fromEntries(wanted.map((name) => [name, null]));
    const results = await session.run({ ...this.parameters, image }, fetches);
    const cam = results["cam"]!;
    const [n, count, height, width] = cam.shape as [number, number, number, number];
    const length = count * height * width;
    const cams = Array.from({ length: n }, (_, i) => {
      const data = (cam.data as Float32Array).subarray(i * length, (i + 1) * length);
      return { count, width, height, data };
    });
    const links = results["affinity"]?.data as Float32Array | undefined;
    return { cams, affinity: links ? { width, height, data: links } : null };
  }

  private session(
    [n, height, width]: readonly [number, number, number],
    withAffinity: boolean,
  ): Promise<Session> {
    const fixed = this.options.side !== undefined;
    const key = `${fixed ? `${height}x${width}` : "any"} ${withAffinity}`;
    let session = this.sessions.get(key);
    if (!session) {
      const shape = fixed ? ([n, height, width] as const) : ([n, "h", "w"] as const);
      session = new LazySession(() => this.createSession(shape, withAffinity));
      this.sessions.set(key, session);
    }
    return session.get();
  }

  private createSession(
    shape: readonly [number, number | string, number | string],
    withAffinity: boolean,
  ): Promise<Session> {
    return this.runtime.createSession(
      writeModel(activationTensors(this.network, shape, withAffinity)),
    );
  }
}

/** Bytes of values alive at once in the passes over crops of this side: every scale has a session of its own. */
export function activationBytes(
  network: Afa,
  { scales, side }: Required<ActivationOptions>,
): number {
  const largest = Math.max(...scales);
  const peaks = scales.map((scale) => {
    const length = scaledSide(side, scale);
    const outputs = activationTensors(network, [2, length, length], scale === largest);
    return peakBytes(Object.values(outputs));
  });
  return peaks.reduce((sum, bytes) => sum + bytes, 0);
}

function scaledSide(length: number, scale: number): number {
  return Math.max(smallestSide, Math.floor(scale * length));
}

/** `cam`, and of the first image `affinity`. */
function activationTensors(
  network: Afa,
  shape: readonly [number, number | string, number | string],
  withAffinity: boolean,
): Record<string, Tensor> {
  const { features, attention } = network.encoder.forward(imageInput(shape));
  const outputs: Record<string, Tensor> = { cam: network.classifier.activate(features[3]) };
  if (withAffinity) {
    const first = attention.map((logits) =>
      slice(logits, [0, 0, 0, 0], [1, ...logits.shape.slice(1)]),
    );
    outputs["affinity"] = network.attn_proj.forward(first);
  }
  return outputs;
}
