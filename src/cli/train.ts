import { Command, Option } from "commander";
import { backboneNames, presetNames } from "../method/config.ts";
import type { SettingOptions } from "../files/run/settings.ts";
import type { DeviceName } from "../host/devices.ts";
import { runJob } from "./interrupt.ts";
import { withDevice, withExamples, withJson, wholeNumber } from "./options.ts";
import { withSettings } from "./set-option.ts";
import type { OpenOutput, Output } from "./output.ts";
import { reportFacts } from "./report-facts.ts";
import { secondsSince } from "./seconds.ts";
import { trainingLines } from "./training-lines.ts";

interface TrainCommandOptions extends SettingOptions {
  readonly json?: boolean;
  readonly data?: string;
  readonly weights?: string;
  readonly resetHeads?: boolean;
  readonly out?: string;
  readonly resume?: string;
  readonly device: DeviceName;
  readonly strict?: boolean;
  readonly settings?: boolean;
}

/** `tag2mask train`: a model from tagged images. */
export function trainCommand(open: OpenOutput): Command {
  const command = new Command("train")
    .summary("train a model on tagged images")
    .description("Trains a model on the tagged images of a data set, into a run folder.")
    .option(
      "--data <folder>",
      "data set to learn from; `tag2mask data` shows what is understood of it",
    )
    .option("--out <folder>", "run folder (default: the next free of runs/train/exp, exp2, …)")
    .addOption(
      new Option(
        "--preset <name>",
        "recipe; small without --weights, voc with, if not given",
      ).choices(presetNames),
    )
    .addOption(new Option("--backbone <name>", "encoder").choices(backboneNames))
    .option(
      "--weights <file>",
      "first weights instead of random ones: .pth or .safetensors of AFA or SegFormer",
    )
    .option("--reset-heads", "reinitialize the layers whose size depends on the number of classes")
    .option("--steps <n>", "length; the phases of the recipe shrink with it", wholeNumber(1))
    .option("--batch <n>", "crops in a step", wholeNumber(1))
    .option("--crop <pixels>", "side of a crop, a multiple of 32", wholeNumber(1))
    .option("--seed <n>", "of every random number", wholeNumber(0));
  withSettings(command)
    .addOption(
      new Option("--resume <run>", "go on with a run where it stopped").conflicts([
        ...[
          "out",
          "preset",
          "backbone",
          "weights",
          "resetHeads",
          "steps",
          "batch",
          "crop",
          "seed",
          "config",
          "set",
        ],
      ]),
    )
    .option("--strict", "fail on the first image that cannot be read instead of leaving it out")
    .option("--settings", "list every setting that --set takes, and end");
  withJson(withDevice(command)).action(async (options: TrainCommandOptions) => {
    const output = open(options);
    if (options.settings) return listAll(output);
    if (options.resume === undefined && options.data === undefined) {
      command.error("error: --data <folder> is missing, or --resume <run>");
    }
    const started = output.now();
    const { data, resume, ...rest } = options;
    const report = reportFacts(output);
    const device = command.getOptionValueSource("device") === "cli" ? options.device : undefined;
    const { resumeTraining, trainModel } = await import("../jobs/train.ts");
    const { nodeHost } = await import("../host/node/host.ts");
    const result = await runJob(
      (job) =>
        resume === undefined
          ? trainModel(nodeHost, { ...rest, data: data!, report }, job)
          : resumeTraining(
              nodeHost,
              { ...rest, ...(data !== undefined && { data }), run: resume, device, report },
              job,
            ),
      trainingLines(output),
    );
    if (result.type === "stopped") return;
    const seconds = secondsSince(started, output);
    output.record({ run: result.run, seconds, metrics: result.best?.metrics ?? null });
  });
  return withExamples(
    command,
    "tag2mask train --data photos",
    "tag2mask train --data photos --steps 3000 --seed 1 --set train.lr=5e-4",
    "tag2mask train --data VOC2012 --preset voc --weights mit_b1.pth",
    "tag2mask train --data MSCOCO --preset coco --weights mit_b1.pth",
    "tag2mask train --resume runs/train/exp",
  );
}

async function listAll(output: Output): Promise<void> {
  const { listSettings, parseConfig } = await import("../method/config.ts");
  const values = parseConfig() as unknown as Record<string, Record<string, unknown>>;
  for (const { key, meaning } of listSettings()) {
    const [section, name] = key.split(".") as [string, string];
    const value = values[section]![name];
    output.say(`${key}=${JSON.stringify(value)}\n    ${meaning}`);
    output.record({ key, default: value, meaning });
  }
}
