import type { NdArray, Runtime } from "../../engine/graph/index.ts";
import type { Afa } from "../model/index.ts";
import type { Maps } from "../images/maps.ts";
import { resizeMaps } from "../images/resize-maps.ts";
import { planesOf, smallestSide, type NetworkFeeds } from "./network-feeds.ts";
import { ForwardPass, type Forward, type ForwardPassOptions, type Logits } from "./forward.ts";

/** Prediction for one image. */
export interface Prediction {
  /** Class logits, [C]; above 0 the class is predicted present. */
  readonly clsLogits: Float32Array;
  /** Segmentation logits, [C + 1, h/4, w/4]. */
  readonly segLogits: Maps;
}

export interface PredictOptions {
  /** Factors on the image's sides; the maximum of their logits is taken. */
  readonly scales?: readonly number[];
  /** Average with the logits of the mirror image. */
  readonly flip?: boolean;
}

/** Tags and segmentation of images of any size, from a network or from an exported model. */
export class Predictor {
  constructor(private readonly forward: Forward) {}

  /** Runs a network in evaluation mode. Unless frozen, its parameters are read for every image. */
  static of(
    runtime: Runtime,
    network: Afa,
    parameters: NetworkFeeds,
    options: ForwardPassOptions = {},
  ): Predictor {
    const names = ["clsLogits", "segLogits"] as const;
    return new Predictor(new ForwardPass(runtime, network, parameters, names, options));
  }

  /**
   * Tags and segmentation logits of an image (method 3.1). Segmentation logits are the maximum over the scales, on the
   * grid of scale 1; class logits are those of scale 1 without the mirror image. If 1 is not among the scales, the one
   * nearest to it takes its place.
   * @param image normalized RGB, [3, h, w]
   */
  async predict(
    image: Maps,
    { scales = [1], flip = false }: PredictOptions = {},
  ): Promise<Prediction> {
    let best: Prediction | null = null;
    const distanceToOne = (scale: number): number => Math.abs(Math.log(scale));
    for (const scale of [...scales].sort((a, b) => distanceToOne(a) - distanceToOne(b))) {
      const one = await this.single(scaled(image, scale), flip);
      if (!best) {
        best = one;
        continue;
      }
      const { width, height, data } = best.segLogits;
      const other = resizeMaps(one.segLogits, width, height).data;
      for (let i = 0; i < data.length; i++) if (other[i]! > data[i]!) data[i] = other[i]!;
    }
    return best!;
  }

  /**
   * Tags and segmentation logits at scale 1, without the mirror image.
   * @param image normalized RGB, [1, h, w, 3]; its array may be transferred to another thread and must not be used
   * afterwards
   */
  async predictPixels(image: NdArray): Promise<Prediction> {
    if (!this.forward.runPixels) return this.predict(planesOf(image));
    return predictionOf(await this.forward.runPixels(image), false);
  }

  /** Starts creating the session, so that the first image need not wait for it. */
  warmUp(): void {
    this.forward.warmUp();
  }

  release(): Promise<void> {
    return this.forward.release();
  }

  private async single(image: Maps, flip: boolean): Promise<Prediction> {
    return predictionOf(await this.forward.run(batchOf(image, flip)), flip);
  }
}

/** Prediction for an image; with `mirrored` the mean of those for the image and for its mirror image. */
function predictionOf({ clsLogits: cls, segLogits: seg }: Logits, mirrored: boolean): Prediction {
  const [, count, height, width] = seg.shape as [number, number, number, number];
  const both = seg.data as Float32Array;
  const data = mirrored ? both.slice(0, count * height * width) : both;
  if (mirrored) average(data, both, width);
  const clsLogits = (cls.data as Float32Array).slice(0, cls.shape[1]);
  return { clsLogits, segLogits: { count, width, height, data } };
}

/** [3, h, w] to [1, 3, h, w], or to [2, 3, h, w] with the mirror image second. */
function batchOf({ count, width, height, data: source }: Maps, mirrored: boolean): NdArray {
  const size = source.length;
  if (!mirrored) return { dtype: "float32", shape: [1, count, height, width], data: source };
  const data = new Float32Array(2 * size);
  data.set(source);
  for (let row = 0; row < size; row += width) {
    for (let x = 0; x < width; x++) data[size + row + width - 1 - x] = source[row + x]!;
  }
  return { dtype: "float32", shape: [2, count, height, width], data };
}

/**
 * Resizes an image by a factor. As in the published code, source coordinates follow from the factor, not from the
 * rounded sides.
 */
function scaled(image: Maps, scale: number): Maps {
  const [width, height] = [Math.floor(image.width * scale), Math.floor(image.height * scale)];
  if (Math.min(width, height) >= smallestSide) return resizeMaps(image, width, height, { scale });
  return resizeMaps(image, Math.max(smallestSide, width), Math.max(smallestSide, height));
}

/** Mean of the first image's logits and the second image's mirrored ones, written to `data`. */
function average(data: Float32Array, both: Float32Array, width: number): void {
  for (let i = 0; i < data.length; i++) {
    const x = i % width;
    data[i] = (data[i]! + both[data.length + i + width - 1 - 2 * x]!) / 2;
  }
}
