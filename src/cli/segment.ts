import { basename, join } from "node:path";
import { Command } from "commander";
import type { Image } from "../method/images/image.ts";
import { UserError } from "../user-error.ts";
import type { Segmentation } from "../method/inference/segmenter.ts";
import {
  withExamples,
  withJson,
  withMasks,
  withModel,
  withViews,
  type MaskOptions,
  type ModelOptions,
  type ViewOptions,
} from "./options.ts";
import type { MaskItem } from "../jobs/masks.ts";
import type { OpenOutput } from "./output.ts";

interface SegmentCommandOptions extends ModelOptions, MaskOptions, ViewOptions {
  readonly json?: boolean;
}

/** `tag2mask segment`: masks for any image. */
export function segmentCommand(open: OpenOutput): Command {
  const command = new Command("segment")
    .summary("masks for any image")
    .description(
      "Writes masks of images, tagged or not: what the trained segmentation branch sees.",
    )
    .argument("<images...>", "image files, or folders of them");
  withJson(withViews(withMasks(withModel(command)))).action(
    async (paths: string[], options: SegmentCommandOptions) => {
      const output = open(options);
      const { scales, flip = false, longSide, strict = false } = options;
      const items = await findImages(paths);
      const { openSegmenter } = await import("./prepare.ts");
      const { nodeHost } = await import("../host/node/host.ts");
      const { MaskFolder } = await import("../files/formats/mask-folder.ts");
      const { writeMasks } = await import("../jobs/masks.ts");
      const { crfAhead, withCrf } = await import("./with-crf.ts");
      const work = { images: items.length, scales: scales ?? [1], flip, longSide };
      const segmenter = await openSegmenter(options, output, work);
      try {
        const folder = await MaskFolder.create(nodeHost, options.out, segmenter.classes, options);
        // Beside reading the first images.
        segmenter.warmUp();
        const views = { flip, ...(scales && { scales }), ...(longSide && { longSide }) };
        await withCrf(options.crf ?? false, async (crf) => {
          const make = (image: Image): Promise<Segmentation> =>
            segmenter.segment(image, { ...views, ...(crf && { crf }) });
          const { lanes } = segmenter;
          const ahead = Math.max(lanes > 1 ? lanes + 1 : 0, crf ? crfAhead : 0);
          await writeMasks({ items, folder, make, strict, ahead }, output);
        });
      } finally {
        await segmenter.release();
      }
    },
  );
  return withExamples(
    command,
    "tag2mask segment --model runs/train/exp --out masks cat.jpg dog.jpg",
    "tag2mask segment --model runs/train/exp --out masks photos/images --flip --scales 0.75,1,1.25",
    "tag2mask segment --model runs/train/exp --out masks photos/images --crf --long-side 768",
  );
}

/** Images named on the command line, and those in folders named there. */
async function findImages(paths: readonly string[]): Promise<MaskItem[]> {
  const { isFile, isFolder, listImages, stem } = await import("../host/node/files/folder.ts");
  const items: MaskItem[] = [];
  for (const path of paths) {
    if (await isFolder(path)) {
      const inside = await listImages(path);
      if (inside.length === 0) throw new UserError(`${path}: no images in this folder`);
      items.push(...inside.map((file) => ({ name: stem(file), file: join(path, file) })));
    } else if (await isFile(path)) {
      items.push({ name: stem(basename(path)), file: path });
    } else {
      throw new UserError(`${path}: no such image or folder`);
    }
  }
  return items;
}
