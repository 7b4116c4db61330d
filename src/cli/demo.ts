import { readdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Command, Option } from "commander";
import { UserError } from "../user-error.ts";
import { writeFileAtomic } from "../host/node/files/atomic-file.ts";
import type { DeviceChoice, DeviceName } from "../host/devices.ts";
import { CountMeter } from "./progress.ts";
import { Interrupted } from "./failure.ts";
import { interruptible } from "./interrupt.ts";
import { invocation } from "./invocation.ts";
import type { MeasuredSeed } from "../jobs/compare-seeds.ts";
import {
  wholeNumber,
  wholeNumbers,
  withDevice,
  withExamples,
  withJson,
  withSettings,
} from "./options.ts";
import type { OpenOutput, Output } from "./output.ts";
import { chooseDevice, openTrainable } from "./prepare.ts";
import { resolveConfig, storedConfig, type SettingOptions } from "../files/run/settings.ts";
import type { TrainingJob, TrainingResult } from "../jobs/train.ts";
import { nodeHost } from "../host/node/host.ts";

interface DemoOptions extends SettingOptions {
  readonly json?: boolean;
  readonly out?: string;
  readonly images: number;
  readonly device: DeviceName;
  readonly seeds?: readonly number[];
}

/** Share of the scenes that is held out to measure on. */
const heldOut = 1 / 7;

/** `tag2mask demo`: the whole way on synthetic scenes, from tags to masks. */
export function demoCommand(open: OpenOutput): Command {
  const command = new Command("demo")
    .summary("the tour: make scenes, train on their tags, measure, report")
    .description(
      "Makes a small synthetic data set, trains on its tags alone, measures the masks on held-out " +
        "scenes and writes a report with pictures. Takes minutes on two cores.",
    )
    .option("--out <folder>", "where to; the next free of runs/demo, demo2, … if not given")
    .option("--images <n>", "scenes to make", wholeNumber(14), 700)
    .option("--steps <n>", "length of the training", wholeNumber(1))
    .option("--seed <n>", "of scenes and training", wholeNumber(0), 0)
    .addOption(
      new Option(
        "--seeds <list>",
        "train once for each of these seeds, then show what every part of the method adds",
      )
        .argParser(wholeNumbers)
        .conflicts("seed"),
    );
  withJson(withDevice(withSettings(command))).action(async (options: DemoOptions) => {
    const output = open(options);
    const started = output.now();
    const device = await chooseDevice(options.device, output);
    const { seeds } = options;
    const place = await claimFolder(options.out);
    if (seeds) return compareSeeds(seeds, place.folder, options, device, output);
    const result = await runDemo({ ...options, ...place }, device, output);
    const seconds = Number(((output.now() - started) / 1000).toFixed(1));
    const scenes = join(place.folder, "scenes");
    output.say(
      `data     ${scenes}\n\nNext: ${invocation()} segment --model ${result.run} --out masks ${join(scenes, "images")}`,
    );
    output.record({ run: result.run, seconds, metrics: result.metrics });
  });
  return withExamples(
    command,
    "tag2mask demo",
    "tag2mask demo --seed 2 --out /tmp/demo --json",
    "tag2mask demo --seeds 1,2,3",
  );
}

/** Makes the scenes of one seed and trains on them. */
async function runDemo(
  options: DemoOptions & { readonly folder: string; readonly made: string | undefined },
  device: DeviceChoice,
  output: Output,
): Promise<TrainingResult> {
  const { folder, made } = options;
  const scenes = join(folder, "scenes");
  const { nodeHost } = await import("../host/node/host.ts");
  const job = await resolveConfig(nodeHost.store, options, "small")
    .then((config) => prepare(scenes, { ...options, config, device }, output))
    .catch(async (error: unknown) => {
      const { removeEmptyFolders } = await import("../host/node/files/make-folder.ts");
      await rm(scenes, { recursive: true, force: true, maxRetries: 5 });
      if (made !== undefined) await removeEmptyFolders(folder, dirname(resolve(made)));
      throw error;
    });
  const { runTraining } = await import("../jobs/train.ts");
  return runTraining(job, output);
}

/** The same tour for several seeds, and the scores of every stage on their held-out scenes. */
async function compareSeeds(
  seeds: readonly number[],
  folder: string,
  options: DemoOptions,
  device: DeviceChoice,
  output: Output,
): Promise<void> {
  const { measureStages, summarize } = await import("../jobs/compare-seeds.ts");
  const measured: MeasuredSeed[] = [];
  for (const [i, seed] of seeds.entries()) {
    output.note(`seed ${seed}, ${i + 1} of ${seeds.length}`);
    const place = await claimFolder(join(folder, `seed-${seed}`));
    const { run } = await runDemo({ ...options, seed, ...place }, device, output);
    const scores = await measureStages(run, join(place.folder, "scenes"), device, output);
    measured.push({ seed, run, scores });
    output.record({ seed, run, ...scores });
  }
  const file = join(folder, "stages.json");
  const { table, summary } = summarize(measured);
  await writeFileAtomic(file, `${JSON.stringify({ seeds: measured, summary }, null, 2)}\n`);
  output.say(`\n${table}\n\nscores   ${file}`);
  output.record({ out: folder, summary });
}

/** Makes the scenes and the run folder beside them; Ctrl-C ends it with an error. */
async function prepare(
  scenes: string,
  options: Omit<DemoOptions, "device" | "config"> & Pick<TrainingJob, "config" | "device">,
  output: Output,
): Promise<TrainingJob> {
  const { config, device } = options;
  return interruptible(
    async (signal) => {
      await makeScenes(scenes, options, output, signal);
      const data = await openTrainable(scenes, config, true, output);
      const { RunDirectory } = await import("../files/run/directory.ts");
      const { nodeHost } = await import("../host/node/host.ts");
      checkInterrupted(signal);
      const origin = { data: scenes, strict: true, device: device.device };
      const run = await RunDirectory.create(nodeHost, {
        root: dirname(scenes),
        name: "train",
        config: storedConfig(nodeHost.store, config, origin),
      });
      if (signal.aborted) await run.discard();
      checkInterrupted(signal);
      return { run, data, config, device, strict: true };
    },
    () => output.note("stopping; Ctrl-C again stops at once"),
  );
}

function checkInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new Interrupted("stopped before the training; nothing is left behind");
}

async function makeScenes(
  folder: string,
  { images, seed = 0 }: Pick<DemoOptions, "images" | "seed">,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { writeScenes } = await import("../files/datasets/index.ts");
  const meter = new CountMeter("scenes", () => output.now());
  await writeScenes(nodeHost, folder, {
    count: images,
    valCount: Math.round(images * heldOut),
    seed,
    onProgress: (done, total) => {
      checkInterrupted(signal);
      output.progress.update(meter.read(done, total));
    },
  });
  output.progress.clear();
  output.note(`made ${images} scenes in ${folder}`);
}

/** An empty folder, the one asked for or the next free, and the topmost folder made for it. */
async function claimFolder(
  wanted: string | undefined,
): Promise<{ folder: string; made: string | undefined }> {
  const { makeFolder } = await import("../host/node/files/make-folder.ts");
  if (wanted === undefined) {
    const { nextFree } = await import("../files/run/files.ts");
    const { nodeHost } = await import("../host/node/host.ts");
    const made = await makeFolder("runs");
    const folder = await nextFree(nodeHost.store, "runs", "demo");
    return { folder, made: made ?? folder };
  }
  const made = await makeFolder(wanted);
  const files = await readdir(wanted);
  if (files.length === 0) return { folder: wanted, made };
  throw new UserError(
    `${wanted}: has ${files.length} file(s) already; give an empty or new folder`,
  );
}
