import type { Grid, NdArray, Runtime, Session, SessionOptions, Tensor } from "../graph/index.ts";
import { float32, peakBytes, writeModel } from "../graph/index.ts";
import type { Afa, HiddenLayout } from "../model/index.ts";
import { imageInput } from "../model/index.ts";
import type { Affinity, Maps, ScaledCam } from "../pseudo/index.ts";
import { resize } from "../pseudo/index.ts";
import { arraysOf, interleaved, smallestSide, type Parameters } from "./feeds.ts";
import { fastestLayout } from "./fastest-layout.ts";
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
  /** Makes the weights part of the sessions, as in `ForwardPassOptions`. */
  readonly frozen?: boolean;
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
    const views = scales.map((scale) => viewsOf(image, scale));
    const results =
      side === undefined ? await this.runEach(views) : await this.runTogether(views, side);
    const { width, height } = views[largestOf(scales)]!;
    return {
      scales: views.map((_, i) => ({
        plain: mapsOf(results[nameOf("cam", i, "plain")]!),
        flipped: mapsOf(results[nameOf("cam", i, "flipped")]!),
      })),
      affinity: {
        width: Math.ceil(width / 16),
        height: Math.ceil(height / 16),
        data: results["affinity"]!.data as Float32Array,
      },
    };
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await session.release();
    this.sessions.clear();
  }

  /** Crops, all of one size: one graph for all views, which prepares the weights once for all of them. */
  private async runTogether(views: readonly View[], side: number): Promise<Results> {
    const { runtime, network } = this;
    const { scales } = this.options;
    const session = await this.session(
      `${side}`,
      async () => cropActivations(network, { scales, side }, await fastestLayout(runtime)),
      // Of symbolic sizes the CPU always computes the shapes.
      { whole: true },
    );
    const images = views.flatMap((view, i) =>
      mirrors.map((mirror) => [nameOf("image", i, mirror), view[mirror]] as const),
    );
    const cams = views.flatMap((_, i) => mirrors.map((mirror) => nameOf("cam", i, mirror)));
    const feeds = { ...this.fed(), ...Object.fromEntries(images) };
    return session.run(feeds, fetchesOf([...cams, "affinity"]));
  }

  /**
   * Whole photographs, of any size: one graph with symbolic sizes, run for one view after the other, so
   * that only one view's attention matrices are in memory at a time.
   */
  private async runEach(views: readonly View[]): Promise<Results> {
    const largest = largestOf(this.options.scales);
    const results: Record<string, NdArray> = {};
    for (const [i, view] of views.entries()) {
      for (const mirror of mirrors) {
        const withAffinity = i === largest && mirror === "plain";
        const session = await this.session(`any ${withAffinity}`, async () =>
          activationTensors(
            this.network,
            imageInput([1, "h", "w"]),
            withAffinity,
            await fastestLayout(this.runtime),
          ),
        );
        const wanted = withAffinity ? ["cam", "affinity"] : ["cam"];
        const feeds = { ...this.fed(), image: view[mirror] };
        const { cam, affinity } = await session.run(feeds, fetchesOf(wanted));
        results[nameOf("cam", i, mirror)] = cam!;
        if (affinity) results["affinity"] = affinity;
      }
    }
    return results;
  }

  /** The weights, unless the sessions have them. */
  private fed(): Parameters {
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
        return this.runtime.createSession(model, { ...options, given: true });
      });
      this.sessions.set(key, session);
    }
    return session.get();
  }
}

type Results = Readonly<Record<string, NdArray>>;
type Mirror = "plain" | "flipped";
const mirrors: readonly Mirror[] = ["plain", "flipped"];

/** An image at one scale as the network reads it, and its mirror image: [1, h, w, 3]. */
interface View extends Readonly<Record<Mirror, NdArray>> {
  readonly width: number;
  readonly height: number;
}

function viewsOf(image: Maps, scale: number): View {
  const height = scaledSide(image.height, scale);
  const width = scaledSide(image.width, scale);
  const pair = interleaved(resize(image, width, height), true).data as Float32Array;
  const half = pair.length / 2;
  const view = (data: Float32Array): NdArray => float32([1, height, width, 3], data);
  const plain = view(pair.subarray(0, half));
  return { width, height, plain, flipped: view(pair.subarray(half)) };
}

function fetchesOf(names: readonly string[]): Record<string, null> {
  return Object.fromEntries(names.map((name) => [name, null]));
}

function mapsOf({ shape, data }: NdArray): Maps {
  const [, count, height, width] = shape as [number, number, number, number];
  return { count, width, height, data: data as Float32Array };
}

/** What a view's input or output is called in the graph of all views. */
function nameOf(kind: "image" | "cam", scale: number, mirror: Mirror): string {
  return `${kind}.${scale}.${mirror}`;
}

function largestOf(scales: readonly number[]): number {
  return scales.indexOf(Math.max(...scales));
}

function scaledSide(length: number, scale: number): number {
  return Math.max(smallestSide, Math.floor(scale * length));
}

type CropOptions = Required<Pick<ActivationOptions, "scales" | "side">>;

/** Bytes of values alive at once in the passes over a crop of this side. */
export function activationBytes(network: Afa, options: CropOptions): number {
  return peakBytes(Object.values(cropActivations(network, options)));
}

/** Bytes of values alive at once in the passes over a photograph whose long side, unscaled, is `side`. */
export function photographBytes(network: Afa, { scales, side }: CropOptions): number {
  const length = scaledSide(side, Math.max(...scales));
  return peakBytes(
    Object.values(activationTensors(network, imageInput([1, length, length]), true, "maps")),
  );
}

/**
 * Everything that is asked of a crop: from the inputs `image.<scale>.plain` and `.flipped`, [1, s, s, 3], the
 * outputs `cam.<scale>.plain` and `.flipped`, and `affinity` of the largest unflipped.
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
    for (const mirror of mirrors) {
      const image = imageInput([1, length, length], nameOf("image", i, mirror));
      const withAffinity = i === largest && mirror === "plain";
      const { cam, affinity } = activationTensors(network, image, withAffinity, layout);
      outputs[nameOf("cam", i, mirror)] = cam!;
      if (affinity) outputs["affinity"] = affinity;
    }
  }
  return outputs;
}

/** `cam`, and `affinity` if asked for. */
function activationTensors(
  network: Afa,
  image: Grid,
  withAffinity: boolean,
  layout: HiddenLayout,
): Record<string, Tensor> {
  const { features, attention } = network.encoder.forward(image, null, layout);
  const outputs: Record<string, Tensor> = { cam: network.classifier.activate(features[3]) };
  if (withAffinity) outputs["affinity"] = network.attn_proj.forward(attention);
  return outputs;
}
