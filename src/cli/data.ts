import { Command } from "commander";
import type { DatasetReport } from "../files/datasets/index.ts";
import { UserError } from "../user-error.ts";
import { ctrlCNote, Interrupted, runJob } from "./interrupt.ts";
import { withExamples, withJson, wholeNumber } from "./options.ts";
import type { OpenOutput } from "./output.ts";
import { readingProgress } from "./reading-progress.ts";
import { wordRemedies } from "./remedies.ts";

interface DataOptions {
  readonly json?: boolean;
  readonly decode: boolean;
  readonly seed: number;
  readonly mergeCase?: boolean;
  readonly tagsOut?: string;
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
    .action(
      async (
        folder: string,
        { decode, seed, tagsOut, mergeCase = false, json = false }: DataOptions,
      ) => {
        const output = open({ json });
        const { inspectFolder } = await import("../jobs/data.ts");
        const { nodeHost } = await import("../host/node/host.ts");
        const { formatReport } = await import("../files/datasets/index.ts");
        const { onProgress, clear } = readingProgress(output);
        const tell = (report: DatasetReport): void => {
          clear();
          output.say(formatReport(report, { color: output.color, wordRemedies }));
          if (tagsOut !== undefined) output.say(`tags written to ${tagsOut}`);
          output.record(report);
          if (!report.trainable)
            throw new UserError(`${folder}: not ready for training: ${report.obstacle}`);
        };
        await runJob(
          (job) =>
            inspectFolder(
              nodeHost,
              { data: folder, decode, seed, mergeCase, tagsTo: tagsOut },
              job,
            ),
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
      },
    );
  return withExamples(
    withJson(command),
    "tag2mask data photos",
    "tag2mask data VOC2012 --no-decode --json",
    "tag2mask data MSCOCO --no-decode --tags-out MSCOCO/tags.csv",
  );
}
