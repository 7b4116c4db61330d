import type { LabelMap } from "../../../method/images/image.ts";
import type { Maps } from "../../../method/images/maps.ts";
import { resizeMaps } from "../../../method/images/resize-maps.ts";
import { refineScores, sureLabels } from "../../../method/labels/refined-labels.ts";
import type { Par } from "../../../method/refine/par.ts";
import type { Layers } from "../../layers.ts";
import { storedCam, type Thresholds } from "./stages.ts";

/** The layers that PAR needs. */
export interface ToRefine {
  readonly head: Layers["head"];
  readonly parts: Pick<Layers["parts"], "cam" | "pixels">;
}

/** What PAR makes of the activations for some thresholds. */
export interface Refined {
  readonly thresholds: Thresholds;
  /** At the size of the network's input. */
  readonly label: LabelMap;
  /** Scores [background, ...tags] with the low background score, then with the high one, at half that size. */
  readonly scores: Maps;
  /** How long it took. */
  readonly milliseconds: number;
}

/**
 * The pseudo label of the stored activations as the training makes it of its own (method 2.8): with the background scores, refined
 * along the colors at half of the network's input. Heavy: for a worker.
 */
export function refine(work: ToRefine, { low, high }: Thresholds, par: Par): Refined {
  const start = performance.now();
  const { input, tags } = work.head;
  const { width, height } = input;
  const pixels = { width, height, data: work.parts.pixels };
  const cam = resizeMaps(storedCam(work), width, height);
  const scores = refineScores(pixels, cam, { low, high, par });
  const data = sureLabels(resizeMaps(scores, width, height), tags);
  return {
    thresholds: { low, high },
    label: { width, height, data },
    scores,
    milliseconds: performance.now() - start,
  };
}
