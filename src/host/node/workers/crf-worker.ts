import type { Image, LabelMap } from "../../../method/data/sample.ts";
import { crfLabels, DenseCrf, type CrfOptions, type Maps } from "../../../method/labels/index.ts";
import { moved } from "./moved.ts";

/** One image for `CrfPool`: plain data, so that it can go to a worker. */
export interface CrfRequest {
  readonly image: Image;
  /** Segmentation logits, [C + 1, h, w]. */
  readonly logits: Maps;
  /** The same in all requests of a pool. */
  readonly options: CrfOptions;
}

let crf: DenseCrf | undefined;

/** Entry of the worker threads of `CrfPool`; labels move to the main thread without being copied. */
export default function refine({ image, logits, options }: CrfRequest): LabelMap {
  crf ??= new DenseCrf(options);
  const labels = crfLabels(crf, image, logits);
  return moved(labels, [labels.data]);
}
