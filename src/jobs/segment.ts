import { MaskFolder, type MaskFolderOptions } from "../files/formats/mask-folder.ts";
import { basename, join, stem } from "../files/text/path.ts";
import type { Host } from "../host/host.ts";
import { listImages } from "../files/text/folders.ts";
import type { Image } from "../method/images/image.ts";
import type { Segmentation } from "../method/inference/segmenter.ts";
import { UserError } from "../user-error.ts";
import type { DeviceEvent, JobOptions } from "./events.ts";
import { maskSettings, settingsOf } from "./job-settings.ts";
import { writeMasks, type MaskItem, type WriteMasksEvent } from "./masks.ts";
import { openSegmenterInLanes, type ModelOptions } from "./segmenter-in-lanes.ts";
import { withCrf } from "./with-crf.ts";

export interface SegmentJob extends ModelOptions, MaskFolderOptions {
  /** Image files, and folders of them. */
  readonly images: readonly string[];
  /** Folder of the masks, or their file if the format is a single file. */
  readonly out: string;
  readonly strict?: boolean;
  readonly scales?: readonly number[];
  readonly flip?: boolean;
  readonly longSide?: number;
  /** Refine the masks along the colors of the images with a dense CRF. */
  readonly crf?: boolean;
}

/** Writes masks of any images, as the segmentation branch predicts them. */
export async function* segmentImages(
  host: Host,
  job: SegmentJob,
  options: JobOptions = {},
): AsyncGenerator<DeviceEvent | WriteMasksEvent, void> {
  const { scales, flip = false, longSide, strict = false } = job;
  const items = await findImages(host, job.images);
  const work = { images: items.length, scales: scales ?? [1], flip, longSide };
  const segmenter = yield* openSegmenterInLanes(host, job, work);
  try {
    const { classes, model, device } = segmenter;
    const about = { model: model.file, device, classes };
    const common = await maskSettings(host.store, job, about);
    const settings = settingsOf("segment", { ...common, crf: job.crf ?? false }, items);
    const folder = await MaskFolder.create(host, job.out, classes, { ...job, settings });
    // Runs while the first images are read.
    segmenter.warmUp();
    const views = { flip, ...(scales && { scales }), ...(longSide && { longSide }) };
    yield* withCrf(host, job.crf ?? false, ({ crf, ahead = 0 }) => {
      const { lanes } = segmenter;
      const segment = (image: Image): Promise<Segmentation> =>
        segmenter.segment(image, { ...views, ...(crf && { crf }) });
      return writeMasks(
        host,
        { items, folder, segment, strict, ahead: Math.max(lanes > 1 ? lanes + 1 : 0, ahead) },
        options,
      );
    });
  } finally {
    await segmenter.release();
  }
}

/** The images at some paths: files themselves, and for folders the images in them. */
async function findImages({ store }: Host, paths: readonly string[]): Promise<MaskItem[]> {
  const items: MaskItem[] = [];
  for (const path of paths) {
    const kind = (await store.stat(path))?.kind;
    if (kind === undefined) throw new UserError(`${path}: no such image or folder`);
    if (kind === "file") {
      items.push({ name: stem(basename(path)), file: path });
      continue;
    }
    const inside = await listImages(store, path);
    if (inside.length === 0) throw new UserError(`${path}: no images in this folder`);
    items.push(...inside.map((file) => ({ name: stem(file), file: join(path, file) })));
  }
  return items;
}
