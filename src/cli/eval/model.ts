import { evaluate, type Evaluation } from "../../method/eval/evaluator.ts";
import type { RefineLogits } from "../../method/inference/refine-logits.ts";
import { UserError } from "../../user-error.ts";
import { nodeHost } from "../../host/node/host.ts";
import { WorstImages } from "../../files/report/worst-images.ts";
import { viewsOf, withModelAndData, type ModelAndData } from "./data.ts";
import { claimResults, tellResults } from "./out.ts";
import type { EvalModelOptions } from "./options.ts";
import type { Output } from "../output.ts";
import { percent, scoreTable } from "../score-table.ts";
import { crfAhead, withCrf } from "../with-crf.ts";
import { withProgress } from "../with-progress.ts";

/** `tag2mask eval` of a model: on images with masks its scores, on others its predictions. */
export async function evalModel(options: EvalModelOptions, output: Output): Promise<void> {
  await withModelAndData(options, output, async (opened) => {
    const { data, samples } = opened;
    if (samples.some((sample) => sample.mask !== undefined)) {
      await claimResults(options);
      return withCrf(options.crf ?? false, (crf) => measure(opened, options, crf, output));
    }
    const { out } = options;
    if (out === undefined) {
      throw new UserError(
        `${data.root}: no image of the split "${options.split}" has a mask to measure against; ` +
          "--out <folder> writes the predictions for whoever has the truth",
      );
    }
    const { evalTestSet } = await import("./test-set.ts");
    return evalTestSet(opened, { ...options, out }, output);
  });
}

async function measure(
  { segmenter, data, samples }: ModelAndData,
  options: EvalModelOptions,
  crf: RefineLogits | undefined,
  output: Output,
): Promise<void> {
  const { model, activations } = segmenter;
  const { config, classes } = model;
  const views = viewsOf(segmenter, options);
  const withCam = options.cam && activations !== null;
  const worst = new WorstImages(nodeHost.codec, options.out === undefined ? 0 : options.worst);
  const run = evaluate(samples, data.reader, segmenter, {
    ...{ config, classes, ...views, cam: withCam, results: options.out !== undefined },
    lanes: segmenter.lanes,
    ...(crf && { crf, ahead: crfAhead }),
  });
  const evaluation = await withProgress("images", run, output, async ({ result }) => {
    if (result) await worst.add({ ...result, name: result.sample.name });
  });
  const { images, masks, skipped } = evaluation;
  for (const problem of skipped) output.note(`left out ${problem}`);
  if (masks === 0) {
    throw new UserError(`${skipped[0]}; none of the ${samples.length} images can be measured`);
  }
  const matrices = matricesOf(evaluation, withCam);
  const { metrics, perClass, accuracy } = scoresOf(evaluation, matrices);
  output.say(scoreTable({ metrics, perClass }, classes));
  const final = Object.values(matrices).at(-1)!;
  output.say(
    `pixel accuracy ${percent(final.pixelAccuracy())} %, mean of the classes ${percent(final.meanAccuracy())} %` +
      `\n${images} images, ${masks} with masks, of the split "${options.split}"`,
  );
  const about = { model: model.file, data: data.root, split: options.split, ...views, crf: !!crf };
  const files = await tellResults(
    options,
    {
      ...{ about: { ...about, images }, classes, matrices, masks, skipped },
      ...{ title: `Worst of ${options.split}`, tagF1: metrics.tagF1, worst: worst.images },
    },
    output,
  );
  output.record({
    ...{ model: model.file, metrics, perClass, accuracy, images, masks, skipped },
    ...(files.length > 0 && { files }),
  });
}

/** The counts of what was asked for, the final masks last. */
function matricesOf(
  { matrices: { cam, affinityCam, seg, crf } }: Evaluation,
  withCam: boolean,
): Evaluation["matrices"] | Pick<Evaluation["matrices"], "seg" | "crf"> {
  return { ...(withCam && { cam, affinityCam }), seg, ...(crf && { crf }) };
}

function scoresOf(
  { metrics: { tagF1 }, accuracy }: Evaluation,
  matrices: Partial<Evaluation["matrices"]>,
) {
  const kinds = Object.entries(matrices);
  const { crf } = matrices;
  return {
    metrics: {
      ...Object.fromEntries(kinds.map(([kind, matrix]) => [kind, matrix.meanIou()])),
      tagF1,
    },
    perClass: Object.fromEntries(kinds.map(([kind, matrix]) => [kind, matrix.iou()])),
    accuracy: {
      ...accuracy,
      ...(crf && { crf: { pixel: crf.pixelAccuracy(), mean: crf.meanAccuracy() } }),
    },
  };
}
