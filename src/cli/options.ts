import { InvalidArgumentError, Option, type Command } from "commander";
import { nearest } from "../method/config/nearest.ts";
import type { InstanceKind } from "../method/images/regions.ts";
import { deviceNames, type DeviceName } from "../host/devices.ts";
import {
  cocoShapes,
  maskFormats,
  maskLayouts,
  type CocoShape,
  type MaskFormat,
  type MaskLayout,
} from "../files/formats/formats.ts";

/** A whole number from `least` up. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} up, found "${text}".`);
  };
}

/** A port to listen at. */
export function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError(
    `Expected a port from 0 (any free one) to 65535, found "${text}".`,
  );
}

/** Different whole numbers from 0 up with commas between: `1,2,3`. */
export function wholeNumbers(text: string): number[] {
  const values = text.split(",").map(wholeNumber(0));
  if (new Set(values).size === values.length) return values;
  throw new InvalidArgumentError(`Expected different whole numbers, found "${text}".`);
}

/** Positive numbers with commas between: `0.5,1,1.5`. */
export function positiveNumbers(text: string): number[] {
  const values = text.split(",").map(Number);
  if (text.trim() !== "" && values.every((value) => Number.isFinite(value) && value > 0)) {
    return values;
  }
  throw new InvalidArgumentError(`Expected positive numbers with commas between, found "${text}".`);
}

/** A number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError(`Expected a number from 0 to 1, found "${text}".`);
}

/** Help on `--classes`. */
export const classNamesHelp =
  "class names in label order: a,b,c, or a file with a name a line or as classes.json";

/** `--json`, which every command has. */
export function withJson(command: Command): Command {
  return command.option(
    "--json",
    'print JSON lines for programs instead of text; the last one of a failure is {"type":"error","code":…,"message":…}',
  );
}

/** `--device`, for whatever runs the network. */
export function withDevice(command: Command): Command {
  return command.addOption(
    new Option("--device <name>", "where to compute").choices(deviceNames).default("auto"),
  );
}

export interface ModelOptions {
  readonly model: string;
  readonly device: DeviceName;
}

/** `--model` and `--device`, for whatever uses a trained model. */
export function withModel(command: Command): Command {
  return withDevice(
    command.requiredOption(
      "--model <run>",
      "run folder, a weights file, or an exported .onnx model",
    ),
  );
}

/** Formats of masks with commas between: `voc,coco`. */
export function maskFormatList(text: string): MaskFormat[] {
  const names = text.split(",").map((name) => name.trim().toLowerCase());
  const wrong = names.find((name) => !maskFormats.some((format) => format === name));
  if (wrong !== undefined) {
    const guess = nearest(wrong, [...maskFormats]);
    throw new InvalidArgumentError(
      `Expected formats with commas between out of ${maskFormats.join(", ")}, found "${wrong}"` +
        `${guess === undefined ? "." : `; did you mean ${guess}?`}`,
    );
  }
  return [...new Set(names)] as MaskFormat[];
}

export interface FormatOptions {
  readonly instances: InstanceKind;
  readonly imageUrl?: string;
  readonly shapes: CocoShape;
  readonly layout: MaskLayout;
}

/** Options of the formats that store objects, of Label Studio and of VOC. */
export function withFormatOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--instances <kind>",
        "objects of a mask: its connected regions, or all of a class",
      )
        .choices(["regions", "classes"])
        .default("regions"),
    )
    .option("--image-url <prefix>", "put before the names of images for Label Studio")
    .addOption(
      new Option(
        "--shapes <kind>",
        "objects of coco: rle, or polygon for readers that know no run lengths (Ultralytics, supervision)",
      )
        .choices(cocoShapes)
        .default("rle"),
    )
    .addOption(
      new Option(
        "--layout <name>",
        "folders of voc: masks, or voc2012 (JPEGImages, SegmentationClass, ImageSets/Segmentation)",
      )
        .choices(maskLayouts)
        .default("masks"),
    );
}

export interface MaskOptions extends FormatOptions {
  readonly out: string;
  readonly format: readonly MaskFormat[];
  readonly overlays: boolean;
  readonly sheet: boolean;
  readonly overwrite?: boolean;
  readonly resume?: boolean;
  readonly strict?: boolean;
}

/** Folder and formats of masks, and the treatment of images that cannot be read. */
export function withMasks(command: Command): Command {
  return withFormatOptions(
    command
      .requiredOption("--out <folder>", "folder for masks, overlays/ and classes.json")
      .addOption(
        new Option("--format <names>", `${maskFormats.join(", ")}; several with commas between`)
          .argParser(maskFormatList)
          .default(["voc"], "voc"),
      ),
  )
    .option("--no-overlays", "do not write masks laid over their images")
    .option("--no-sheet", "do not write contact-sheet.html, which shows the least sure masks first")
    .option("--overwrite", overwriteHelp)
    .addOption(resumeOption())
    .option("--strict", "fail on the first image that cannot be read instead of leaving it out");
}

/** Help on `--overwrite` of jobs that write masks. */
export const overwriteHelp =
  "write into a folder that has files already; at the end, those of the job before that are not written again are removed";

/** `--resume`, for jobs that write masks. */
export function resumeOption(): Option {
  return new Option(
    "--resume",
    "continue the same job where it stopped: finished masks stay, the rest is added",
  ).conflicts("overwrite");
}

export interface ViewOptions {
  readonly scales?: number[];
  readonly flip?: boolean;
  readonly longSide?: number;
  readonly crf?: boolean;
}

/** Views of an image whose logits are merged, and the refinement of the result. */
export function withViews(command: Command): Command {
  return command
    .option("--scales <list>", "look at the image at these scales: 0.75,1,1.25", positiveNumbers)
    .option("--flip", "look at the mirrored image too")
    .option(
      "--long-side <pixels>",
      "resize images to this long side (default: eval.longSide of the model)",
      wholeNumber(32),
    )
    .option("--crf", "refine the masks along the image's colors with a dense CRF");
}

/** `--input-command`, for images that are not on this disk. */
export function withInputCommand(command: Command): Command {
  return command.option(
    "--input-command <command>",
    "get each image from the standard output of this command, in which {} stands for its name; no shell runs it",
  );
}

/** Commands to copy from, below the options in `--help`. */
export function withExamples(command: Command, ...examples: readonly string[]): Command {
  return command.addHelpText(
    "after",
    `\nExamples:\n${examples.map((line) => `  ${line}`).join("\n")}`,
  );
}
