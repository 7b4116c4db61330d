import { Command, Option } from "commander";
import type { EvalMasksOptions, EvalModelOptions } from "./options.ts";
import {
  classNamesHelp,
  wholeNumber,
  withDevice,
  withExamples,
  withJson,
  withViews,
} from "../options.ts";
import type { OpenOutput } from "../output.ts";
import { shardTask, withShards, type ShardOptions } from "../shard-options.ts";

/** As the command line gives them; which belong together is checked here. */
type EvalCommandOptions = Partial<Omit<EvalMasksOptions, "worst" | "shards">> &
  Partial<Pick<EvalModelOptions, "model" | "data">> &
  Omit<EvalModelOptions, "model" | "data" | "shards"> &
  ShardOptions & { readonly json?: boolean; readonly stages?: boolean };

/** `tag2mask eval`: how well a model does on images with true masks. */
export function evalCommand(open: OpenOutput): Command {
  const command = new Command("eval")
    .summary("measure a model, or a folder of masks, against true masks")
    .description(
      "Measures IoU of CAM, affinity CAM and segmentation against true masks, and F1 of the tags. " +
        "Where a split has no masks, writes the predictions as a benchmark's server takes them. With " +
        "--masks and --truth it compares two folders of masks, whatever made them.",
    )
    .option("--model <run>", "run folder, weights file or exported model")
    .option("--data <folder>", "data set with masks")
    .option("--split <name>", "which images", "val")
    .option("--no-cam", "only the segmentation, without the slower activation maps")
    .option("--stages", "what every part of the method adds, from the CAM to the CRF")
    .option("--masks <folder>", "masks to measure, instead of a model's")
    .option("--truth <folder>", "true masks of the same names")
    .option(
      "--classes <names>",
      `of --masks and --truth, ${classNamesHelp}; a classes.json beside masks may have them in another order`,
    )
    .option("--list <file>", "only these of --masks and --truth, a name a line")
    .option("--out <folder>", "write metrics.json, results.csv, confusion matrix, worst.html")
    .option("--overwrite", "write over the results of an earlier evaluation")
    .addOption(
      new Option(
        "--resume",
        "continue the evaluation that stopped in --out: images that are measured are not measured again",
      ).conflicts("overwrite"),
    )
    .option("--worst <n>", "images on the page of the worst", wholeNumber(0), 24);
  withJson(withShards(withViews(withDevice(command)))).action(
    async (options: EvalCommandOptions) => {
      const { masks, truth, model, data, stages = false } = options;
      const output = open(options);
      if (options.resume && options.out === undefined) {
        return usage(
          command,
          "--resume goes with --out, the folder of the evaluation that stopped",
        );
      }
      if (options.shardSize !== undefined && options.out === undefined) {
        return usage(command, "--shard-size goes with --out, the folder that all tasks write to");
      }
      if (masks !== undefined || truth !== undefined) {
        if (masks === undefined || truth === undefined) {
          return usage(command, "--masks and --truth go together: the masks and what is true");
        }
        const foreign = modelOnly.find((name) => command.getOptionValueSource(name) === "cli");
        if (foreign !== undefined) {
          return usage(command, `--masks needs no model: leave out ${flagOf(command, foreign)}`);
        }
        const { evalMasks } = await import("./masks.ts");
        const divided = shardTask(command, options, output);
        return evalMasks({ ...options, ...divided, masks, truth }, output);
      }
      const foreign = (["classes", "list"] as const).find((name) => options[name] !== undefined);
      if (foreign !== undefined) return usage(command, `--${foreign} goes with --masks`);
      if (model === undefined || data === undefined) {
        const missing = model === undefined ? "--model <run>" : "--data <folder>";
        return usage(command, `required option '${missing}' not specified`);
      }
      if (stages && !options.cam) {
        return usage(command, "--stages measures the CAM: leave out --no-cam");
      }
      const chosen = { ...options, ...shardTask(command, options, output), model, data };
      if (stages) {
        const { evalStages } = await import("./model.ts");
        return evalStages(chosen, output);
      }
      const { evalModel } = await import("./model.ts");
      return evalModel(chosen, output);
    },
  );
  return withExamples(
    command,
    "tag2mask eval --model runs/train/exp --data photos",
    "tag2mask eval --model runs/train/exp --data VOC2012 --flip --scales 1,0.5,0.75 --crf --out scores",
    "tag2mask eval --model runs/train/exp --data VOC2012 --stages",
    "tag2mask eval --model runs/train/exp --data VOC2012 --out scores --shard-size 500 --task 0 --tasks 4",
    "tag2mask eval --model runs/train/exp --data VOC2012 --split test --out submission",
    "tag2mask eval --masks masks --truth VOC2012/SegmentationClass --list VOC2012/ImageSets/Segmentation/val.txt",
  );
}

/** Options that say something about a model. */
const modelOnly = [
  ...["model", "data", "split", "cam", "stages", "scales", "flip", "longSide", "crf", "device"],
];

function usage(command: Command, message: string): never {
  return command.error(`error: ${message}`);
}

function flagOf(command: Command, name: string): string {
  return command.options.find((option) => option.attributeName() === name)!.long!;
}
