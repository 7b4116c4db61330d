import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { UserError } from "../../user-error.ts";
import type { DeviceName } from "../devices.ts";
import { CountMeter } from "../progress.ts";
import { withDevice, withExamples, withJson, withSettings, wholeNumber } from "./options.ts";
import type { OpenOutput, Output } from "./output.ts";
import { chooseDevice, openTrainable } from "./prepare.ts";
import { resolveConfig, storedConfig, type SettingOptions } from "./run-settings.ts";

interface DemoOptions extends SettingOptions {
  readonly json?: boolean;
  readonly out?: string;
  readonly images: number;
  readonly device: DeviceName;
}

/** Share of the scenes that is held out to measure on. */
const heldOut = 1 / 7;

/** `tag2mask demo`: the whole way on synthetic scenes, from tags to masks. */
export function demoCommand(open: OpenOutput): Command {
  const command = new Command("demo")
    .summary("the tour: make scenes, train on their tags, measure, report")
    .description(
      "Makes a small synthetic data set, trains on its tags alone, measures the masks on held-out\n" +
        "scenes and writes a report with pictures. Takes minutes on two cores.",
    )
    .option("--out <folder>", "where to; the next free of runs/demo, demo2, … if not given")
    .option("--images <n>", "scenes to make", wholeNumber(14), 700)
    .option("--steps <n>", "length of the training", wholeNumber(1))
    .option("--seed <n>", "of scenes and training", wholeNumber(0), 0);
  withJson(withDevice(withSettings(command))).action(async (options: DemoOptions) => {
    const output = open(options);
    const started = output.now();
    const config = await resolveConfig(options, "small");
    const device = await chooseDevice(options.device, output);
    const folder = await claimFolder(options.out);
    const scenes = join(folder, "scenes");
    await makeScenes(scenes, options, output);
    const data = await openTrainable(scenes, config, true, output);
    const { RunDirectory } = await import("../run/directory.ts");
    const origin = { data: scenes, strict: true };
    const run = await RunDirectory.create({
      root: folder,
      name: "train",
      config: storedConfig(config, origin),
    });
    const { runTraining } = await import("./training.ts");
    const result = await runTraining({ run, data, config, device, strict: true }, output);
    const seconds = Number(((output.now() - started) / 1000).toFixed(1));
    output.say(
      `data     ${scenes}\n\nNext: tag2mask segment --model ${result.run} --out masks ${join(scenes, "images")}`,
    );
    output.record({ run: result.run, seconds, metrics: result.metrics });
  });
  return withExamples(command, "tag2mask demo", "tag2mask demo --seed 2 --out /tmp/demo --json");
}

async function makeScenes(
  folder: string,
  { images, seed = 0 }: DemoOptions,
  output: Output,
): Promise<void> {
  const { writeScenes } = await import("../datasets/index.ts");
  const meter = new CountMeter("scenes", () => output.now());
  await writeScenes(folder, {
    count: images,
    valCount: Math.round(images * heldOut),
    seed,
    onProgress: (done, total) => output.progress.update(meter.read(done, total)),
  });
  output.progress.clear();
  output.note(`made ${images} scenes in ${folder}`);
}

/** An empty folder: the one asked for, or the first of runs/demo, demo2, … that is. */
async function claimFolder(wanted: string | undefined): Promise<string> {
  const { makeFolder } = await import("../make-folder.ts");
  for (let n = 1; ; n++) {
    const folder = wanted ?? join("runs", n === 1 ? "demo" : `demo${n}`);
    const files = await readdir(folder).catch(() => []);
    if (files.length === 0) {
      await makeFolder(folder);
      return folder;
    }
    if (wanted !== undefined) {
      throw new UserError(
        `${folder}: has ${files.length} file(s) already; give an empty or new folder`,
      );
    }
  }
}
