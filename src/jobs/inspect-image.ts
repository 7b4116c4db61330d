import type { Image } from "../method/images/image.ts";
import { networkImage, pixelsWithLongSide } from "../method/inference/long-side.ts";
import type { RefineLogits } from "../method/inference/refine-logits.ts";
import { seenLayers, type SeenLayers } from "../method/inference/seen-layers.ts";
import type { Segmenter } from "../method/inference/segmenter.ts";
import { parOf } from "../method/refine/par.ts";
import { phaseAt } from "../method/train/phase.ts";

/**
 * All that a model sees in an image. A UserError for an exported model.
 * @param tags classes in the image, from 0
 * @param crf refines the segmentation
 */
export async function inspectImage(
  segmenter: Segmenter,
  image: Image,
  tags: readonly number[],
  crf: RefineLogits,
): Promise<SeenLayers> {
  const pass = segmenter.needActivations();
  const { config, step } = segmenter.model;
  const input = networkImage(image, config.data, config.eval);
  const activations = await pass.run(input);
  const pixels = pixelsWithLongSide(image, config.data, config.eval.longSide);
  const { segLogits } = await segmenter.predictor.predictPixels(pixels);
  const classes = [...new Set(tags)].sort((a, b) => a - b);
  return seenLayers(image, input, { activations, segLogits }, classes, {
    config,
    par: parOf(config),
    crf,
    propagates: phaseAt(step, config.train) === "affinity",
  });
}
