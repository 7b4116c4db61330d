import { MaskFolder, type MaskFolderOptions } from "../files/formats/mask-folder.ts";
import type { InputItem } from "../files/inputs/item.ts";
import { storedPath } from "../files/shards/item-list.ts";
import type { Host } from "../host/host.ts";
import type { Image } from "../method/images/image.ts";
import type { Segmentation, Segmenter } from "../method/inference/segmenter.ts";
import type { DeviceEvent, JobOptions, NoticeEvent } from "./events.ts";
import { findInputs, type ImageInputs } from "./inputs.ts";
import { contentSetting, maskSettings, settingsOf, withoutMissing } from "./job-settings.ts";
import { makeMaskShards, nameItems, plannedItems, plannedMasks } from "./mask-shards.ts";
import type { MaskShardsEvent } from "./mask-shards.ts";
import { writeMasks, type MaskJob, type WriteMasksEvent } from "./masks.ts";
import { openSegmenterInLanes, type ModelOptions } from "./segmenter-in-lanes.ts";
import { openPlan, type ShardTask } from "./shard-plan.ts";
import { withCrf } from "./with-crf.ts";

export interface SegmentJob extends ModelOptions, MaskFolderOptions, ImageInputs {
  /** Folder of the masks, or their file if the format is a single file. */
  readonly out: string;
  /** Make only the shards of one task, in the folder `out`; a merge makes the whole of all shards. */
  readonly shards?: ShardTask;
  readonly scales?: readonly number[];
  readonly flip?: boolean;
  readonly longSide?: number;
  /** Refine the masks along the colors of the images with a dense CRF. */
  readonly crf?: boolean;
}

export type SegmentEvent = DeviceEvent | NoticeEvent | WriteMasksEvent | MaskShardsEvent;

/** Writes masks of any images, as the segmentation branch predicts them. */
export async function* segmentImages(
  machine: Host,
  job: SegmentJob,
  options: JobOptions = {},
): AsyncGenerator<SegmentEvent, void> {
  if (job.shards) return yield* segmentShards(machine, job, job.shards, options);
  const { items, host } = yield* findInputs(machine, job, options);
  const segmenter = yield* openSegmenterInLanes(host, job, workOf(job, items.length));
  try {
    const { classes, model, device } = segmenter;
    const about = { model: model.file, device, classes };
    const common = await maskSettings(host.store, job, about);
    const own = { crf: job.crf ?? false, inputCommand: job.inputCommand };
    const settings = settingsOf("segment", { ...common, ...own }, items);
    const named = { ...job, settings, nameOf: nameItems(items) };
    const folder = await MaskFolder.create(host, job.out, classes, named);
    yield* withSegmentation(host, job, segmenter, (work) =>
      writeMasks(host, { items, folder, ...work }, options),
    );
  } finally {
    await segmenter.release();
  }
}

/** Makes the shards of a task. */
async function* segmentShards(
  host: Host,
  job: SegmentJob,
  task: ShardTask,
  options: JobOptions,
): AsyncGenerator<SegmentEvent, void> {
  const { out, inputCommand } = job;
  const { store } = host;
  const segmenter = yield* openSegmenterInLanes(host, job, workOf(job, Infinity));
  try {
    const { classes, model, device } = segmenter;
    const about = { model: model.file, device, classes };
    const settings = withoutMissing({
      ...(await maskSettings(store, job, about, contentSetting)),
      ...{ crf: job.crf ?? false, inputCommand },
      images: job.images.map((path) => storedPath(store, out, path)),
    });
    const wanted = { job: "segment", settings, classes, masks: plannedMasks(job) };
    const find = async function* () {
      const { items } = yield* findInputs(host, job, options);
      return { count: items.length, items: plannedItems(store, out, items, inputCommand) };
    };
    const plan = yield* openPlan(host, out, task, wanted, find, options);
    if (!plan) return yield { type: "stopped", done: 0, total: 0, out };
    yield* withSegmentation(host, job, segmenter, (work) =>
      makeMaskShards<InputItem>(
        host,
        { out, plan, task, inputCommand },
        ({ host: reader, ...shard }) => writeMasks(reader, { ...shard, ...work }, options),
        options,
      ),
    );
  } finally {
    await segmenter.release();
  }
}

/** What is to be segmented. */
function workOf({ scales, flip, longSide }: SegmentJob, images: number) {
  return { images, scales: scales ?? [1], flip: flip ?? false, longSide };
}

/** Passes on how masks are computed; refinement runs in threads that end with the job. */
function withSegmentation<E>(
  host: Host,
  { scales, flip = false, longSide, strict = false, crf: withRefinement = false }: SegmentJob,
  segmenter: Segmenter,
  use: (work: Pick<MaskJob<InputItem>, "segment" | "strict" | "ahead">) => AsyncGenerator<E, void>,
): AsyncGenerator<E, void> {
  // Runs while the first images are read.
  segmenter.warmUp();
  const views = { flip, ...(scales && { scales }), ...(longSide && { longSide }) };
  return withCrf(host, withRefinement, ({ crf, ahead = 0 }) => {
    const { lanes } = segmenter;
    const segment = (image: Image): Promise<Segmentation> =>
      segmenter.segment(image, { ...views, ...(crf && { crf }) });
    return use({ segment, strict, ahead: Math.max(lanes > 1 ? lanes + 1 : 0, ahead) });
  });
}
