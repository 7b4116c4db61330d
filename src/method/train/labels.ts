import type { Config } from "../config.ts";
import { normalizedMaps } from "../images/normalize.ts";
import { type Activations, ActivationPass } from "../inference/activations.ts";
import { fastestLayout } from "../inference/fastest-layout.ts";
import { activationsFor, classMaps, propagatedMaps } from "../inference/label-image.ts";
import type { NetworkFeeds } from "../inference/network-feeds.ts";
import type { Runtime } from "../../engine/graph/index.ts";
import type { Afa } from "../model/index.ts";
import type { Image, LabelMap } from "../images/image.ts";
import {
  affinityLabel,
  isKnownInside,
  mergeKnown,
  refineAffinityLabel,
  refinePseudoLabel,
  windowRadius,
  type AffinityLabel,
  thresholdsOf,
  type Thresholds,
} from "../labels/index.ts";
import type { Box } from "../images/maps.ts";
import { type Par, parOf } from "../refine/par.ts";
import type { Phase } from "./phase.ts";

/** Labels of one crop for the segmentation loss and the affinity loss. */
export interface StepLabels {
  readonly seg: LabelMap;
  readonly affinity: AffinityLabel;
}

/** One crop that needs labels. */
export interface LabelInput {
  /** The augmented 8-bit crop. */
  readonly image: Image;
  /** Classes present, from 0, ascending. */
  readonly classes: readonly number[];
  readonly box: Box;
  /** Labels that are known and replace those from tags; 255 not known, and outside the box (method 2.15). */
  readonly known?: LabelMap;
}

/** Seconds spent on the activation pass, and on making labels from its results. */
export interface LabelSeconds {
  readonly cam: number;
  readonly labels: number;
}

/** The labels of some crops, in their order. */
export interface MadeLabels {
  readonly labels: readonly StepLabels[];
  /** Sum over all crops, even if several were labeled at the same time. */
  readonly seconds: LabelSeconds;
}

/** Makes the labels of a step, in the calling thread or in several. */
export interface LabelSource {
  /** @param thresholds those of the settings by default */
  make(inputs: readonly LabelInput[], phase: Phase, thresholds?: Thresholds): Promise<MadeLabels>;
  /** Frees sessions and threads; the next call creates them again. */
  rest(): Promise<void>;
}

/** Side of a token in pixels (AFA 3.1). */
const tokenSide = 16;

type LabelConfig = Pick<Config, "data" | "pseudo" | "train">;

/**
 * Makes labels from tags and the network's own activations (method 2.3 to 2.8), one crop after the other; known labels
 * replace them (method 2.15).
 */
export class LabelMaker implements LabelSource {
  private readonly par: Par;
  private readonly activations: ActivationPass;

  constructor(
    private readonly runtime: Runtime,
    network: Afa,
    parameters: NetworkFeeds,
    private readonly config: LabelConfig,
    /** Clock in seconds. */
    private readonly now: () => number,
  ) {
    this.par = parOf(config);
    const { scales } = config.pseudo;
    const { crop: side } = config.data;
    this.activations = new ActivationPass(runtime, network, parameters, { scales, side });
  }

  async make(
    inputs: readonly LabelInput[],
    phase: Phase,
    thresholds?: Thresholds,
  ): Promise<MadeLabels> {
    const crops: { labels: StepLabels; seconds: LabelSeconds }[] = [];
    const together = await this.activationsOfAll(inputs);
    for (const [i, input] of inputs.entries())
      crops.push(await this.makeOne(input, phase, thresholds, together?.activations[i]));
    return {
      labels: crops.map(({ labels }) => labels),
      seconds: addSeconds(together ? [...crops, together] : crops),
    };
  }

  /**
   * Activations of all crops in one run; null where they are made one by one: by a CPU, which takes as long and less memory,
   * and where a crop needs none, as graphs are made for one and for all crops of a batch, but not for each number between.
   */
  private async activationsOfAll(
    inputs: readonly LabelInput[],
  ): Promise<{ activations: Activations[]; seconds: LabelSeconds } | null> {
    const isNeeded = ({ classes, box, known }: LabelInput): boolean =>
      classes.length > 0 && !(known && isKnownInside(known, box));
    if (inputs.length !== this.config.data.batch || !inputs.every(isNeeded)) return null;
    if ((await fastestLayout(this.runtime)) !== "gpu") return null;
    const start = this.now();
    const images = inputs.map(({ image }) => normalizedMaps(image, this.config.data));
    const activations = await this.activations.runAll(images);
    return { activations, seconds: { cam: this.now() - start, labels: 0 } };
  }

  rest(): Promise<void> {
    return this.activations.release();
  }

  /** The labels of one crop. If all are known, the network is not run. */
  async makeOne(
    { image, classes, box, known }: LabelInput,
    phase: Phase,
    { low, high }: Thresholds = thresholdsOf(this.config),
    /** Those of the crop, if they are there. */
    activations?: Activations,
  ): Promise<{ labels: StepLabels; seconds: LabelSeconds }> {
    const { radius: wanted } = this.config.pseudo;
    const { par, now } = this;
    const tokens = { width: image.width / tokenSide, height: image.height / tokenSide };
    const radius = windowRadius(wanted, tokens);
    const start = now();
    if (known && isKnownInside(known, box)) {
      const labels = { seg: known, affinity: affinityLabel(known, { radius }) };
      return { labels, seconds: { cam: 0, labels: now() - start } };
    }
    const merged = (own: LabelMap): LabelMap => (known ? mergeKnown(known, own) : own);
    const raw =
      activations ??
      (await activationsFor(normalizedMaps(image, this.config.data), classes, this.activations));
    const activationsEnd = now();
    const cam = classMaps(raw, classes, image);
    const propagates = phase === "affinity" && raw !== null;
    // The COCO recipe does not use the pseudo label once there is a propagated one (method 2.11).
    const pseudo =
      propagates && this.config.train.affinityLabels === "propagated"
        ? null
        : merged(refinePseudoLabel(image, cam, classes, { low, high, par, box }));
    const maps = propagates
      ? propagatedMaps(cam, raw.affinity, { low, high, radius: wanted })
      : null;
    const propagated = maps && merged(refineAffinityLabel(image, maps, classes, { par, box }));
    const seg = (propagated ?? pseudo)!;
    const affinity = affinityLabel(pseudo ?? seg, { radius });
    return {
      labels: { seg, affinity },
      seconds: { cam: activationsEnd - start, labels: now() - activationsEnd },
    };
  }
}

/** Sum of the seconds of all crops. */
export function addSeconds(crops: readonly { readonly seconds: LabelSeconds }[]): LabelSeconds {
  const sum = (part: (seconds: LabelSeconds) => number): number =>
    crops.reduce((total, { seconds }) => total + part(seconds), 0);
  return { cam: sum(({ cam }) => cam), labels: sum(({ labels }) => labels) };
}
