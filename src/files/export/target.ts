import { UserError } from "../../user-error.ts";
import { basename, dirname, extname, join } from "../text/path.ts";
import type { Precision } from "./precision.ts";

/** Target of an export: one .onnx file, the weights alone, or a folder for transformers.js. */
export type ExportFormat = "onnx" | "safetensors" | "transformersjs";

/** Format that the name of the target asks for: safetensors if it ends in .safetensors, else ONNX. */
export function formatOf(out: string | undefined): ExportFormat {
  return out !== undefined && extname(out).toLowerCase() === ".safetensors"
    ? "safetensors"
    : "onnx";
}

/** Path beside the weights for an export without a name. @param weights path of the weights file */
export function defaultOut(weights: string, format: ExportFormat, precision: Precision): string {
  const whole = basename(weights, extname(weights));
  const stem = precision === "float32" ? whole : `${whole}.${precision}`;
  const name = {
    onnx: ".onnx",
    safetensors: ".weights.safetensors",
    transformersjs: "-transformersjs",
  };
  return join(dirname(weights), `${stem}${name[format]}`);
}

/** Throws a UserError unless the format can hold weights of this precision. */
export function checkPrecision(precision: Precision, format: ExportFormat): void {
  if (precision === "float32" || format === "onnx") return;
  throw new UserError(
    `export: the format ${format} has float32 weights only, ${precision} was asked for`,
    {
      remedies: [
        { kind: "option", name: "format", value: "onnx" },
        { kind: "omit", name: "precision" },
      ],
    },
  );
}

/** Throws a UserError unless the name ends as its format needs: the ending tells how a model is opened. */
export function checkEnding(out: string, format: ExportFormat): void {
  const ending = extname(out).toLowerCase();
  if (format === "transformersjs") {
    if (ending !== ".onnx" && ending !== ".safetensors") return;
    throw new UserError(
      `${out}: the format transformersjs is a folder, whose name must not end in ${ending}; choose another name`,
    );
  }
  if (ending === `.${format}`) return;
  throw new UserError(
    `${out}: the name of a file in the format ${format} must end in .${format}; choose another name`,
    { remedies: [{ kind: "option", name: "format", instead: true }] },
  );
}
