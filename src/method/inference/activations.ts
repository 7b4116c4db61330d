import {
  type Grid,
  type NdArray,
  type Runtime,
  type Session,
  type SessionOptions,
  type Tensor,
  concat,
  float32,
  peakBytes,
  slice,
  split,
  writeModel,
} from "../../engine/graph/index.ts";
import { type Afa, type HiddenLayout, imageInput } from "../model/index.ts";
import type { Affinity, ScaledCam } from "../labels/index.ts";
import type { Maps } from "../images/maps.ts";
import { resizeMaps } from "../images/resize-maps.ts";
import { arraysOf, interleaved, smallestSide, type NetworkFeeds } from "./network-feeds.ts";
import { fastestLayout } from "./fastest-layout.ts";
import { LazySession } from "./lazy-session.ts";

/** Raw class activations of an image at every scale, and the affinity at the largest scale. */
export interface Activations {
  readonly scales: readonly ScaledCam[];
  /** Affinity of the unflipped image. */
  readonly affinity: Affinity;
}

export interface ActivationOptions {
  /** Factors on the image's sides (method 2.3: 1, 0.5, 1.5). */
  readonly scales: readonly number[];
  /** Side of the images if all are squares of one size: a static graph is faster than a dynamic one. */
  readonly side?: number;
  /** Makes the weights part of the sessions, see `ForwardPassOptions`. */
  readonly frozen?: boolean;
}

/**
 * Runs the encoder without the decoder, in evaluation mode, on an image and its mirror image at several scales (method
 * 2.3). Sessions are created when first needed.
 */
export class ActivationPass {
  private readonly sessions = new Map<string, LazySession>();

  constructor(
    private readonly runtime: Runtime,
    private readonly network: Afa,
    private readonly parameters: NetworkFeeds,
    private readonly options: ActivationOptions,
  ) {}

  /** @param image normalized RGB, [3, h, w] */
  async run(image: Maps): Promise<Activations> {
    const { scales, side } = this.options;
    const views = scales.map((scale) => viewsOf(image, scale));
    const { cams, affinity } =
      side === undefined ? await this.runEach(views) : await this.runTogether(views, side);
    const [, height, width] = views[largestOf(scales)]!.shape as [number, number, number, number];
    return {
      scales: cams,
      affinity: {
        width: Math.ceil(width / 16),
        height: Math.ceil(height / 16),
        data: affinity.data as Float32Array,
      },
    };
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await session.release();
    this.sessions.clear();
  }

  /** Activations of a crop, with one graph for all scales: it prepares the weights once for all of them. */
  private async runTogether(views: readonly NdArray[], side: number): Promise<Results> {
    const { runtime, network } = this;
    const { scales } = this.options;
    const session = await this.session(
      `${side}`,
      async () => cropActivations(network, { scales, side }, await fastestLayout(runtime)),
      // Only static graphs can run whole on a device: the CPU computes symbolic shapes.
      { whole: true },
    );
    const images = views.map((view, i) => [imageName(i), view] as const);
    const names = views.map((_, i) => camName(i));
    const feeds = { ...this.weightFeeds(), ...Object.fromEntries(images) };
    const results = await session.run(feeds, fetchesOf([...names, "affinity"]));
    const cams = names.map((name) => {
      const [plain, flipped] = halves(results[name]!);
      return { plain: mapsOf(plain), flipped: mapsOf(flipped) };
    });
    return { cams, affinity: results["affinity"]! };
  }

  /**
   * Activations of a photograph of any size, with one graph of symbolic sizes that runs for one view after the other:
   * the attention matrices of only one view are in memory at a time.
   */
  private async runEach(views: readonly NdArray[]): Promise<Results> {
    const largest = largestOf(this.options.scales);
    const cams: ScaledCam[] = [];
    let affinity: NdArray | undefined;
    for (const [i, view] of views.entries()) {
      const [plain, flipped] = halves(view);
      const first = await this.runOne(plain, i === largest);
      const second = await this.runOne(flipped, false);
      cams.push({ plain: mapsOf(first["cam"]!), flipped: mapsOf(second["cam"]!) });
      affinity ??= first["affinity"];
    }
    return { cams, affinity: affinity! };
  }

  private async runOne(
    image: NdArray,
    withAffinity: boolean,
  ): Promise<Readonly<Record<string, NdArray>>> {
    const { runtime, network } = this;
    const session = await this.session(`any ${withAffinity}`, async () => {
      const view = imageInput([1, "h", "w"]);
      return activationTensors(network, view, withAffinity, await fastestLayout(runtime));
    });
    const names = withAffinity ? ["cam", "affinity"] : ["cam"];
    return session.run({ ...this.weightFeeds(), image }, fetchesOf(names));
  }

  /** The weights, unless they are part of the sessions. */
  private weightFeeds(): NetworkFeeds {
    return this.options.frozen === true ? {} : this.parameters;
  }

  private session(
    key: string,
    outputs: () => Promise<Record<string, Tensor>>,
    options: SessionOptions = {},
  ): Promise<Session> {
    let session = this.sessions.get(key);
    if (!session) {
      session = new LazySession(async () => {
        const weights =
          this.options.frozen === true ? { initializers: arraysOf(this.parameters) } : {};
        const model = writeModel(await outputs(), weights);
        return this.runtime.createSession(model, { ...options, transfer: true });
      });
      this.sessions.set(key, session);
    }
    return session.get();
  }
}

interface Results {
  readonly cams: readonly ScaledCam[];
  readonly affinity: NdArray;
}

/** An image at one scale and its mirror image, as the network reads them: [2, h, w, 3]. */
function viewsOf(image: Maps, scale: number): NdArray {
  const height = scaledSide(image.height, scale);
  const width = scaledSide(image.width, scale);
  return interleaved(resizeMaps(image, width, height), true);
}

/** Splits [2, …] into the values of an image and those of its mirror image, [1, …] each. */
function halves({ shape, data }: NdArray): [NdArray, NdArray] {
  const values = data as Float32Array;
  const half = values.length / 2;
  const part = (i: number): NdArray =>
    float32([1, ...shape.slice(1)], values.subarray(i * half, (i + 1) * half));
  return [part(0), part(1)];
}

function fetchesOf(names: readonly string[]): Record<string, null> {
  return Object.fromEntries(names.map((name) => [name, null]));
}

function mapsOf({ shape, data }: NdArray): Maps {
  const [, count, height, width] = shape as [number, number, number, number];
  return { count, width, height, data: data as Float32Array };
}

const imageName = (scale: number): string => `image.${scale}`;
const camName = (scale: number): string => `cam.${scale}`;

function largestOf(scales: readonly number[]): number {
  return scales.indexOf(Math.max(...scales));
}

function scaledSide(length: number, scale: number): number {
  return Math.max(smallestSide, Math.floor(scale * length));
}

type CropOptions = Required<Pick<ActivationOptions, "scales" | "side">>;

/** Largest number of bytes in use at once by the passes over a crop of this side. */
export function activationBytes(network: Afa, options: CropOptions): number {
  return peakBytes(Object.values(cropActivations(network, options)));
}

/** Largest number of bytes in use at once by the passes over a photograph whose long side, unscaled, is `side`. */
export function photographBytes(network: Afa, { scales, side }: CropOptions): number {
  const length = scaledSide(side, Math.max(...scales));
  return peakBytes(
    Object.values(activationTensors(network, imageInput([1, length, length]), true, "maps")),
  );
}

/** Side, in pixels, up to which a crop and its mirror image are computed as one batch. */
const largestPair = 480;

/**
 * Activations of a crop at all scales. Inputs: `image.<scale>`, the crop and its mirror image, [2, s, s, 3]. Outputs:
 * `cam.<scale>`, [2, C, s/16, s/16], and `affinity` of the largest unflipped image, [1, t, t]. Small images are
 * computed as pairs, which takes half the operators; large ones one after the other, which is faster and uses less
 * memory.
 */
export function cropActivations(
  network: Afa,
  { scales, side }: CropOptions,
  layout: HiddenLayout = "maps",
): Record<string, Tensor> {
  const largest = largestOf(scales);
  const outputs: Record<string, Tensor> = {};
  for (const [i, scale] of scales.entries()) {
    const length = scaledSide(side, scale);
    const pair = imageInput([2, length, length], imageName(i));
    const parts = length > largestPair ? singles(pair) : [pair];
    const results = parts.map((part, k) =>
      activationTensors(network, part, i === largest && k === 0, layout),
    );
    const cams = results.map(({ cam }) => cam!);
    outputs[camName(i)] = concat(cams, 0);
    const { affinity } = results[0]!;
    if (affinity) outputs["affinity"] = affinity;
  }
  return outputs;
}

/** Splits a pair into single images. */
function singles({ tokens, h, w }: Grid): Grid[] {
  const each = (tokens.shape[0] as number) / 2;
  return split(tokens, [each, each], 0).map((half) => ({ tokens: half, n: 1, h, w }));
}

/** The tensor `cam`, and with `withAffinity` also `affinity` of the first image. */
function activationTensors(
  network: Afa,
  image: Grid,
  withAffinity: boolean,
  layout: HiddenLayout,
): Record<string, Tensor> {
  const { features, attention } = network.encoder.forward(image, null, layout);
  const outputs: Record<string, Tensor> = { cam: network.classifier.activate(features[3]) };
  if (withAffinity) {
    const first = attention.map(({ logits, scale }) => ({ logits: firstOf(logits), scale }));
    outputs["affinity"] = network.attn_proj.forward(first);
  }
  return outputs;
}

/** Attention logits of the first of several images, [1, heads, t, t]. */
function firstOf(logits: Tensor): Tensor {
  // Logits of a single image have no batch axis.
  if (logits.rank === 3) return logits;
  return slice(logits, [0, 0, 0, 0], [1, ...logits.shape.slice(1)]);
}
