import { Command, Option } from "commander";
import { tagMaskSources, type TagMaskSource } from "../method/inference/label-source.ts";
import { runJob } from "./interrupt.ts";
import { flagOf } from "./remedies.ts";
import { maskLines } from "./mask-lines.ts";
import {
  share,
  withExamples,
  withInputCommand,
  withJson,
  withMasks,
  withModel,
  withViews,
} from "./options.ts";
import type { MaskOptions, ModelOptions, ViewOptions } from "./options.ts";
import { shardTask, withShards, type ShardOptions } from "./shard-options.ts";
import type { OpenOutput } from "./output.ts";

interface LabelCommandOptions extends ModelOptions, MaskOptions, ViewOptions, ShardOptions {
  readonly json?: boolean;
  readonly data: string;
  readonly inputCommand?: string;
  readonly split?: string;
  readonly from: TagMaskSource | "auto";
  readonly lowThreshold?: number;
  readonly highThreshold?: number;
}

const segmentationOptions = ["scales", "flip", "longSide", "crf"] as const;

/** `tag2mask label`: masks of tagged images. */
export function labelCommand(open: OpenOutput): Command {
  const command = new Command("label")
    .summary("write masks of tagged images")
    .description(
      "Writes masks of a data set's images. The tags say what is in an image; where it is, the segmentation shows, " +
        "limited to the tags and refined by a dense CRF, or the class activation maps, refined along the image's " +
        "colors: by default, whichever fits the tags of a sample of the images better. --scales, --flip, " +
        "--long-side and --crf are for the segmentation. For review, confidence.csv and contact-sheet.html list " +
        "masks that lack a tag, then the least sure ones.",
    )
    .requiredOption(
      "--data <path>",
      "data set with tagged images: its folder, a tar or a folder of tars; with --input-command, a table of names and tags",
    )
    .option("--split <name>", "only the images of this split")
    .addOption(
      new Option(
        "--from <source>",
        "segmentation, affinity (class activations along the learned affinity), cam (class activations), or " +
          "auto: the one that fits the tags of a sample of the images",
      )
        .choices(["auto", ...tagMaskSources])
        .default("auto"),
    )
    .option(
      "--low-threshold <score>",
      "for --from affinity and cam: background only where even this background score beats all classes, 0 to 1 " +
        "(with only the other one given: pseudo.lowThreshold of the model)",
      share,
    )
    .option(
      "--high-threshold <score>",
      "for --from affinity and cam: a class only where it beats this background score; pixels between both are 255, not " +
        "known (with only the other one given: pseudo.highThreshold of the model)",
      share,
    );
  // After --crf: an option that only has its negative form is true by default.
  withJson(withShards(withViews(withMasks(withInputCommand(withModel(command))))))
    .option("--no-crf", "leave masks of the segmentation as the network predicts them")
    .action(async (options: LabelCommandOptions) => {
      const { from } = options;
      const foreign = segmentationOptions.find((name) => options[name]);
      if (foreign !== undefined && (from === "affinity" || from === "cam")) {
        command.error(
          `error: ${flagOf(foreign)} is for masks of the segmentation: leave it out, or give --from segmentation`,
        );
      }
      const output = open(options);
      const divided = shardTask(command, options, output);
      const { labelImages } = await import("../jobs/label.ts");
      const { nodeHost } = await import("../host/node/host.ts");
      await runJob(
        (job) => labelImages(nodeHost, { ...options, ...divided }, job),
        maskLines(output),
      );
    });
  return withExamples(
    command,
    "tag2mask label --model runs/train/exp --data photos --out masks",
    "tag2mask label --model runs/train/exp --data photos --split train --out masks --no-overlays",
    "tag2mask label --model runs/train/exp --data photos --out masks --from segmentation --flip",
    "tag2mask label --model runs/train/exp --data photos --out masks --from affinity",
    "tag2mask label --model runs/train/exp --data photos --out masks --from cam --low-threshold 0.3 --high-threshold 0.5",
    "tag2mask label --model runs/train/exp --data photos --out project --format coco,labelstudio",
    "tag2mask label --model runs/train/exp --data shards/000.tar --out masks",
    "tag2mask label --model runs/train/exp --data photos --out masks --shard-size 1000 --task 0 --tasks 8",
    "tag2mask label --model runs/train/exp --data tags.csv --out masks --input-command 'curl -sf https://host/{}'",
  );
}
