import { Command } from "commander";
import { UserError } from "../../user-error.ts";
import { CountMeter } from "../progress.ts";
import { withExamples, withJson, wholeNumber } from "./options.ts";
import type { OpenOutput } from "./output.ts";

interface DataOptions {
  readonly json?: boolean;
  readonly decode: boolean;
  readonly seed: number;
}

/** `tag2mask data`: what is understood of a data set, and what is wrong with it. */
export function dataCommand(open: OpenOutput): Command {
  const command = new Command("data")
    .summary("show what is understood of a data set")
    .description(
      "Shows what is understood of a data set folder: classes, splits, masks and problems.\n" +
        "Known are images/ with tags.csv, .json or .jsonl, a folder for each class, and VOC folders.",
    )
    .argument("<folder>", "folder of the data set")
    .option("--no-decode", "read only the headers of images and masks")
    .option(
      "--seed <n>",
      "decides which images are held out if there are no splits",
      wholeNumber(0),
      0,
    )
    .action(async (folder: string, { decode, seed, json = false }: DataOptions) => {
      const output = open({ json });
      const { formatReport, inspectDataset } = await import("../datasets/index.ts");
      const meter = new CountMeter("images", () => output.now());
      const report = await inspectDataset(folder, {
        decode,
        seed,
        onProgress: (done, total) => output.progress.update(meter.read(done, total)),
      });
      output.progress.clear();
      output.say(formatReport(report, { color: output.color }));
      output.record(report);
      if (!report.trainable)
        throw new UserError(`${folder}: not ready for training: ${report.obstacle}`);
    });
  return withExamples(
    withJson(command),
    "tag2mask data photos",
    "tag2mask data VOC2012 --no-decode --json",
  );
}
