/**
 * tag2mask for Node: data sets, training, masks.
 *
 * ```ts
 * const data = await openDataset("photos", { training: true });
 * const config = parseConfig({ preset: "small" });
 * const run = await RunDirectory.create({ config });
 * for await (const event of train({ data, config })) await run.record(event);
 * await run.close();
 *
 * const segmenter = await Segmenter.open(run.path);
 * const { data: labels, width, height } = await segmenter.segment("cat.jpg", { flip: true });
 * ```
 * @packageDocumentation
 */
import { nodeHost } from "./host/node/host.ts";
import { CrfPool as NeutralCrfPool, type CrfPoolOptions } from "./method/refine/crf-pool.ts";

export * from "./core.ts";
export { nodeHost };
export * from "./files/datasets/index.ts";
export { deviceNames } from "./host/devices.ts";
export { listDevices, resolveDevice } from "./host/node/ort/devices.ts";
export { readImage, readMask, writeImage, writeMask } from "./host/node/images/images.ts";
export { exportModel, type Exported, type ExportOptions } from "./jobs/export.ts";
export { openModel, type OpenedModel } from "./jobs/open-model.ts";
export { openAnyModel, type ExportedModel } from "./jobs/open-exported-model.ts";
export { MaskFolder, type MaskFolderOptions } from "./files/formats/mask-folder.ts";
export { openMasks } from "./files/formats/open.ts";
export { RunDirectory } from "./files/run/directory.ts";
export { nodeRuntime } from "./host/node/ort/runtime.ts";
export { Segmenter, type Segmentation, type SegmentOptions } from "./method/inference/segmenter.ts";
export { train, type TrainOptions } from "./jobs/train-dataset.ts";
export { convertWeights, type ConvertedWeights } from "./jobs/convert-weights.ts";
export { readFirstWeights, type FirstWeights } from "./jobs/first-weights.ts";
export { withWeights } from "./jobs/with-weights.ts";

// Types of what these functions take and return.
export type { DroppedDetail, DroppedDetails } from "./files/formats/dropped.ts";
export type { ImageFiles } from "./files/formats/image-files.ts";
export type { MaskOrigin, WrittenMask } from "./files/formats/mask-folder.ts";
export type { MaskEntry, MaskSource, SourceOptions } from "./files/formats/source.ts";
export type { CreateRunOptions, OpenedRun } from "./files/run/directory.ts";
export type { ThumbnailFile } from "./files/report/write-contact-sheet.ts";
export type { CheckpointEntry, LogEntry, StoredPanel, ValidationEntry } from "./files/run/log.ts";
export type { DeviceChoice, DeviceName, DeviceReport } from "./host/devices.ts";
export type * from "./host/codec.ts";
export type * from "./host/host.ts";
export type * from "./host/machine.ts";
export type * from "./host/store.ts";
export type * from "./host/workers.ts";
export type { AtomicWriteOptions } from "./host/node/files/atomic-file.ts";
export type { SessionPool } from "./host/node/workers/session-pool.ts";
export type { ExportFormat } from "./jobs/export.ts";
export type { FirstWeightsOptions } from "./jobs/first-weights.ts";
export type { InstanceKind } from "./method/images/regions.ts";
export type { SegmenterOptions } from "./method/inference/segmenter.ts";
export type { CrfPoolOptions } from "./method/refine/crf-pool.ts";
export {
  BatchLoader,
  type BatchLoaderOptions,
  type SkippedImage,
} from "./method/train/batch-loader.ts";

/** Dense CRFs in worker threads of this machine, one image each; see `CrfPool` of the core. */
export class CrfPool extends NeutralCrfPool {
  constructor({ threads = nodeHost.machine.cores, ...options }: Partial<CrfPoolOptions> = {}) {
    super(nodeHost.workers, { threads, ...options });
  }
}
