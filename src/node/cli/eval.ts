import { Command } from "commander";
import { UserError } from "../../user-error.ts";
import type { Segmenter } from "../segmenter.ts";
import { CountMeter } from "../progress.ts";
import { withExamples, withJson, withModel, withViews } from "./options.ts";
import type { ModelOptions, ViewOptions } from "./options.ts";
import type { OpenOutput } from "./output.ts";
import { scoreTable } from "./score-table.ts";

interface EvalCommandOptions extends ModelOptions, ViewOptions {
  readonly json?: boolean;
  readonly data: string;
  readonly split: string;
}

/** `tag2mask eval`: how well a model does on images with true masks. */
export function evalCommand(open: OpenOutput): Command {
  const command = new Command("eval")
    .summary("measure a model on images with masks")
    .description(
      "Measures IoU of CAM, affinity CAM and segmentation against true masks, and F1 of the tags.",
    )
    .requiredOption("--data <folder>", "data set with masks")
    .option("--split <name>", "which images", "val");
  withJson(withViews(withModel(command))).action(async (options: EvalCommandOptions) => {
    const output = open(options);
    const { scales, flip } = options;
    const { openSegmenter } = await import("./prepare.ts");
    const { openDataset, samplesOf } = await import("../datasets/index.ts");
    const { evaluate } = await import("../../eval/evaluator.ts");
    const segmenter = await openSegmenter(options, output);
    try {
      const { config, classes } = segmenter.model;
      const data = await openDataset(options.data, { seed: config.train.seed });
      const samples = samplesOf(data, options.split);
      checkSameClasses(segmenter, data.classes, options);
      if (!samples.some((sample) => sample.mask !== undefined)) {
        throw new UserError(
          `${data.root}: no image of the split "${options.split}" has a mask to measure against`,
        );
      }
      const views = { flip: flip ?? config.eval.flip, scales: scales ?? config.eval.scales };
      const { longSide } = config.eval;
      const run = evaluate(samples, data.reader, segmenter, {
        config,
        classes,
        longSide,
        ...views,
      });
      const meter = new CountMeter("images", () => output.now());
      let next = await run.next();
      for (; !next.done; next = await run.next()) {
        output.progress.update(meter.read(next.value.done, next.value.total));
      }
      output.progress.clear();
      const { metrics, perClass, accuracy, images, masks, skipped } = next.value;
      for (const problem of skipped) output.note(`left out ${problem}`);
      output.say(scoreTable({ metrics, perClass }, classes));
      output.say(
        `pixel accuracy ${(100 * accuracy.pixel).toFixed(1)} %, mean of the classes ${(100 * accuracy.mean).toFixed(1)} %` +
          `\n${images} images, ${masks} with masks, of the split "${options.split}"`,
      );
      output.record({
        model: segmenter.model.file,
        metrics,
        perClass,
        accuracy,
        images,
        masks,
        skipped,
      });
    } finally {
      await segmenter.release();
    }
  });
  return withExamples(
    command,
    "tag2mask eval --model runs/train/exp --data photos",
    "tag2mask eval --model runs/train/exp --data VOC2012 --split val --flip --scales 0.5,0.75,1",
  );
}

function checkSameClasses(
  { classes, model }: Segmenter,
  found: readonly string[],
  { data }: EvalCommandOptions,
): void {
  if (JSON.stringify(found) === JSON.stringify(classes)) return;
  throw new UserError(
    `${data}: its ${found.length} classes are ${found.join(", ")}; ${model.file} has learned ` +
      `${classes.length}: ${classes.join(", ")}; masks count classes in this order, so they must agree`,
  );
}
