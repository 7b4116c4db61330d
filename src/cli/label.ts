import { Command, Option } from "commander";
import { tagMaskSources, type TagMaskSource } from "../method/inference/label-source.ts";
import { runJob } from "./interrupt.ts";
import { maskLines } from "./mask-lines.ts";
import { withExamples, withJson, withMasks, withModel, withViews } from "./options.ts";
import type { MaskOptions, ModelOptions, ViewOptions } from "./options.ts";
import type { OpenOutput } from "./output.ts";

interface LabelCommandOptions extends ModelOptions, MaskOptions, ViewOptions {
  readonly json?: boolean;
  readonly data: string;
  readonly split?: string;
  readonly from: TagMaskSource | "auto";
}

/** `tag2mask label`: masks of tagged images. */
export function labelCommand(open: OpenOutput): Command {
  const command = new Command("label")
    .summary("write masks of tagged images")
    .description(
      "Writes masks of a data set's images. The tags say what is in an image; the segmentation, limited to the " +
        "tags and refined by a dense CRF, or the class activation maps show where it is, whichever fits the tags " +
        "better. For review, confidence.csv and contact-sheet.html list masks that lack a tag, then the least " +
        "sure ones.",
    )
    .requiredOption("--data <folder>", "data set with tagged images")
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
    .option("--no-crf", "leave masks of the segmentation as the network predicts them");
  withJson(withViews(withMasks(withModel(command)))).action(
    async (options: LabelCommandOptions) => {
      const output = open(options);
      const { labelImages } = await import("../jobs/label.ts");
      const { nodeHost } = await import("../host/node/host.ts");
      await runJob((job) => labelImages(nodeHost, options, job), maskLines(output));
    },
  );
  return withExamples(
    command,
    "tag2mask label --model runs/train/exp --data photos --out masks",
    "tag2mask label --model runs/train/exp --data photos --split train --out masks --no-overlays",
    "tag2mask label --model runs/train/exp --data photos --out masks --from segmentation --flip",
    "tag2mask label --model runs/train/exp --data photos --out masks --from affinity",
    "tag2mask label --model runs/train/exp --data photos --out project --format coco,labelstudio",
  );
}
