import type { Image, LabelMap } from "../images/image.ts";
import type { Maps } from "../images/maps.ts";
import { crfLabels } from "./crf-labels.ts";
import { DenseCrf, type CrfOptions } from "./crf.ts";

/** One image for `CrfPool`, as plain data that can be sent to a worker. */
export interface CrfRequest {
  readonly image: Image;
  /** Segmentation logits, [C + 1, h, w]. */
  readonly logits: Maps;
  /** The same in all requests of a pool. */
  readonly options: CrfOptions;
}

let crf: DenseCrf | undefined;

/** Refines one image in a worker thread. The thread keeps its lattice's memory for the next image. */
export function refineImage({ image, logits, options }: CrfRequest): LabelMap {
  crf ??= new DenseCrf(options);
  return crfLabels(crf, image, logits);
}
