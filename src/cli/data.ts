import { Command } from "commander";
import type { DatasetReport } from "../files/datasets/index.ts";
import { ctrlCNote, Interrupted, runJob } from "./interrupt.ts";
import { withExamples, withJson, wholeNumber } from "./options.ts";
import type { OpenOutput, Output } from "./output.ts";
import { readingProgress } from "./reading-progress.ts";
import { shardTask, withShards, type ShardOptions } from "./shard-options.ts";

interface DataOptions extends ShardOptions {
  readonly json?: boolean;
  readonly decode: boolean;
  readonly seed: number;
  readonly mergeCase?: boolean;
  readonly tagsOut?: string;
  readonly out?: string;
}

/** `tag2mask data`: what is understood of a data set, and what is wrong with it. */
export function dataCommand(open: OpenOutput): Command {
  const command = new Command("data")
    .summary("show what is understood of a data set")
    .description(
      "Shows what is understood of a data set folder: classes, splits, masks and problems. " +
        "Known are images/ with tags.csv, .tsv, .json or .jsonl, a folder for each class, VOC folders, images with a VOC .xml beside each, and COCO " +
        "(annotations/instances_*.json with its images, or folders like VOC's).",
    )
    .argument("<folder>", "folder of the data set")
    .option("--no-decode", "read only the headers of images and masks")
    .option(
      "--seed <n>",
      "decides which images are held out if there are no splits",
      wholeNumber(0),
      0,
    )
    .option("--merge-case", "make one class of tags that differ only in letter case")
    .option(
      "--tags-out <file>",
      "write the tags found as a .csv file: as tags.csv in the folder, it saves taking them from masks again",
    )
    .option("--out <folder>", "with --shard-size: the folder that all tasks write to");
  withJson(withShards(command)).action(async (folder: string, options: DataOptions) => {
    const output = open(options);
    const { out, shardSize, tagsOut } = options;
    if ((out === undefined) !== (shardSize === undefined)) {
      command.error(
        "error: --out and --shard-size go together: the folder that all tasks write to",
      );
    }
    if (out !== undefined && tagsOut !== undefined) {
      command.error(
        "error: --tags-out is not for tasks: give it to tag2mask merge, which has the whole",
      );
    }
    const { shards } = shardTask(command, options, output);
    if (out === undefined || !shards) return inspectAlone(folder, options, output);
    const { decode, seed, mergeCase = false } = options;
    const { inspectAsTask } = await import("./data-task.ts");
    await inspectAsTask({ data: folder, decode, seed, mergeCase, out, shards }, output);
  });
  return withExamples(
    command,
    "tag2mask data photos",
    "tag2mask data VOC2012 --no-decode --json",
    "tag2mask data MSCOCO --no-decode --tags-out MSCOCO/tags.csv",
    "tag2mask data MSCOCO --out inspected --shard-size 5000 --task 0 --tasks 8",
  );
}

/** Inspects all images in this process. */
async function inspectAlone(
  data: string,
  { decode, seed, mergeCase = false, tagsOut }: DataOptions,
  output: Output,
): Promise<void> {
  const { inspectFolder } = await import("../jobs/data.ts");
  const { nodeHost } = await import("../host/node/host.ts");
  const { tellReport } = await import("./data-report.ts");
  const { onProgress, clear } = readingProgress(output);
  const tell = (report: DatasetReport): void => {
    clear();
    tellReport(report, tagsOut, output);
  };
  await runJob(
    (job) => inspectFolder(nodeHost, { data, decode, seed, mergeCase, tagsTo: tagsOut }, job),
    (event, interruption) => {
      switch (event.type) {
        case "reading":
          interruption.handle(() => output.note(ctrlCNote("stopping")));
          return onProgress(event.done, event.total, event.what);
        case "stopped":
          throw new Interrupted("stopped before everything was read");
        case "report":
          return tell(event.report);
      }
    },
  );
}
