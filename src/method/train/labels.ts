import type { Config } from "../config.ts";
import { normalizeToChannelsFirst } from "../images/normalize.ts";
import { ActivationPass } from "../inference/activations.ts";
import type { NetworkFeeds } from "../inference/feeds.ts";
import type { Runtime } from "../../engine/graph/index.ts";
import type { Afa } from "../model/index.ts";
import type { Image, LabelMap } from "../images/image.ts";
import type { Affinity, AffinityLabel, Box, Maps } from "../labels/index.ts";
import {
  affinityLabel,
  mergeCam,
  Par,
  propagateAffinity,
  refineAffinityLabel,
  refinePseudoLabel,
} from "../labels/index.ts";
import type { Phase } from "./events.ts";

/** What the segmentation and affinity losses of one crop learn from. */
export interface StepLabels {
  readonly seg: LabelMap;
  readonly affinity: AffinityLabel;
}

/** One crop as labels are made for it. */
export interface LabelInput {
  /** The augmented 8-bit crop. */
  readonly image: Image;
  /** Classes present, from 0, ascending. */
  readonly classes: readonly number[];
  readonly box: Box;
}

/** Seconds that making labels took. */
export interface LabelSeconds {
  readonly cam: number;
  readonly labels: number;
}

/** The labels of some crops, in their order. */
export interface MadeLabels {
  readonly labels: readonly StepLabels[];
  /** Of all crops added up, even where several were made at a time. */
  readonly seconds: LabelSeconds;
}

/** Where a step's labels are made: in the calling thread, or in several. */
export interface LabelSource {
  make(inputs: readonly LabelInput[], phase: Phase): Promise<MadeLabels>;
  /** Frees sessions; the next labels make them again. */
  rest(): Promise<void>;
}

type LabelConfig = Pick<Config, "data" | "pseudo" | "train">;

/** Makes a step's labels from the network itself and the tags (method 2.3 to 2.8), one crop after the other. */
export class LabelMaker implements LabelSource {
  private readonly par: Par;
  private readonly activations: ActivationPass;

  constructor(
    runtime: Runtime,
    network: Afa,
    parameters: NetworkFeeds,
    private readonly config: LabelConfig,
    /** Clock in seconds. */
    private readonly now: () => number,
  ) {
    const { parIterations: iterations, parDilations: dilations, scales } = config.pseudo;
    this.par = new Par({ iterations, dilations });
    const { crop: side } = config.data;
    this.activations = new ActivationPass(runtime, network, parameters, { scales, side });
  }

  async make(inputs: readonly LabelInput[], phase: Phase): Promise<MadeLabels> {
    const made: { labels: StepLabels; seconds: LabelSeconds }[] = [];
    for (const input of inputs) made.push(await this.makeOne(input, phase));
    return { labels: made.map(({ labels }) => labels), seconds: addSeconds(made) };
  }

  rest(): Promise<void> {
    return this.activations.release();
  }

  /** The labels of one crop. */
  async makeOne(
    { image, classes, box }: LabelInput,
    phase: Phase,
  ): Promise<{ labels: StepLabels; seconds: LabelSeconds }> {
    const { lowThreshold: low, highThreshold: high, radius } = this.config.pseudo;
    const { par, now } = this;
    // Without tags everything is background: there is no activation to ask for.
    const start = now();
    const seen = classes.length > 0 ? await this.activations.run(this.normalized(image)) : null;
    const ran = now();
    const cam = seen
      ? mergeCam(seen.scales, classes, image.width, image.height)
      : { count: 0, width: image.width, height: image.height, data: new Float32Array(0) };
    const walks = phase === "affinity" && seen !== null;
    // The COCO recipe learns nothing from the pseudo label once it has the propagated one.
    const pseudo =
      walks && this.config.train.affinityLabels === "propagated"
        ? null
        : refinePseudoLabel(image, cam, classes, { low, high, par, box });
    const propagated = walks ? this.propagated(image, cam, seen.affinity, classes, box) : null;
    const seg = (propagated ?? pseudo)!;
    const affinity = affinityLabel(pseudo ?? seg, { radius });
    return { labels: { seg, affinity }, seconds: { cam: ran - start, labels: now() - ran } };
  }

  private normalized({ width, height, data }: Image): Maps {
    const planes = normalizeToChannelsFirst(data, width * height, this.config.data);
    return { count: 3, width, height, data: planes };
  }

  /** The label from activations that walked along the affinity (method 2.6 and 2.8). */
  private propagated(
    image: Image,
    cam: Maps,
    affinity: Affinity,
    classes: readonly number[],
    box: Box,
  ): LabelMap {
    const { lowThreshold, highThreshold, radius } = this.config.pseudo;
    const backgrounds = [lowThreshold, highThreshold];
    const [low, high] = propagateAffinity(cam, affinity, { backgrounds, radius }) as [Maps, Maps];
    return refineAffinityLabel(image, { low, high }, classes, { par: this.par, box });
  }
}

/** What all of them took. */
export function addSeconds(made: readonly { readonly seconds: LabelSeconds }[]): LabelSeconds {
  const sum = (of: (seconds: LabelSeconds) => number): number =>
    made.reduce((total, { seconds }) => total + of(seconds), 0);
  return { cam: sum(({ cam }) => cam), labels: sum(({ labels }) => labels) };
}
