import { Command } from "commander";
import { runJob } from "./interrupt.ts";
import { maskLines } from "./mask-lines.ts";
import {
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

interface SegmentCommandOptions extends ModelOptions, MaskOptions, ViewOptions, ShardOptions {
  readonly json?: boolean;
  readonly inputCommand?: string;
}

/** `tag2mask segment`: masks of any images. */
export function segmentCommand(open: OpenOutput): Command {
  const command = new Command("segment")
    .summary("write masks of any images")
    .description(
      "Writes masks of images, tagged or not, as the trained segmentation branch predicts them.",
    )
    .argument(
      "<images...>",
      "image files or tars, or folders of them; with --input-command, lists with a name a line",
    );
  withJson(withShards(withViews(withMasks(withInputCommand(withModel(command)))))).action(
    async (images: string[], options: SegmentCommandOptions) => {
      const output = open(options);
      const divided = shardTask(command, options, output);
      const { segmentImages } = await import("../jobs/segment.ts");
      const { nodeHost } = await import("../host/node/host.ts");
      await runJob(
        (job) => segmentImages(nodeHost, { ...options, ...divided, images }, job),
        maskLines(output),
      );
    },
  );
  return withExamples(
    command,
    "tag2mask segment --model runs/train/exp --out masks cat.jpg dog.jpg",
    "tag2mask segment --model runs/train/exp --out masks photos/images --flip --scales 0.75,1,1.25",
    "tag2mask segment --model runs/train/exp --out masks photos/images --crf --long-side 768",
    "tag2mask segment --model runs/train/exp --out masks shards/000.tar shards/001.tar",
    "tag2mask segment --model runs/train/exp --out masks photos/images --shard-size 1000 --task 0 --tasks 8",
    "tag2mask segment --model runs/train/exp --out masks names.txt --input-command 'aws s3 cp s3://bucket/{} -'",
  );
}
