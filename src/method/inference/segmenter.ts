import type { Image, LabelMap } from "../images/image.ts";
import { ActivationPass } from "./activations.ts";
import { meanLogitMargin } from "../images/margin.ts";
import { planesOf } from "./feeds.ts";
import { ExportedForward } from "./forward.ts";
import type { RefineLogits } from "../eval/look.ts";
import { networkImage, pixelsWithLongSide } from "./network-image.ts";
import { labelsOf, Predictor } from "./predictor.ts";
import { refinedLabel } from "./refined-label.ts";
import type { Runtime } from "../../engine/graph/index.ts";
import { mergeCam, Par, propagateAffinity } from "../labels/index.ts";
import { UserError } from "../../user-error.ts";
import type { DeviceChoice, DeviceName } from "../../host/devices.ts";
import { resolveDevice } from "../../host/node/ort/devices.ts";
import { readImage } from "../../host/node/images/images.ts";
import type { OpenedModel } from "../../jobs/open-model.ts";
import { openAnyModel, type ExportedModel } from "../../jobs/open-exported-model.ts";
import { nodeRuntime } from "../../host/node/ort/runtime.ts";
import type { SessionPool } from "../../host/node/workers/session-pool.ts";

export interface SegmentOptions {
  /** Factors on the image's sides; the maximum of their logits is taken. */
  readonly scales?: readonly number[];
  /** Average with the logits of the mirror image. */
  readonly flip?: boolean;
  /** The network sees images resized to this long side; `eval.longSide` of the model if not given. */
  readonly longSide?: number;
  /** Turns the logits into labels along the image's colors (dense CRF, method 3.2). */
  readonly crf?: RefineLogits;
}

export interface SegmenterOptions {
  readonly device?: DeviceName | DeviceChoice;
  /**
   * Images that `segment` may compute at the same time, each in a thread of its own, with the cores divided
   * among them: for many images at once on a CPU. The others of a call wait for their turn.
   */
  readonly lanes?: number;
  /** Instead of `lanes`: threads that were started before. They end with the segmenter. */
  readonly pool?: SessionPool;
}

/** Labels of every pixel of an image, at its own size. */
export interface Segmentation extends LabelMap {
  /** Foreground class names; label i + 1 is classes[i], 0 is background. */
  readonly classes: readonly string[];
  /** Classes that the tag classifier finds in the image, from 0. */
  readonly tags: readonly number[];
  /**
   * How far the best class is ahead of the second, in probability, averaged over the pixels, 0..1. From
   * `segment`: of the softmax of its logits on their own grid, before any CRF. From `label`: of the
   * propagated and refined scores of background and the tagged classes, each pixel's divided by their
   * sum; 1 without tags, for then all is background. Compare like with like: the two differ in scale.
   */
  readonly confidence: number;
}

/** A trained model at work on images: masks for any image, and better ones where the tags are known. */
export class Segmenter {
  private readonly par: Par;

  private constructor(
    readonly model: OpenedModel | ExportedModel,
    readonly predictor: Predictor,
    /** Null for an exported model, which can only segment. */
    readonly activations: ActivationPass | null,
    /** What it computes on. */
    readonly device: string,
    /** The threads it computes in, if not the caller's. */
    private readonly pool: SessionPool | null,
  ) {
    const { parIterations: iterations, parDilations: dilations } = model.config.pseudo;
    this.par = new Par({ iterations, dilations });
  }

  /**
   * @param source a run folder, a weights file, an exported .onnx model or a folder that transformers.js
   * loads; or what `openModel` or `openAnyModel` made of it
   */
  static async open(
    source: string | OpenedModel | ExportedModel,
    { device = "auto", lanes = 1, pool: started }: SegmenterOptions = {},
  ): Promise<Segmenter> {
    const choice = await resolveDevice(device);
    // Its threads start while the model is read.
    const wanted = lanes > 1 && choice.device === "cpu";
    const pool = started ?? (wanted ? await startPool(lanes) : null);
    try {
      const model = typeof source === "string" ? await openAnyModel(source) : source;
      const runtime = nodeRuntime({ device: choice.device });
      const predictor = await openPredictor(model, pool ?? runtime);
      const activations = openActivations(model, runtime, pool);
      return new Segmenter(model, predictor, activations, runtime.device, pool);
    } catch (error) {
      await pool?.close();
      throw error;
    }
  }

  get classes(): readonly string[] {
    return this.model.classes;
  }

  /** Images that are computed at the same time. */
  get lanes(): number {
    return this.pool?.width ?? 1;
  }

  /** Begins to prepare what `segment` needs, which its first call otherwise does. */
  warmUp(): void {
    this.predictor.warmUp();
  }

  /** Masks from the segmentation branch, for any image (method 3.1). @param image a file or pixels */
  async segment(
    image: string | Image,
    { scales = [1], flip = false, longSide, crf }: SegmentOptions = {},
  ): Promise<Segmentation> {
    const pixels = await this.pixels(image);
    const { data: normalization, eval: evaluation } = this.model.config;
    const input = pixelsWithLongSide(pixels, normalization, longSide ?? evaluation.longSide);
    const { clsLogits, segLogits } =
      flip || scales.join() !== "1"
        ? await this.predictor.predict(planesOf(input), { scales, flip })
        : await this.predictor.predictPixels(input);
    const tags = [...clsLogits.keys()].filter((c) => clsLogits[c]! > 0);
    const confidence = meanLogitMargin(segLogits);
    const { width, height, data } = crf
      ? await crf(pixels, segLogits)
      : labelsOf(segLogits, pixels.width, pixels.height);
    return { width, height, data, classes: this.classes, tags, confidence };
  }

  /**
   * Masks for an image whose tags are known: class activations, one step of the random walk along the
   * learned affinity, pixel-adaptive refinement (method 2.3, 2.6 and 2.8). Every pixel gets a label.
   * @param tags classes present, from 0
   */
  async label(image: string | Image, tags: readonly number[]): Promise<Segmentation> {
    const activations = this.needActivations();
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
        confidence: 1,
      };
    }
    const input = networkImage(pixels, data, evaluation.maxSide);
    const { scales, affinity } = await activations.run(input);
    const cam = mergeCam(scales, classes, input.width, input.height);
    const [walked] = propagateAffinity(cam, affinity, {
      backgrounds: [pseudo.lowThreshold],
      radius: pseudo.radius,
    });
    const { labels, confidence } = refinedLabel(pixels, walked!, classes, this.par);
    return { ...labels, classes: this.classes, tags: classes, confidence };
  }

  /** The activations that labels are made of; a UserError for an exported model, which has none. */
  needActivations(): ActivationPass {
    if (this.activations) return this.activations;
    throw new UserError(
      `${this.model.file}: an exported model only segments; for labels from tags and for activation maps give ` +
        "the run folder or the weights it was made of",
    );
  }

  async release(): Promise<void> {
    await this.predictor.release();
    await this.activations?.release();
    await this.pool?.close();
  }

  private async pixels(image: string | Image): Promise<Image> {
    return typeof image === "string" ? await readImage(image) : image;
  }
}

async function startPool(lanes: number): Promise<SessionPool> {
  const { sharedPool } = await import("../../host/node/workers/session-pool.ts");
  return sharedPool(lanes);
}

async function openPredictor(
  model: OpenedModel | ExportedModel,
  runtime: Runtime,
): Promise<Predictor> {
  if (model.network !== null) {
    return Predictor.of(runtime, model.network, model.parameters, { frozen: true });
  }
  const { file, classes } = model;
  const forward = new ExportedForward(runtime, file, file, classes.length);
  await forward.check();
  return new Predictor(forward);
}

function openActivations(
  model: OpenedModel | ExportedModel,
  runtime: Runtime,
  pool: SessionPool | null,
): ActivationPass | null {
  if (model.network === null) return null;
  const { network, parameters, config } = model;
  const { scales } = config.pseudo;
  // To threads weights go once, with the session, and not with every image.
  return new ActivationPass(pool ?? runtime, network, parameters, {
    scales,
    frozen: pool !== null,
  });
}
