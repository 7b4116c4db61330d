import type { Runtime } from "../../engine/graph/index.ts";
import type { ImageCodec } from "../../host/codec.ts";
import type { RuntimePool } from "../../host/host.ts";
import { UserError } from "../../user-error.ts";
import type { Image, LabelMap } from "../images/image.ts";
import type { Maps } from "../images/maps.ts";
import { labelsOf } from "../images/labels-of-logits.ts";
import {
  type Affinity,
  mergeCam,
  propagateAffinity,
  type Thresholds,
  windowRadius,
} from "../labels/index.ts";
import { withBackground } from "../labels/pseudo-label.ts";
import { type Par, parOf } from "../refine/par.ts";
import { ActivationPass } from "./activations.ts";
import { planesOf } from "./network-feeds.ts";
import { ExportedForward } from "./forward.ts";
import type { ExportedModel, OpenedModel } from "./model.ts";
import { networkImage, pixelsWithLongSide } from "./long-side.ts";
import { Predictor, type Prediction } from "./predictor.ts";
import type { RefineLogits } from "./refine-logits.ts";
import { refinedLabel, sureLabel, type RatedLabels } from "./refined-label.ts";
import { expectedIou } from "../images/expected-iou.ts";
import { labelsOfClasses, logitsOfClasses } from "./known-tags.ts";
import type { TagMaskSource } from "./label-source.ts";

export interface SegmentOptions {
  /** Factors on the image's sides, whose logits are combined by their maximum. */
  readonly scales?: readonly number[];
  /** Average with the logits of the mirror image. */
  readonly flip?: boolean;
  /** Long side that images are resized to for the network; `eval.longSide` of the model by default. */
  readonly longSide?: number;
  /** Turns logits into labels that follow the image's colors, such as a dense CRF (method 3.2). */
  readonly crf?: RefineLogits;
}

export interface LabelOptions extends SegmentOptions {
  /** Branch that the mask comes from; `affinity` by default. The other options are those of `segmentation` alone. */
  readonly from?: TagMaskSource;
  /**
   * Background scores for masks of `affinity` and `cam`, 0..1, low at most high: pixels on which they do not agree are ignored (255), as in
   * training. By default each of the two has one score of the model's settings, and every pixel gets a label.
   */
  readonly thresholds?: Thresholds;
}

/** Services that a segmenter works with. */
export interface SegmenterSetup {
  /** Decoder for images that are files. */
  readonly codec: Pick<ImageCodec, "decode">;
  readonly runtime: Runtime;
  /** Threads that compute several images at the same time in place of `runtime`; closed with the segmenter. */
  readonly pool?: RuntimePool | null;
}

/** Labels of every pixel of an image, at the image's size. */
export interface Segmentation extends LabelMap {
  /** Foreground class names; label i + 1 is classes[i], 0 is background. */
  readonly classes: readonly string[];
  /** Tags of the image as classes from 0: those that `segment` predicts, or those that `label` was called with. */
  readonly tags: readonly number[];
  /**
   * How good the mask should be, 0..1, for ordering masks of one model and one source: the mean IoU over the background
   * and the tags to expect of it (`expectedIou`) if the probabilities are right, by which the segmentation or, for
   * `affinity` and `cam`, the refined scores choose a class. Those of different sources cannot be compared with each other.
   * 1 where `label` has no tags.
   */
  readonly confidence: number;
}

/** Makes masks with a trained model: of any image, and better ones of an image whose tags are known. */
export class Segmenter {
  private readonly par: Par;

  private constructor(
    readonly model: OpenedModel | ExportedModel,
    readonly predictor: Predictor,
    /** Null for an exported model, which has no other branch than the segmentation. */
    readonly activations: ActivationPass | null,
    private readonly setup: SegmenterSetup,
  ) {
    this.par = parOf(model.config);
  }

  /** Prepares a model. An exported one is run once on a small image to check it. */
  static async of(model: OpenedModel | ExportedModel, setup: SegmenterSetup): Promise<Segmenter> {
    const { runtime, pool = null } = setup;
    const predictor = await openPredictor(model, pool ?? runtime);
    return new Segmenter(model, predictor, openActivations(model, runtime, pool), setup);
  }

  /** Name of the device that computes, such as `cpu`. */
  get device(): string {
    return this.setup.runtime.device;
  }

  get classes(): readonly string[] {
    return this.model.classes;
  }

  /** Number of images computed at the same time. */
  get lanes(): number {
    return this.setup.pool?.width ?? 1;
  }

  /** Starts loading the network, so that the first call of `segment` need not wait for it. */
  warmUp(): void {
    this.predictor.warmUp();
  }

  /** Predicts the mask of any image with the segmentation branch (method 3.1). @param image a file or pixels */
  async segment(
    image: string | Image,
    { crf, ...views }: SegmentOptions = {},
  ): Promise<Segmentation> {
    const pixels = await this.decoded(image);
    const { clsLogits, segLogits } = await this.predicted(pixels, views);
    const tags = [...clsLogits.keys()].filter((c) => clsLogits[c]! > 0);
    const labels = crf
      ? await crf(pixels, segLogits)
      : labelsOf(segLogits, pixels.width, pixels.height);
    const confidence = expectedIou(segLogits, labels, tags);
    return { ...labels, classes: this.classes, tags, confidence };
  }

  /**
   * Makes the mask of an image whose tags are known; only the tags and the background are in it (method 3.5). By default
   * from class activations: one step of the random walk along the learned affinity, pixel-adaptive refinement (method 2.3,
   * 2.6 and 2.8). Every pixel gets a label, unless `thresholds` are given; a RangeError for thresholds of the segmentation.
   * @param tags classes in the image, from 0
   */
  async label(
    image: string | Image,
    tags: readonly number[],
    { from = "affinity", thresholds, ...views }: LabelOptions = {},
  ): Promise<Segmentation> {
    checkThresholds(from, thresholds);
    if (from !== "segmentation") this.needActivations();
    const pixels = await this.decoded(image);
    const classes = eachOnce(tags);
    const known = { classes: this.classes, tags: classes };
    if (classes.length === 0) {
      const { width, height } = pixels;
      return { width, height, data: new Uint8Array(width * height), ...known, confidence: 1 };
    }
    if (from === "segmentation") {
      const { crf, ...looks } = views;
      const { segLogits } = await this.predicted(pixels, looks);
      const { labels, confidence } = await segmentedLabel(pixels, segLogits, classes, crf);
      return { ...labels, ...known, confidence };
    }
    const activated = await this.activated(pixels, classes);
    const { labels, confidence } = this.activatedLabel(
      pixels,
      activated,
      classes,
      from,
      thresholds,
    );
    return { ...labels, ...known, confidence };
  }

  /**
   * Masks of an image with tags from every source, and the one that `segment` makes without knowing the tags; the networks
   * run once for all of them. A UserError for an exported model.
   * @param tags classes in the image, from 0, at least one
   */
  async labelFromEach(
    image: string | Image,
    tags: readonly number[],
  ): Promise<Record<TagMaskSource | "free", LabelMap>> {
    this.needActivations();
    const pixels = await this.decoded(image);
    const classes = eachOnce(tags);
    const { segLogits } = await this.predicted(pixels, {});
    const activated = await this.activated(pixels, classes);
    return {
      free: labelsOf(segLogits, pixels.width, pixels.height),
      segmentation: (await segmentedLabel(pixels, segLogits, classes)).labels,
      affinity: this.activatedLabel(pixels, activated, classes, "affinity").labels,
      cam: this.activatedLabel(pixels, activated, classes, "cam").labels,
    };
  }

  /** Class activations of the classes at the size of the network's input, and the affinity. */
  private async activated(pixels: Image, classes: readonly number[]): Promise<Activated> {
    const { data, eval: evaluation } = this.model.config;
    const input = networkImage(pixels, data, evaluation);
    const { scales, affinity } = await this.needActivations().run(input);
    return { cam: mergeCam(scales, classes, input.width, input.height), affinity };
  }

  /** Labels by class activations, propagated along the affinity or not, and refined. */
  private activatedLabel(
    pixels: Image,
    { cam, affinity }: Activated,
    classes: readonly number[],
    from: "affinity" | "cam",
    thresholds?: Thresholds,
  ): RatedLabels {
    const { pseudo } = this.model.config;
    const scores = (...backgrounds: readonly number[]): Maps[] =>
      from === "cam"
        ? backgrounds.map((score) => withBackground(cam, score))
        : propagateAffinity(cam, affinity, {
            backgrounds,
            radius: windowRadius(pseudo.radius, affinity),
          });
    if (thresholds) {
      const [low, high] = scores(thresholds.low, thresholds.high) as [Maps, Maps];
      return sureLabel(pixels, { low, high }, classes, this.par);
    }
    const own = from === "cam" ? pseudo.backgroundThreshold : pseudo.lowThreshold;
    return refinedLabel(pixels, scores(own)[0]!, classes, this.par);
  }

  private async predicted(
    pixels: Image,
    { scales = [1], flip = false, longSide }: Omit<SegmentOptions, "crf">,
  ): Promise<Prediction> {
    const { data: normalization, eval: evaluation } = this.model.config;
    const input = pixelsWithLongSide(pixels, normalization, longSide ?? evaluation.longSide);
    return flip || scales.join() !== "1"
      ? this.predictor.predict(planesOf(input), { scales, flip })
      : this.predictor.predictPixels(input);
  }

  /** The pass that computes class activations; a UserError for an exported model, which has none. */
  needActivations(): ActivationPass {
    if (this.activations) return this.activations;
    throw new UserError(
      `${this.model.file}: an exported model can only segment; for activation maps and for labels from them use ` +
        "the run folder or the weights that it was exported from",
      { code: "exported-model" },
    );
  }

  async release(): Promise<void> {
    await this.predictor.release();
    await this.activations?.release();
    await this.setup.pool?.close();
  }

  private async decoded(image: string | Image): Promise<Image> {
    return typeof image === "string" ? await this.setup.codec.decode(image) : image;
  }
}

/** Class activation maps and the affinity to propagate them along. */
interface Activated {
  readonly cam: Maps;
  readonly affinity: Affinity;
}

function checkThresholds(from: TagMaskSource, thresholds: Thresholds | undefined): void {
  if (!thresholds) return;
  const { low, high } = thresholds;
  if (from === "segmentation") {
    throw new RangeError(
      `label: thresholds ${low} and ${high} for masks of the segmentation, which has no background score; give from: "cam" or "affinity"`,
    );
  }
  if (!(low >= 0 && low <= high && high <= 1)) {
    throw new RangeError(`label: thresholds ${low} and ${high}; give 0 <= low <= high <= 1`);
  }
}

/** The classes in ascending order. */
function eachOnce(tags: readonly number[]): number[] {
  return [...new Set(tags)].sort((a, b) => a - b);
}

/** Labels by the segmentation branch, which chooses among the classes and the background. */
async function segmentedLabel(
  pixels: Image,
  segLogits: Maps,
  classes: readonly number[],
  crf?: RefineLogits,
): Promise<RatedLabels> {
  const logits = logitsOfClasses(segLogits, classes);
  const labels = crf ? await crf(pixels, logits) : labelsOf(logits, pixels.width, pixels.height);
  const confidence = expectedIou(logits, labels, [...classes.keys()]);
  return { labels: labelsOfClasses(labels, classes), confidence };
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
  pool: RuntimePool | null,
): ActivationPass | null {
  if (model.network === null) return null;
  const { network, parameters, config } = model;
  const { scales } = config.pseudo;
  // A pool gets the weights once, with the session; as feeds they would be copied to its threads for every image.
  return new ActivationPass(pool ?? runtime, network, parameters, {
    scales,
    frozen: pool !== null,
  });
}
