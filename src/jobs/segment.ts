import { MaskFolder, type MaskFolderOptions } from "../files/formats/mask-folder.ts";
import type { Host } from "../host/host.ts";
import type { Image } from "../method/images/image.ts";
import type { Segmentation } from "../method/inference/segmenter.ts";
import type { DeviceEvent, JobOptions, NoticeEvent } from "./events.ts";
import { findInputs, type ImageInputs } from "./inputs.ts";
import { maskSettings, settingsOf } from "./job-settings.ts";
import { writeMasks, type WriteMasksEvent } from "./masks.ts";
import { openSegmenterInLanes, type ModelOptions } from "./segmenter-in-lanes.ts";
import { withCrf } from "./with-crf.ts";

export interface SegmentJob extends ModelOptions, MaskFolderOptions, ImageInputs {
  /** Folder of the masks, or their file if the format is a single file. */
  readonly out: string;
  readonly scales?: readonly number[];
  readonly flip?: boolean;
  readonly longSide?: number;
  /** Refine the masks along the colors of the images with a dense CRF. */
  readonly crf?: boolean;
}

/** Writes masks of any images, as the segmentation branch predicts them. */
export async function* segmentImages(
  machine: Host,
  job: SegmentJob,
  options: JobOptions = {},
): AsyncGenerator<DeviceEvent | NoticeEvent | WriteMasksEvent, void> {
  const { scales, flip = false, longSide, strict = false } = job;
  const { inputCommand } = job;
  const { items, host } = yield* findInputs(machine, job, options);
  const work = { images: items.length, scales: scales ?? [1], flip, longSide };
  const segmenter = yield* openSegmenterInLanes(host, job, work);
  try {
    const { classes, model, device } = segmenter;
    const about = { model: model.file, device, classes };
    const common = await maskSettings(host.store, job, about);
    const settings = settingsOf(
      "segment",
      { ...common, crf: job.crf ?? false, inputCommand },
      items,
    );
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
