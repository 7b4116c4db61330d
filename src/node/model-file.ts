import { parseConfig, type Config } from "../config.ts";
import type { NdArray } from "../graph/index.ts";
import type { Afa } from "../model/index.ts";
import type { Parameter } from "../nn/index.ts";
import { networkOf } from "../train/trainer.ts";
import { UserError } from "../user-error.ts";
import { readTensorFile } from "./run/checkpoints.ts";
import { findModelFile } from "./run/model-file.ts";

/** A trained network with everything that using it takes. */
export interface OpenedModel {
  /** The weights file. */
  readonly file: string;
  readonly network: Afa;
  /** Weights and buffers by name. */
  readonly parameters: Readonly<Record<string, NdArray>>;
  readonly config: Config;
  /** Foreground class names. */
  readonly classes: readonly string[];
  /** Training steps behind it. */
  readonly step: number;
}

/**
 * Opens a run folder (its best weights, else its last), or a .safetensors file that a run wrote.
 * Anything that is not whole is a UserError that names the file and what is wrong in it.
 */
export async function openModel(path: string): Promise<OpenedModel> {
  const file = await findModelFile(path);
  const { tensors, metadata } = await readTensorFile(file);
  const classes = parseList(file, metadata["classes"]);
  const config = readConfig(file, metadata["config"]);
  const network = networkOf(config, classes);
  const parameters: Record<string, NdArray> = {};
  for (const parameter of network.parameters) {
    const { name } = parameter;
    const found = tensors[name];
    if (!found)
      throw new UserError(`${file}: ${name} is missing; a ${config.model.backbone} has it`);
    checkFits(file, found, parameter, config, classes);
    parameters[name] = found;
  }
  return { file, network, parameters, config, classes, step: Number(metadata["step"] ?? 0) };
}

/** Throws a UserError if a file's tensor has not the shape and type of the network's parameter. */
export function checkFits(
  file: string,
  found: NdArray,
  { name, shape, dtype }: Parameter,
  { model }: Config,
  classes: readonly string[],
): void {
  if (String(found.shape) === String(shape) && found.dtype === dtype) return;
  throw new UserError(
    `${file}: ${name} is ${found.dtype} [${found.shape}], ${model.backbone} ` +
      `with ${classes.length} classes needs ${dtype} [${shape}]`,
  );
}

function parseList(file: string, text: string | undefined): string[] {
  const value = parseText(file, "classes", text);
  if (Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string"))
    return value;
  throw new UserError(`${file}: its classes are ${text}; expected a list of names`);
}

function readConfig(file: string, text: string | undefined): Config {
  return parseConfig({ file: { name: `${file}, config`, value: parseText(file, "config", text) } });
}

function parseText(file: string, key: string, text: string | undefined): unknown {
  if (text === undefined) {
    throw new UserError(
      `${file}: says nothing of its ${key}; give weights that tag2mask train wrote`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file}: its ${key} are not readable: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
