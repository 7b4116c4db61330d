import { Command } from "commander";
import { runJob } from "./interrupt.ts";
import { maskLines } from "./mask-lines.ts";
import { withExamples, withJson, withMasks, withModel } from "./options.ts";
import type { MaskOptions, ModelOptions } from "./options.ts";
import type { OpenOutput } from "./output.ts";

interface LabelCommandOptions extends ModelOptions, MaskOptions {
  readonly json?: boolean;
  readonly data: string;
  readonly split?: string;
}

/** `tag2mask label`: masks of tagged images. */
export function labelCommand(open: OpenOutput): Command {
  const command = new Command("label")
    .summary("write masks of tagged images")
    .description(
      "Writes masks of a data set's images. The tags say what is in an image; class activation " +
        "maps, propagated along the learned affinity and refined along the image's colors, show where " +
        "it is. For review, confidence.csv and contact-sheet.html list the least sure masks first.",
    )
    .requiredOption("--data <folder>", "data set with tagged images")
    .option("--split <name>", "only the images of this split");
  withJson(withMasks(withModel(command))).action(async (options: LabelCommandOptions) => {
    const output = open(options);
    const { labelImages } = await import("../jobs/label.ts");
    const { nodeHost } = await import("../host/node/host.ts");
    await runJob((job) => labelImages(nodeHost, options, job), maskLines(output));
  });
  return withExamples(
    command,
    "tag2mask label --model runs/train/exp --data photos --out masks",
    "tag2mask label --model runs/train/exp --data photos --split train --out masks --no-overlays",
    "tag2mask label --model runs/train/exp --data photos --out project --format coco,labelstudio",
  );
}
