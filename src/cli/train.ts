import { basename, dirname, join, resolve } from "node:path";
import { Command, Option } from "commander";
import { backboneNames, presetNames } from "../method/config.ts";
import { withDevice, withExamples, withJson, withSettings, wholeNumber } from "./options.ts";
import type { DeviceName } from "../host/devices.ts";
import type { OpenOutput, Output } from "./output.ts";
import { checkClasses, chooseDevice, firstWeights, openTrainable } from "./prepare.ts";
import {
  readStoredConfig,
  resolveConfig,
  storedConfig,
  type SettingOptions,
} from "../files/run/settings.ts";
import type { TrainingJob } from "../jobs/train.ts";

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
    .option("--out <folder>", "run folder; the next free of runs/train/exp, exp2, … if not given")
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
    .option("--reset-heads", "start the layers anew that know how many classes there are")
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
    const device = command.getOptionValueSource("device") === "cli" ? options.device : undefined;
    const job =
      options.resume === undefined
        ? await startRun(options, output)
        : await resumeRun({ ...options, device }, output);
    const { runTraining } = await import("../jobs/train.ts");
    const result = await runTraining(job, output);
    const seconds = Number(((output.now() - started) / 1000).toFixed(1));
    output.record({ run: result.run, seconds, metrics: result.metrics });
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

/** Checks all that can be checked before the run folder is made. */
async function startRun(options: TrainCommandOptions, output: Output): Promise<TrainingJob> {
  const { data: folder, weights, resetHeads = false, strict = false, out } = options;
  const { nodeHost } = await import("../host/node/host.ts");
  const { store } = nodeHost;
  const wanted = await resolveConfig(store, options, weights === undefined ? "small" : "voc");
  const data = await openTrainable(folder!, wanted, strict, output);
  const initial = await firstWeights(weights, wanted, data, { resetHeads, output });
  const device = await chooseDevice(options.device, output);
  const { fitMemory } = await import("../jobs/plan/micro-batch.ts");
  const config = await fitMemory(wanted, data.classes, device, output);
  const { RunDirectory } = await import("../files/run/directory.ts");
  const place =
    out === undefined ? {} : { root: dirname(resolve(out)), name: basename(resolve(out)) };
  const origin = {
    data: folder!,
    strict,
    device: device.device,
    ...(weights !== undefined && { weights, resetHeads }),
  };
  const stored = storedConfig(store, config, origin);
  const run = await RunDirectory.create(nodeHost, { ...place, config: stored });
  return { run, data, config, device, strict, ...(initial && { initial }) };
}

/** Goes on where a run stopped, on its own device if none is asked for: another one rounds otherwise. */
async function resumeRun(
  options: Omit<TrainCommandOptions, "device"> & { readonly device: DeviceName | undefined },
  output: Output,
): Promise<TrainingJob> {
  const { RunDirectory } = await import("../files/run/directory.ts");
  const { nodeHost } = await import("../host/node/host.ts");
  const opened = await RunDirectory.open(nodeHost, options.resume!);
  const { run, state, file: checkpoint, messages } = opened;
  try {
    for (const message of messages) output.noteLater(message);
    const file = join(run.path, "config.yaml");
    const { config, origin } = readStoredConfig(file, await run.readConfig());
    const strict = options.strict ?? origin.strict;
    const data = await openTrainable(options.data ?? origin.data, config, strict, output);
    checkClasses(run.path, state?.metadata["classes"], data);
    const { resetHeads = false, weights } = origin;
    const initial = state
      ? undefined
      : await firstWeights(weights, config, data, { resetHeads, output });
    const device = await chooseDevice(options.device ?? origin.device ?? "auto", output);
    return {
      run,
      data,
      config,
      device,
      resume: state,
      checkpoint,
      strict,
      ...(initial && { initial }),
    };
  } catch (error) {
    await run.close();
    throw error;
  }
}
