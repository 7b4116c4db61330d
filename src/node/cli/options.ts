import { InvalidArgumentError, Option, type Command } from "commander";
import { parse as parseYaml } from "yaml";
import { deviceNames, type DeviceName } from "../devices.ts";

/** A whole number from `least` up. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} up, found "${text}".`);
  };
}

/** Positive numbers with commas between: `0.5,1,1.5`. */
export function positiveNumbers(text: string): number[] {
  const values = text.split(",").map(Number);
  if (text.trim() !== "" && values.every((value) => Number.isFinite(value) && value > 0)) {
    return values;
  }
  throw new InvalidArgumentError(`Expected positive numbers with commas between, found "${text}".`);
}

/** Adds one `key=value` to those before; the value is read as YAML. */
export function setting(
  text: string,
  before: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError(`Expected key=value, found "${text}".`);
  }
  try {
    return { ...before, [key.trim()]: parseYaml(value) as unknown };
  } catch {
    throw new InvalidArgumentError(
      `Expected a number, word or list after ${key}=, found "${value}".`,
    );
  }
}

/** `--json`, which every command has. */
export function withJson(command: Command): Command {
  return command.option("--json", "print JSON lines for programs instead of text");
}

/** `--device`, for whatever runs the network. */
export function withDevice(command: Command): Command {
  return command.addOption(
    new Option("--device <name>", "where to compute").choices(deviceNames).default("auto"),
  );
}

/** `--set` and `--config`, for whatever trains. */
export function withSettings(command: Command): Command {
  return command
    .option("--config <file>", "settings from a YAML file, over those of the preset")
    .option("--set <key=value>", "one setting, over all others; may be repeated", setting);
}

export interface ModelOptions {
  readonly model: string;
  readonly device: DeviceName;
}

/** `--model` and `--device`, for whatever uses a trained model. */
export function withModel(command: Command): Command {
  return withDevice(
    command.requiredOption("--model <run>", "run folder, or a .safetensors file of one"),
  );
}

export interface MaskOptions {
  readonly out: string;
  readonly overlays: boolean;
  readonly overwrite?: boolean;
  readonly strict?: boolean;
}

/** Where masks go and what to do about images that cannot be read. */
export function withMasks(command: Command): Command {
  return command
    .requiredOption("--out <folder>", "where to write masks/, overlays/ and classes.json")
    .option("--no-overlays", "do not write masks laid over their images")
    .option("--overwrite", "write into a folder that has files already")
    .option("--strict", "fail on the first image that cannot be read instead of leaving it out");
}

export interface ViewOptions {
  readonly scales?: number[];
  readonly flip?: boolean;
}

/** How often the network looks at an image. */
export function withViews(command: Command): Command {
  return command
    .option("--scales <list>", "look at the image at these scales: 0.75,1,1.25", positiveNumbers)
    .option("--flip", "look at the mirrored image too");
}

/** Commands to copy from, below the options in `--help`. */
export function withExamples(command: Command, ...examples: readonly string[]): Command {
  return command.addHelpText(
    "after",
    `\nExamples:\n${examples.map((line) => `  ${line}`).join("\n")}`,
  );
}
