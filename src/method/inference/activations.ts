import {
  type Grid,
  type NdArray,
  type Runtime,
  type Session,
  type SessionOptions,
  type Tensor,
  concat,
  float32,
  largestBytes,
  peakBytes,
  slice,
  splitTree,
  writeModel,
} from "../../engine/graph/index.ts";
import { type Afa, type HiddenLayout, imageInput } from "../model/index.ts";
import type { Affinity, ScaledCam } from "../labels/index.ts";
import type { Maps } from "../images/maps.ts";
import { resizeMaps } from "../images/resize-maps.ts";
import { arraysOf, interleaved, smallestSide, type NetworkFeeds } from "./network-feeds.ts";
import { fastestGraph, fastestLayout } from "./fastest-layout.ts";
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
    if (side !== undefined) return (await this.runTogether([image], side))[0]!;
    const views = scales.map((scale) => viewsOf(image, scale));
    return activationsOf(await this.runEach(views), views[largestOf(scales)]!.shape);
  }

  /**
   * The same for several crops in one run: for GPUs, which compute few large operators faster than many small ones.
   * @param images normalized RGB, [3, side, side] each, of the `side` in the options
   */
  async runAll(images: readonly Maps[]): Promise<Activations[]> {
    const { side } = this.options;
    if (side === undefined)
      throw new Error(
        "activations: images of different sizes run one by one; give side, or use run",
      );
    return this.runTogether(images, side);
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await session.release();
    this.sessions.clear();
  }

  /** Activations of crops, with one graph for all scales: it prepares the weights once for all of them. */
  private async runTogether(images: readonly Maps[], side: number): Promise<Activations[]> {
    const { runtime, network } = this;
    const { scales } = this.options;
    const crops = images.length;
    const session = await this.session(
      `${side} ${crops}`,
      async () => {
        const layout = await fastestLayout(runtime);
        return fastestGraph(cropActivations(network, { scales, side, crops }, layout), layout);
      },
      // Only static graphs can run whole on a device: the CPU computes symbolic shapes.
      { whole: true },
    );
    const views = scales.map((scale) => allViews(images.map((image) => viewsOf(image, scale))));
    const names = views.map((_, i) => camName(i));
    const fed = views.map((view, i) => [imageName(i), view] as const);
    const feeds = { ...this.weightFeeds(), ...Object.fromEntries(fed) };
    const results = await session.run(feeds, fetchesOf([...names, "affinity"]));
    const cams = names.map((name) => parts(results[name]!, 2 * crops).map(mapsOf));
    const affinities = parts(results["affinity"]!, crops);
    return images.map((_, k) => {
      const own = cams.map((maps) => ({ plain: maps[k]!, flipped: maps[crops + k]! }));
      return activationsOf(
        { cams: own, affinity: affinities[k]! },
        views[largestOf(scales)]!.shape,
      );
    });
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
      const [plain, flipped] = parts(view, 2) as [NdArray, NdArray];
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
      return {
        ...activationTensors(network, view, withAffinity ? 1 : 0, await fastestLayout(runtime)),
      };
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
    outputs: () => Promise<Readonly<Record<string, Tensor>>>,
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

/** Images of several crops before their mirror images, [2 · crops, h, w, 3]. @param pairs [2, h, w, 3] each */
function allViews(pairs: readonly NdArray[]): NdArray {
  if (pairs.length === 1) return pairs[0]!;
  const [plain, flipped] = [0, 1].map((i) => pairs.map((pair) => parts(pair, 2)[i]!));
  const { shape, data } = plain![0]!;
  const joined = new Float32Array(2 * pairs.length * data.length);
  [...plain!, ...flipped!].forEach((view, i) =>
    joined.set(view.data as Float32Array, i * data.length),
  );
  return float32([2 * pairs.length, ...shape.slice(1)], joined);
}

/** Splits [count, …] into the values of each image, [1, …] each. */
function parts({ shape, data }: NdArray, count: number): NdArray[] {
  const values = data as Float32Array;
  const each = values.length / count;
  return Array.from({ length: count }, (_, i) =>
    float32([1, ...shape.slice(1)], values.subarray(i * each, (i + 1) * each)),
  );
}

/** @param shape of the views at the largest scale, [n, h, w, 3] */
function activationsOf({ cams, affinity }: Results, shape: readonly number[]): Activations {
  const [, height, width] = shape as [number, number, number, number];
  return {
    scales: cams,
    affinity: {
      width: Math.ceil(width / 16),
      height: Math.ceil(height / 16),
      data: affinity.data as Float32Array,
    },
  };
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

type CropOptions = Required<Pick<ActivationOptions, "scales" | "side">> & {
  /** Number of crops that are computed at once, 1 by default. */
  readonly crops?: number;
};

/** Largest number of bytes in use at once by the passes over a crop of this side. */
export function activationBytes(network: Afa, options: CropOptions): number {
  return peakBytes(Object.values(cropActivations(network, options)));
}

/** Largest number of bytes in use at once by the passes over a photograph whose long side, unscaled, is `side`. */
export function photographBytes(network: Afa, { scales, side }: CropOptions): number {
  const length = scaledSide(side, Math.max(...scales));
  return peakBytes(
    Object.values(activationTensors(network, imageInput([1, length, length]), 1, "maps")),
  );
}

/** Side, in pixels, up to which a crop and its mirror image are computed as one batch. */
const largestPair = 480;
/** Bytes of the largest array that every WebGPU device can bind. */
const largestBinding = 2 ** 27;

/**
 * Activations of crops at all scales. Inputs: `image.<scale>`, the crops, then their mirror images, [2 · crops, s, s, 3].
 * Outputs: `cam.<scale>`, [2 · crops, C, s/16, s/16], and `affinity` of the largest unflipped images, [crops, t, t]. Small
 * images are computed as pairs, which takes half the operators; large ones one after the other, which on a CPU is faster and
 * uses less memory. A GPU computes as many at once as it can bind.
 */
export function cropActivations(
  network: Afa,
  { scales, side, crops = 1 }: CropOptions,
  layout: HiddenLayout = "maps",
): Record<string, Tensor> {
  const largest = largestOf(scales);
  const outputs: Record<string, Tensor> = {};
  for (const [i, scale] of scales.entries()) {
    const length = scaledSide(side, scale);
    const images = imageInput([2 * crops, length, length], imageName(i));
    const together =
      layout === "gpu" ? mostAtOnce(network, length, crops) : length > largestPair ? 1 : 2;
    const results = partsOf(images, 2 * crops, together).map((part, k) => {
      const plain = i === largest ? Math.min(together, Math.max(0, crops - k * together)) : 0;
      return activationTensors(network, part, plain, layout);
    });
    const joined = (name: "cam" | "affinity"): Tensor[] =>
      results.flatMap((result) => result[name] ?? []);
    outputs[camName(i)] = concat(joined("cam"), 0);
    if (i === largest) outputs["affinity"] = concat(joined("affinity"), 0);
  }
  return outputs;
}

/** Splits images into parts of this many. */
function partsOf({ tokens, h, w }: Grid, count: number, each: number): Grid[] {
  if (each === count) return [{ tokens, n: count, h, w }];
  const rows = (tokens.shape[0] as number) / (count / each);
  const sizes = Array<number>(count / each).fill(rows);
  return splitTree(tokens, sizes).map((part) => ({ tokens: part, n: each, h, w }));
}

/** Number of images that a GPU computes at once: all, or a divisor of the crops, so that a part has no mirror images. */
function mostAtOnce(network: Afa, length: number, crops: number): number {
  const one = activationTensors(network, imageInput([1, length, length]), 1, "gpu");
  const fitting = largestBinding / largestBytes(Object.values(one));
  if (2 * crops <= fitting) return 2 * crops;
  for (let count = crops; count > 1; count--)
    if (crops % count === 0 && count <= fitting) return count;
  return 1;
}

/** The tensor `cam`, and `affinity` of the first images. @param affinities their number */
function activationTensors(
  network: Afa,
  image: Grid,
  affinities: number,
  layout: HiddenLayout,
): { cam: Tensor; affinity?: Tensor } {
  // Without gradients, keys and values in one product take no operator less.
  const hidden = layout === "gpu" ? "maps" : layout;
  const { features, attention } = network.encoder.forward(image, null, hidden);
  const cam = network.classifier.activate(features[3]);
  if (affinities === 0) return { cam };
  const first = attention.map(({ logits, scale }) => ({
    logits: firstOf(logits, affinities),
    scale,
  }));
  return { cam, affinity: network.attn_proj.forward(first) };
}

/** Attention logits of the first images, [count, heads, t, t]. */
function firstOf(logits: Tensor, count: number): Tensor {
  // Logits of a single image have no batch axis.
  if (logits.rank === 3) return logits;
  return slice(logits, [0, 0, 0, 0], [count, ...logits.shape.slice(1)]);
}
