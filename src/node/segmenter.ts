import type { Image, LabelMap } from "../data/sample.ts";
import { ActivationPass } from "../eval/activations.ts";
import { networkImage, withLongSide } from "../eval/network-image.ts";
import { labelsOf, Predictor } from "../eval/predictor.ts";
import { refinedLabel } from "../eval/refined-label.ts";
import { mergeCam, Par, propagate } from "../pseudo/index.ts";
import { resolveDevice, type DeviceChoice, type DeviceName } from "./devices.ts";
import { readImage } from "./images.ts";
import { openModel, type OpenedModel } from "./model-file.ts";
import { nodeRuntime } from "./runtime.ts";

export interface SegmentOptions {
  /** Factors on the image's sides; the maximum of their logits is taken. */
  readonly scales?: readonly number[];
  /** Average with the logits of the mirror image. */
  readonly flip?: boolean;
}

/** Labels of every pixel of an image, at its own size. */
export interface Segmentation extends LabelMap {
  /** Foreground class names; label i + 1 is classes[i], 0 is background. */
  readonly classes: readonly string[];
  /** Classes that the tag classifier finds in the image, from 0. */
  readonly tags: readonly number[];
}

/** A trained model at work on images: masks for any image, and better ones where the tags are known. */
export class Segmenter {
  private readonly par: Par;

  private constructor(
    readonly model: OpenedModel,
    readonly predictor: Predictor,
    readonly activations: ActivationPass,
    /** What it computes on. */
    readonly device: string,
  ) {
    const { parIterations: iterations, parDilations: dilations } = model.config.pseudo;
    this.par = new Par({ iterations, dilations });
  }

  /** @param source a run folder, a .safetensors file that a run wrote, or what `openModel` made of it */
  static async open(
    source: string | OpenedModel,
    { device = "auto" }: { device?: DeviceName | DeviceChoice } = {},
  ): Promise<Segmenter> {
    const model = typeof source === "string" ? await openModel(source) : source;
    const runtime = nodeRuntime({ device: (await resolveDevice(device)).device });
    const { network, parameters, config } = model;
    return new Segmenter(
      model,
      new Predictor(runtime, network, parameters),
      new ActivationPass(runtime, network, parameters, { scales: config.pseudo.scales }),
      runtime.device,
    );
  }

  get classes(): readonly string[] {
    return this.model.classes;
  }

  /** Masks from the segmentation branch, for any image (method section 11). @param image a file or pixels */
  async segment(
    image: string | Image,
    { scales = [1], flip = false }: SegmentOptions = {},
  ): Promise<Segmentation> {
    const pixels = await this.pixels(image);
    const { config } = this.model;
    const input = withLongSide(pixels, config.data, config.eval.longSide);
    const { clsLogits, segLogits } = await this.predictor.predict(input, { scales, flip });
    const tags = [...clsLogits.keys()].filter((c) => clsLogits[c]! > 0);
    return { ...labelsOf(segLogits, pixels.width, pixels.height), classes: this.classes, tags };
  }

  /**
   * Masks for an image whose tags are known: class activations, one step of the random walk along the
   * learned affinity, pixel-adaptive refinement (method sections 3, 6 and 7). Every pixel gets a label.
   * @param tags classes present, from 0
   */
  async label(image: string | Image, tags: readonly number[]): Promise<Segmentation> {
    const pixels = await this.pixels(image);
    const { width, height } = pixels;
    const classes = [...new Set(tags)].sort((a, b) => a - b);
    const { pseudo, data, eval: evaluation } = this.model.config;
    if (classes.length === 0) {
      return {
        width,
        height,
        data: new Uint8Array(width * height),
        classes: this.classes,
        tags: [],
      };
    }
    const input = networkImage(pixels, data, evaluation.maxSide);
    const { scales, affinity } = await this.activations.run(input);
    const cam = mergeCam(scales, classes, input.width, input.height);
    const [walked] = propagate(cam, affinity, {
      backgrounds: [pseudo.lowThreshold],
      radius: pseudo.radius,
    });
    const labels = refinedLabel(pixels, walked!, classes, this.par);
    return { ...labels, classes: this.classes, tags: classes };
  }

  async release(): Promise<void> {
    await this.predictor.release();
    await this.activations.release();
  }

  private async pixels(image: string | Image): Promise<Image> {
    return typeof image === "string" ? await readImage(image) : image;
  }
}
