import type { Config } from "../../config.ts";
import type { NdArray } from "../../graph/index.ts";
import { UserError } from "../../user-error.ts";
import type { OpenedDataset } from "../datasets/index.ts";
import type { DeviceChoice, DeviceName } from "../devices.ts";
import type { Segmenter } from "../segmenter.ts";
import { invocation } from "./invocation.ts";
import type { ModelOptions } from "./options.ts";
import type { Output } from "./output.ts";

/** Opens a data set for training and tells what is left out. */
export async function openTrainable(
  folder: string,
  config: Config,
  strict: boolean,
  output: Output,
): Promise<OpenedDataset> {
  const { formatProblem, openDataset } = await import("../datasets/index.ts");
  const data = await openDataset(folder, { seed: config.train.seed, strict, training: true });
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
  const { resolveDevice } = await import("../devices.ts");
  const choice = await resolveDevice(name);
  if (choice.note !== undefined) output.noteLater(choice.note);
  return choice;
}

/** Opens a trained model on the device asked for. */
export async function openSegmenter(
  { model, device }: ModelOptions,
  output: Output,
): Promise<Segmenter> {
  const { Segmenter } = await import("../segmenter.ts");
  const { openModel } = await import("../model-file.ts");
  // First what fails at once, then what takes seconds.
  const opened = await openModel(model);
  return Segmenter.open(opened, { device: await chooseDevice(device, output) });
}

/** A run goes on with the classes it has begun to learn. */
export function checkClasses(run: string, stored: string | undefined, data: OpenedDataset): void {
  if (stored === undefined || stored === JSON.stringify(data.classes)) return;
  throw new UserError(
    `${run}: learned the classes ${stored}, ${data.root} has ${JSON.stringify(data.classes)}; ` +
      "resume with the data set it was started with",
  );
}

/** Those tensors of a weights file that the network has, with the shapes that it needs. */
export async function firstWeights(
  file: string | undefined,
  config: Config,
  { classes }: OpenedDataset,
): Promise<Record<string, NdArray> | undefined> {
  if (file === undefined) return undefined;
  const { readTensorFile } = await import("../run/checkpoints.ts");
  const { networkOf } = await import("../../train/trainer.ts");
  const { checkFits } = await import("../model-file.ts");
  const { tensors } = await readTensorFile(file);
  const initial: Record<string, NdArray> = {};
  for (const parameter of networkOf(config, classes).parameters) {
    const found = tensors[parameter.name];
    if (found === undefined) continue;
    checkFits(file, found, parameter, config, classes);
    initial[parameter.name] = found;
  }
  if (Object.keys(initial).length === 0) {
    throw new UserError(
      `${file}: none of its ${Object.keys(tensors).length} tensors is one of ${config.model.backbone}'s; ` +
        "give weights of the same backbone under their published names",
    );
  }
  return initial;
}
