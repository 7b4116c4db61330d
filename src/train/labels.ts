import type { Config } from "../config.ts";
import { normalizeToChannelsFirst } from "../data/normalize.ts";
import type { ActivationPass } from "../eval/activations.ts";
import type { Affinity, AffinityLabel, Box, Labels, Maps, RgbImage } from "../pseudo/index.ts";
import {
  affinityLabel,
  mergeCam,
  Par,
  propagate,
  refineAffinityLabel,
  refinePseudoLabel,
} from "../pseudo/index.ts";
import type { Phase } from "./events.ts";

/** What the segmentation and affinity losses of one crop learn from. */
export interface StepLabels {
  readonly seg: Labels;
  readonly affinity: AffinityLabel;
}

/** One crop as labels are made for it. */
export interface LabelInput {
  /** The augmented 8-bit crop. */
  readonly image: RgbImage;
  /** Classes present, from 0, ascending. */
  readonly classes: readonly number[];
  readonly box: Box;
}

/** Seconds that making labels took. */
export interface LabelSeconds {
  cam: number;
  labels: number;
}

/** Makes a step's labels from the network itself and the tags (method sections 3 to 7). */
export class LabelMaker {
  private readonly par: Par;

  constructor(
    private readonly activations: ActivationPass,
    private readonly config: Pick<Config, "data" | "pseudo" | "train">,
  ) {
    const { parIterations: iterations, parDilations: dilations } = config.pseudo;
    this.par = new Par({ iterations, dilations });
  }

  /** @param now clock in seconds @param spent gains what this call took */
  async label(
    { image, classes, box }: LabelInput,
    phase: Phase,
    now: () => number,
    spent: LabelSeconds,
  ): Promise<StepLabels> {
    const { lowThreshold: low, highThreshold: high, radius } = this.config.pseudo;
    const { par } = this;
    // Without tags everything is background: there is no activation to ask for.
    const start = now();
    const seen = classes.length > 0 ? await this.activations.run(this.normalized(image)) : null;
    const ran = now();
    spent.cam += ran - start;
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
    spent.labels += now() - ran;
    return { seg, affinity };
  }

  private normalized({ width, height, data }: RgbImage): Maps {
    const planes = normalizeToChannelsFirst(data, width * height, this.config.data);
    return { count: 3, width, height, data: planes };
  }

  /** The label from activations that walked along the affinity (method sections 6 and 7.3). */
  private propagated(
    image: RgbImage,
    cam: Maps,
    affinity: Affinity,
    classes: readonly number[],
    box: Box,
  ): Labels {
    const { lowThreshold, highThreshold, radius } = this.config.pseudo;
    const backgrounds = [lowThreshold, highThreshold];
    const [low, high] = propagate(cam, affinity, { backgrounds, radius }) as [Maps, Maps];
    return refineAffinityLabel(image, { low, high }, classes, { par: this.par, box });
  }
}
