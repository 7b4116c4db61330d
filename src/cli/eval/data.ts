import { UserError } from "../../user-error.ts";
import { openDataset, samplesOf, type OpenedDataset } from "../../files/datasets/index.ts";
import type { Segmenter } from "../../method/inference/segmenter.ts";
import type { EvalModelOptions } from "./options.ts";
import type { Output } from "../output.ts";
import { openSegmenter } from "../prepare.ts";
import { readingProgress } from "../reading-progress.ts";
import { nodeHost } from "../../host/node/host.ts";

/** A model and the images to measure it on. */
export interface ModelAndData {
  readonly segmenter: Segmenter;
  readonly data: OpenedDataset;
  readonly samples: OpenedDataset["splits"][string];
}

/** Opens both, does the job and lets go of the model. */
export async function withModelAndData(
  options: Pick<
    EvalModelOptions,
    "model" | "device" | "data" | "split" | "scales" | "flip" | "longSide" | "cam"
  >,
  output: Output,
  job: (opened: ModelAndData) => Promise<void>,
): Promise<void> {
  const { scales, flip, longSide, cam } = options;
  // How many there are is not known yet; hardly ever fewer than there are cores.
  const work = { images: Infinity, scales, flip, longSide, activations: cam };
  const segmenter = await openSegmenter(options, output, work);
  try {
    const { onProgress, clear } = readingProgress(output);
    const seed = segmenter.model.config.train.seed;
    const data = await openDataset(nodeHost, options.data, { seed, onProgress });
    clear();
    const samples = samplesOf(data, options.split);
    checkSameClasses(segmenter, data.classes, options.data);
    await job({ segmenter, data, samples });
  } finally {
    await segmenter.release();
  }
}

/** How images are looked at, by the command line or else by the model's settings. */
export function viewsOf(
  { model: { config } }: Segmenter,
  { scales, flip, longSide }: Pick<EvalModelOptions, "scales" | "flip" | "longSide">,
): { readonly scales: readonly number[]; readonly flip: boolean; readonly longSide: number } {
  return {
    scales: scales ?? config.eval.scales,
    flip: flip ?? config.eval.flip,
    longSide: longSide ?? config.eval.longSide,
  };
}

function checkSameClasses(
  { classes, model }: Segmenter,
  found: readonly string[],
  data: string,
): void {
  if (JSON.stringify(found) === JSON.stringify(classes)) return;
  throw new UserError(
    `${data}: its ${found.length} classes are ${found.join(", ")}; ${model.file} has learned ` +
      `${classes.length}: ${classes.join(", ")}; masks count classes in this order, so they must agree`,
  );
}
