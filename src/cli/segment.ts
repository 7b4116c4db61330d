import { Command } from "commander";
import { runJob } from "./interrupt.ts";
import { maskLines } from "./mask-lines.ts";
import { withExamples, withJson, withMasks, withModel, withViews } from "./options.ts";
import type { MaskOptions, ModelOptions, ViewOptions } from "./options.ts";
import type { OpenOutput } from "./output.ts";

interface SegmentCommandOptions extends ModelOptions, MaskOptions, ViewOptions {
  readonly json?: boolean;
}

/** `tag2mask segment`: masks of any images. */
export function segmentCommand(open: OpenOutput): Command {
  const command = new Command("segment")
    .summary("write masks of any images")
    .description(
      "Writes masks of images, tagged or not, as the trained segmentation branch predicts them.",
    )
    .argument("<images...>", "image files, or folders of them");
  withJson(withViews(withMasks(withModel(command)))).action(
    async (images: string[], options: SegmentCommandOptions) => {
      const output = open(options);
      const { segmentImages } = await import("../jobs/segment.ts");
      const { nodeHost } = await import("../host/node/host.ts");
      await runJob(
        (job) => segmentImages(nodeHost, { ...options, images }, job),
        maskLines(output),
      );
    },
  );
  return withExamples(
    command,
    "tag2mask segment --model runs/train/exp --out masks cat.jpg dog.jpg",
    "tag2mask segment --model runs/train/exp --out masks photos/images --flip --scales 0.75,1,1.25",
    "tag2mask segment --model runs/train/exp --out masks photos/images --crf --long-side 768",
  );
}
