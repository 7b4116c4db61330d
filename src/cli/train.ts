import { Command, Option } from "commander";
import { backboneNames, presetNames } from "../method/config.ts";
import type { SettingOptions } from "../files/run/settings.ts";
import type { DeviceName } from "../host/devices.ts";
import type { Exchange } from "../host/exchange.ts";
import type { Host } from "../host/host.ts";
import { runJob } from "./interrupt.ts";
import { withDevice, withExamples, withJson, wholeNumber } from "./options.ts";
import { withSettings } from "./set-option.ts";
import type { OpenOutput, Output } from "./output.ts";
import { reportFacts } from "./report-facts.ts";
import { secondsSince } from "./seconds.ts";
import { togetherSignals, trainTogether } from "./train-together.ts";
import { trainingLines } from "./training-lines.ts";

interface TrainCommandOptions extends SettingOptions {
  readonly json?: boolean;
  readonly data?: string;
  readonly weights?: string;
  readonly resetHeads?: boolean;
  readonly useMasks?: true | string;
  readonly out?: string;
  readonly resume?: string;
  readonly device: DeviceName;
  readonly strict?: boolean;
  readonly settings?: boolean;
  readonly mpi?: boolean;
}

/** `tag2mask train`: training of a model on tagged images. */
export function trainCommand(open: OpenOutput): Command {
  const command = new Command("train")
    .summary("train a model on tagged images")
    .description(
      "Trains a model on the tagged images of a data set. Weights, logs and a report go to a run folder.",
    )
    .option("--data <folder>", "data set to train on; `tag2mask data` shows how it is understood")
    .option("--out <folder>", "run folder (default: the first free one of runs/train/exp, exp2, …)")
    .addOption(
      new Option(
        "--preset <name>",
        "recipe of the training (default: small; with --weights voc or coco for their data sets, else own)",
      ).choices(presetNames),
    )
    .addOption(new Option("--backbone <name>", "encoder of the network").choices(backboneNames))
    .option(
      "--weights <name>",
      "initial weights, otherwise random: pvt_v2_b1 and others of `tag2mask weights --list`, fetched once; a .pth " +
        "or .safetensors file of AFA or SegFormer; owner/repository[@revision][:file] of the Hugging Face Hub",
    )
    .option(
      "--use-masks [folder]",
      "train on true masks too: those in the folder, or the data set's own and its corrections in .tag2mask/corrections; " +
        "255 is not known. With --resume the folder's new place, if it was moved",
    )
    .option("--merge-case", "make one class of tags that differ only in letter case")
    .option("--reset-heads", "reinitialize the layers whose size depends on the number of classes")
    .option(
      "--steps <n>",
      "training steps; the phases of the recipe scale with them",
      wholeNumber(1),
    )
    .option("--batch <n>", "crops per step", wholeNumber(1))
    .option("--crop <pixels>", "side of the square crops, a multiple of 32", wholeNumber(1))
    .option("--seed <n>", "random seed; the same seed repeats a training", wholeNumber(0));
  withSettings(command)
    .addOption(
      new Option("--resume <run>", "continue a run where it stopped").conflicts([
        "out",
        "preset",
        "backbone",
        "weights",
        "resetHeads",
        "mergeCase",
        "batch",
        "crop",
        "seed",
        "config",
        "set",
      ]),
    )
    .option(
      "--mpi",
      "train together with the other processes that mpirun or srun has started: mpirun -n 4 tag2mask train --mpi …",
    )
    .option("--strict", "fail on the first image that cannot be read instead of leaving it out")
    .option(
      "--settings",
      "list all settings that --set accepts, with the values of the preset, and exit",
    );
  withJson(withDevice(command)).action(async (options: TrainCommandOptions) => {
    const output = open(options);
    if (options.settings) return printSettings(output, options);
    if (options.resume === undefined && options.data === undefined) {
      command.error("error: neither --data <folder> nor --resume <run> is given");
    }
    if (options.resume !== undefined && options.steps !== undefined) {
      command.error(
        "error: a run's number of steps is fixed when it is started, as the phases of the recipe depend on it: leave --steps " +
          `out to finish ${options.resume}, or start a new run with --steps ${options.steps}`,
      );
    }
    if (options.resume !== undefined && options.useMasks === true) {
      command.error(
        "error: --use-masks needs a folder if --resume is given: the new place of the masks",
      );
    }
    const startTime = output.now();
    const { data, resume, useMasks: masks, mpi, ...rest } = options;
    const report = reportFacts(output);
    const device = command.getOptionValueSource("device") === "cli" ? options.device : undefined;
    const { resumeTraining, trainModel } = await import("../jobs/train.ts");
    const { nodeHost } = await import("../host/node/host.ts");
    const lines = trainingLines(output);
    const train = async (host: Host, exchange?: Exchange, started?: () => void): Promise<void> => {
      const together = exchange && { exchange };
      const result = await runJob(
        (job) =>
          resume === undefined
            ? trainModel(
                host,
                {
                  ...{ ...rest, data: data!, report, ...together },
                  ...(masks !== undefined && { masks }),
                },
                job,
              )
            : resumeTraining(
                host,
                {
                  ...{ ...rest, run: resume, device, report, ...together },
                  ...(data !== undefined && { data }),
                  ...(typeof masks === "string" && { masks }),
                },
                job,
              ),
        (event, interruption) => {
          if (event.type === "started") started?.();
          lines(event, interruption);
        },
        exchange && togetherSignals,
      );
      if (result.type !== "trained") return;
      const seconds = secondsSince(startTime, output);
      const { run, best, skipped } = result;
      output.record({
        ...{ run, seconds, metrics: best?.metrics ?? null },
        skipped: skipped.map(({ file, reason }) => `${file}: ${reason}`),
      });
    };
    if (mpi) await trainTogether(nodeHost, output, { data, masks, train });
    else await train(nodeHost);
  });
  return withExamples(
    command,
    "tag2mask train --data photos --weights pvt_v2_b1",
    "tag2mask train --data photos --steps 3000 --seed 1 --set train.lr=5e-4",
    "tag2mask train --data photos --use-masks",
    "tag2mask train --data photos --use-masks corrected",
    "tag2mask train --data VOC2012 --preset voc --weights mit_b1",
    "tag2mask train --data MSCOCO --preset coco --weights mit_b1",
    "tag2mask train --resume runs/train/exp",
    "mpirun --bind-to none -n 4 tag2mask train --mpi --data photos",
  );
}

/** Prints all settings with the values of the preset that is given, or else would be taken. */
async function printSettings(
  output: Output,
  { preset: given, weights }: TrainCommandOptions,
): Promise<void> {
  const { listSettings, parseConfig } = await import("../method/config.ts");
  const preset = given ?? (weights === undefined ? "small" : "own");
  const values = parseConfig({ preset }) as unknown as Record<string, Record<string, unknown>>;
  const fitted =
    preset === "own"
      ? "; train.steps and train.validateEvery are fitted to the number of training images unless they are set"
      : "";
  const others = presetNames.filter((name) => name !== preset).join(", ");
  output.say(`values of the preset ${preset} (--preset for those of ${others})${fitted}\n`);
  for (const { key, meaning } of listSettings()) {
    const [section, name] = key.split(".") as [string, string];
    const value = values[section]![name];
    output.say(`${key}=${JSON.stringify(value)}\n    ${meaning}`);
    output.record({ key, default: value, preset, meaning });
  }
}
