import type { Config } from "../method/config.ts";
import type { NdArray } from "../engine/graph/index.ts";
import { UserError } from "../user-error.ts";
import type { OpenedDataset } from "../files/datasets/index.ts";
import type { DeviceChoice, DeviceName } from "../host/devices.ts";
import type { Segmenter } from "../method/inference/segmenter.ts";
import { invocation } from "./invocation.ts";
import { lanesFor, mostLanes, type Segmenting } from "../jobs/plan/lanes.ts";
import type { ModelOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { readingProgress } from "./reading-progress.ts";
import { nodeHost } from "../host/node/host.ts";

/** Opens a data set for training and tells what is left out. */
export async function openTrainable(
  folder: string,
  config: Config,
  strict: boolean,
  output: Output,
): Promise<OpenedDataset> {
  const { formatProblem, openDataset } = await import("../files/datasets/index.ts");
  const { onProgress, clear } = readingProgress(output);
  const seed = config.train.seed;
  const data = await openDataset(nodeHost, folder, { seed, strict, training: true, onProgress });
  clear();
  const [first] = data.problems;
  if (first) {
    const more = data.problems.length - 1;
    const hint = more > 0 ? ` (and ${more} more; ${invocation()} data ${folder} lists all)` : "";
    output.noteLater(`${formatProblem(first)}${hint}`);
  }
  if ((data.counts.splits["val"]?.images ?? 0) === 0) {
    output.noteLater(`${folder}: no images in the split "val", so there will be no scores`);
  }
  return data;
}

/** The device asked for; what `auto` chose is told. */
export async function chooseDevice(name: DeviceName, output: Output): Promise<DeviceChoice> {
  const { resolveDevice } = await import("../host/node/ort/devices.ts");
  const choice = await resolveDevice(name);
  if (choice.note !== undefined) output.noteLater(choice.note);
  return choice;
}

/** Opens a trained model on the device asked for. @param work what it is to segment, for many at a time */
export async function openSegmenter(
  { model, device }: ModelOptions,
  output: Output,
  work?: Segmenting,
): Promise<Segmenter> {
  // All that takes time begins at once: a thread, trying devices in other processes, reading the model.
  const most = work && (device === "cpu" || device === "auto") ? mostLanes(work) : 1;
  const pool =
    most > 1 ? (await import("../host/node/workers/session-pool.ts")).sharedPool(most) : undefined;
  try {
    const choosing = chooseDevice(device, output);
    choosing.catch(() => undefined);
    const { openAnyModel } = await import("../jobs/open-exported-model.ts");
    const { nodeHost } = await import("../host/node/host.ts");
    const opening = openAnyModel(nodeHost.store, model);
    opening.catch(() => undefined);
    const { openSegmenter: open } = await import("../jobs/open-segmenter.ts");
    // What is wrong with the model is told before what is wrong with the device.
    const opened = await opening;
    const lanes = work ? lanesFor(opened, work) : 1;
    const choice = await choosing;
    if (pool && choice.device === "cpu" && lanes === pool.width) {
      return await open(nodeHost, opened, { device: choice, pool });
    }
    // Only the model tells how much memory a lane takes; seldom there is not enough for all.
    await pool?.close();
    return await open(nodeHost, opened, { device: choice, lanes });
  } catch (error) {
    await pool?.close();
    throw error;
  }
}

/** A run goes on with the classes it has begun to learn. */
export function checkClasses(run: string, stored: string | undefined, data: OpenedDataset): void {
  if (stored === undefined || stored === JSON.stringify(data.classes)) return;
  throw new UserError(
    `${run}: learned the classes ${stored}, ${data.root} has ${JSON.stringify(data.classes)}; ` +
      "resume with the data set it was started with",
  );
}

/** The first weights that a training is given by a file, told in notes. */
export async function firstWeights(
  file: string | undefined,
  config: Config,
  { classes }: OpenedDataset,
  { resetHeads = false, output }: { readonly resetHeads?: boolean; readonly output: Output },
): Promise<Readonly<Record<string, NdArray>> | undefined> {
  if (file === undefined) return undefined;
  const { readFirstWeights } = await import("../jobs/first-weights.ts");
  const { store } = (await import("../host/node/host.ts")).nodeHost;
  const { initial, notes } = await readFirstWeights(store, file, config, classes, { resetHeads });
  for (const note of notes) output.noteLater(note);
  return initial;
}
