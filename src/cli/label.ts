import { Command } from "commander";
import { UserError } from "../user-error.ts";
import type { OpenedDataset } from "../files/datasets/index.ts";
import {
  withExamples,
  withJson,
  withMasks,
  withModel,
  type MaskOptions,
  type ModelOptions,
} from "./options.ts";
import type { OpenOutput } from "./output.ts";
import { readingProgress } from "./reading-progress.ts";
import { nodeHost } from "../host/node/host.ts";

interface LabelCommandOptions extends ModelOptions, MaskOptions {
  readonly json?: boolean;
  readonly data: string;
  readonly split?: string;
}

/** `tag2mask label`: masks for tagged images. */
export function labelCommand(open: OpenOutput): Command {
  const command = new Command("label")
    .summary("masks for tagged images")
    .description(
      "Writes masks of a data set's images. Knowing what is in an image, it finds where: class " +
        "activation maps, spread along the learned affinity and refined along the image's colors. " +
        "For review, confidence.csv and contact-sheet.html list the least sure masks first.",
    )
    .requiredOption("--data <folder>", "data set with tagged images")
    .option("--split <name>", "only the images of this split");
  withJson(withMasks(withModel(command))).action(async (options: LabelCommandOptions) => {
    const output = open(options);
    const { split, strict = false } = options;
    const { openSegmenter } = await import("./prepare.ts");
    const { openDataset, samplesOf } = await import("../files/datasets/index.ts");
    const { nodeHost } = await import("../host/node/host.ts");
    const { MaskFolder } = await import("../files/formats/mask-folder.ts");
    const { writeMasks } = await import("../jobs/masks.ts");
    const segmenter = await openSegmenter(options, output);
    try {
      segmenter.needActivations();
      const seed = segmenter.model.config.train.seed;
      const { onProgress, clear } = readingProgress(output);
      const data = await openDataset(nodeHost, options.data, { seed, strict, onProgress });
      clear();
      const all = split === undefined ? Object.values(data.splits).flat() : samplesOf(data, split);
      const samples = all.filter(({ untagged }) => !untagged);
      if (samples.length === 0) {
        throw new UserError(
          `${data.root}: nothing is known of any of the ${all.length} images; label needs tags, ` +
            "`tag2mask segment` does without",
        );
      }
      const labels = matchClasses(data, segmenter.classes, options.model);
      const items = samples.map(({ name, image, tags }) => ({
        name,
        file: image,
        tags: tags.map((tag) => labels[tag]!),
      }));
      const folder = await MaskFolder.create(nodeHost, options.out, segmenter.classes, options);
      await writeMasks(
        { items, folder, strict, make: (image, { tags }) => segmenter.label(image, tags) },
        output,
      );
    } finally {
      await segmenter.release();
    }
  });
  return withExamples(
    command,
    "tag2mask label --model runs/train/exp --data photos --out masks",
    "tag2mask label --model runs/train/exp --data photos --split train --out masks --no-overlays",
    "tag2mask label --model runs/train/exp --data photos --out project --format coco,labelstudio",
  );
}

/** The model's class for each class of the data set, told by name. */
function matchClasses(data: OpenedDataset, known: readonly string[], model: string): number[] {
  return data.classes.map((name, i) => {
    const found = known.indexOf(name);
    if (found >= 0 || data.counts.all.perClass[i] === 0) return found;
    throw new UserError(
      `${data.root}: has images of "${name}", which ${model} has not learned; it knows ${known.join(", ")}`,
    );
  });
}
