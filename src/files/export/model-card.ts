import type { OpenedModel } from "../../method/inference/model.ts";
import type { ScoreSummary } from "../run/best-scores.ts";
import { describeInitialWeights, licenseOf } from "../weights/initial-weights.ts";
import { preprocessingOf } from "./onnx.ts";
import type { Precision } from "./precision.ts";
import type { ExportFormat } from "./target.ts";

/** What a model card tells besides the model itself. */
export interface ModelCardFacts {
  readonly format: ExportFormat;
  readonly precision: Precision;
  /** Version of tag2mask. */
  readonly version: string;
  /** Largest difference of the exported model's logits from the network's, as a share of the largest logit. */
  readonly difference?: number | undefined;
  /** What it was trained on, where its run is known. */
  readonly training?: TrainingFacts | undefined;
  /** Scores of its run, if it was validated. */
  readonly scores?: ScoreSummary | undefined;
}

export interface TrainingFacts {
  /** Images with tags. */
  readonly images: number;
  /** How many of them have each class, in the order of the model's classes. */
  readonly perClass: readonly number[];
  /** Masks that trained along, and how many of them people corrected. */
  readonly masks: number;
  readonly corrections: number;
}

/** README.md of an exported model, with the head that model hubs read. */
export function modelCard(model: OpenedModel, facts: ModelCardFacts): string {
  const { config, classes, step, initialWeights } = model;
  const { format, precision, version, difference, training, scores } = facts;
  const license = initialWeights && licenseOf(initialWeights);
  const sections = [
    head(model, format),
    `# Segmentation of ${listed(classes)}\n\nA semantic segmentation (AFA, ${config.model.backbone}) that learned from image tags` +
      `${(training?.masks ?? 0) > 0 ? " and some masks" : ""}, made by tag2mask ${version} in ${step} steps.`,
    `## Use\n\n${usage(model, format)}`,
    `## Classes\n\n${table(
      ["Label", "Class", ...(training ? ["Training images"] : []), ...(scores ? ["IoU"] : [])],
      ["background", ...classes].map((name, label) => [
        String(label),
        name,
        ...(training ? [label === 0 ? "" : String(training.perClass[label - 1] ?? 0)] : []),
        ...(scores ? [percent(scores.perClass.seg[name])] : []),
      ]),
    )}`,
    ...(training ? [`## Training data\n\n${dataSentence(training)}`] : []),
    `## Scores\n\n${scoreSentence(scores)}`,
    `## First weights and license\n\n${
      initialWeights
        ? `Trained from ${describeInitialWeights(initialWeights)}. ${
            license === undefined
              ? "Their license is not known here: look it up before you pass the model on."
              : "What that license says of models made from its weights holds for this one too."
          }`
        : "Trained from random weights: no license of others applies to them."
    }`,
    `## Limits\n\nIt knows the classes above and takes everything else for background. Weights are ${precision}` +
      `${difference === undefined ? "" : `; the written model gives what the trained network gives, to ${difference.toExponential(0)} of the largest logit`}.`,
  ];
  return `${sections.join("\n\n")}\n`;
}

function head({ initialWeights }: OpenedModel, format: ExportFormat): string {
  const lines = [
    `library_name: ${format === "transformersjs" ? "transformers.js" : "onnx"}`,
    "pipeline_tag: image-segmentation",
    ...(initialWeights?.repository === undefined
      ? []
      : [`base_model: ${initialWeights.repository}`]),
  ];
  return `---\n${lines.join("\n")}\n---`;
}

function usage({ config, classes }: OpenedModel, format: ExportFormat): string {
  const { longSide, mean, std } = preprocessingOf(config);
  const file = format === "transformersjs" ? "onnx/model.onnx" : "model.onnx";
  const code =
    format === "transformersjs"
      ? '```js\nimport { pipeline } from "@huggingface/transformers";\n\nconst segmenter = await pipeline("image-segmentation", "<this folder or its place on the hub>");\nconst masks = await segmenter("photo.jpg"); // [{ label, mask }, …]\n```\n\n'
      : '```js\nimport { Segmenter } from "tag2mask";\n\nconst segmenter = await Segmenter.open("model.onnx");\nconst { data, width, height } = await segmenter.segment("photo.jpg");\n```\n\n';
  return (
    `${code}\`${file}\` takes \`pixel_values\` [batch, 3, height, width]: RGB, long side resized to ${longSide}, scaled to 0..1, ` +
    `less mean [${mean.join(", ")}], divided by std [${std.join(", ")}]. It gives \`logits\` [batch, ${classes.length + 1}, ` +
    `height/4, width/4] of the labels and \`tag_logits\` [batch, ${classes.length}], above 0 where a class is in the image.`
  );
}

function dataSentence({ images, masks, corrections }: TrainingFacts): string {
  const known =
    masks === 0
      ? "No mask was given."
      : `${masks} of them had a mask, of which people corrected ${corrections}.`;
  return `${images} images with tags. ${known} Counts are those of the data at the time of the export.`;
}

function scoreSentence(scores: ScoreSummary | undefined): string {
  if (!scores) return "It was not validated.";
  const { seg, tagF1 } = scores.metrics;
  if (!Number.isFinite(seg)) {
    return `Without true masks only its tags were measured, on images held out: F1 ${percent(tagF1)} at step ${scores.step}.`;
  }
  return `Mean IoU ${percent(seg)} on images held out, at step ${scores.step}; best ${percent(scores.best.metrics.seg)} at step ${scores.best.step}.`;
}

function percent(share: number | null | undefined): string {
  return typeof share === "number" && Number.isFinite(share)
    ? `${(100 * share).toFixed(1)} %`
    : "–";
}

function listed(names: readonly string[]): string {
  return names.length <= 6 ? names.join(", ") : `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`; // prettier-ignore
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
