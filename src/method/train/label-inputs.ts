import type { Batch } from "../data/sample.ts";
import { ignoreIndex } from "../images/image.ts";
import type { Box } from "../images/maps.ts";
import type { LabelInput } from "./labels.ts";

/** The crops of a batch with their classes, as labels are made from them. */
export function labelInputs(batch: Batch, classCount: number): LabelInput[] {
  const { crop } = batch;
  const pixels = crop * crop * 3;
  const size = crop * crop;
  return Array.from({ length: batch.size }, (_, i) => {
    const data = batch.images.subarray(i * pixels, (i + 1) * pixels);
    const tags = batch.tags.subarray(i * classCount, (i + 1) * classCount);
    const known = batch.known?.subarray(i * size, (i + 1) * size);
    return {
      image: { width: crop, height: crop, data },
      classes: [...tags.keys()].filter((c) => tags[c]! > 0),
      box: Array.from(batch.boxes.subarray(4 * i, 4 * i + 4)) as unknown as Box,
      ...(known?.some((label) => label !== ignoreIndex) && {
        known: { width: crop, height: crop, data: known },
      }),
    };
  });
}
