import Tinypool from "tinypool";
import type { Image, LabelMap } from "../data/sample.ts";
import { crfLabels, DenseCrf, type CrfOptions, type Maps } from "../pseudo/index.ts";

/** One image for `CrfPool`: plain data, so that it can go to a worker. */
export interface CrfRequest {
  readonly image: Image;
  /** Segmentation logits, [C + 1, h, w]. */
  readonly logits: Maps;
  /** The same in all requests of a pool. */
  readonly options: CrfOptions;
}

type Movable = Parameters<typeof Tinypool.move>[0];

let crf: DenseCrf | undefined;

/** Entry of the worker threads of `CrfPool`; labels move to the main thread without being copied. */
export default function refine({ image, logits, options }: CrfRequest): LabelMap {
  crf ??= new DenseCrf(options);
  const labels = crfLabels(crf, image, logits);
  const moved: unknown = {
    [Tinypool.transferableSymbol]: [labels.data.buffer],
    [Tinypool.valueSymbol]: labels,
  };
  // Tinypool takes the labels out of their wrapping on the way.
  return Tinypool.move(moved as Movable) as unknown as LabelMap;
}
