import { Command, Option } from "commander";
import type { Precision } from "../files/export/precision.ts";
import type { ExportFormat } from "../files/export/target.ts";
import type { Exported } from "../jobs/export.ts";
import { inUnits } from "../files/text/units.ts";
import { invocation } from "./invocation.ts";
import { withExamples, withJson } from "./options.ts";
import type { OpenOutput } from "./output.ts";

const precisions: readonly Precision[] = ["float32", "float16", "int8"];
const formats: readonly ExportFormat[] = ["onnx", "safetensors", "transformersjs"];

interface ExportCommandOptions {
  readonly json?: boolean;
  readonly model: string;
  readonly format?: ExportFormat;
  readonly precision?: Precision;
  readonly out?: string;
  readonly overwrite?: boolean;
}

/** `tag2mask export`: a trained model as others can run it. */
export function exportCommand(open: OpenOutput): Command {
  const command = new Command("export")
    .summary("write a model that others can run")
    .description(
      "Writes a trained model for use elsewhere, beside its weights unless told where.\n" +
        "  onnx            one file for ONNX Runtime 1.17 and later, in any language:\n" +
        "                  images of any number and size in, logits out; classes and\n" +
        "                  preprocessing are in its metadata\n" +
        "  safetensors     the weights alone, under their published names\n" +
        "  transformersjs  a folder that transformers.js loads, for its pipeline\n" +
        '                  "image-segmentation"\n' +
        "With an .onnx file, --precision float16 halves the size; int8 makes it a third and is\n" +
        "faster on processors with 8-bit products: measure yours with eval before and after.",
    )
    .requiredOption("--model <run>", "run folder, or a weights file")
    .addOption(
      new Option("--format <name>", "recognized by the ending of --out, else onnx").choices(
        formats,
      ),
    )
    .addOption(
      new Option(
        "--precision <name>",
        "precision of the weights in an .onnx file; with int8, of the products too (default: float32)",
      ).choices(precisions),
    )
    .option("--out <path>", "the file, or with transformersjs the folder")
    .option("--overwrite", "replace files that are there already");
  withJson(command).action(
    async ({ model: path, json = false, ...options }: ExportCommandOptions) => {
      const output = open({ json });
      const { openAnyModel } = await import("../jobs/open-exported-model.ts");
      const { exportModel } = await import("../jobs/export.ts");
      const { nodeHost } = await import("../host/node/host.ts");
      const { outcomeOf } = await import("../jobs/events.ts");
      const model = await openAnyModel(nodeHost.store, path);
      const events = exportModel(nodeHost, model, options);
      const { exported } = await outcomeOf(events, "exported");
      output.say(formatExported(exported, model.classes.length));
      output.record({ model: model.file, ...exported });
    },
  );
  return withExamples(
    command,
    "tag2mask export --model runs/train/exp",
    "tag2mask export --model runs/train/exp --out animals.onnx",
    "tag2mask export --model runs/train/exp --precision int8 --out fast.onnx",
    "tag2mask export --model runs/train/exp --format transformersjs --out site/animals",
    "tag2mask segment --model animals.onnx --out masks photos/*.jpg",
  );
}

function formatExported(exported: Exported, classes: number): string {
  const { format, out, files, difference } = exported;
  const lines = files.map(({ file, bytes }) => `wrote    ${file} (${inUnits(bytes)})`);
  if (format === "safetensors") {
    return [...lines, "", `Use it: ${invocation()} segment --model ${out} --out masks IMAGES`].join(
      "\n",
    );
  }
  const use =
    format === "onnx"
      ? `${invocation()} segment --model ${out} --out masks IMAGES`
      : `await pipeline("image-segmentation", "${out}")`;
  return [
    ...lines,
    "input    pixel_values [batch, 3, height, width]",
    `outputs  logits [batch, ${classes + 1}, height/4, width/4], tag_logits [batch, ${classes}]`,
    `checked  predicts what the network does, to ${difference!.toExponential(0)} of the largest logit`,
    "",
    `Use it: ${use}`,
  ].join("\n");
}
