/**
 * tag2mask for browsers: the library of Node, on what a page has. Each function takes the host first; create it in a module
 * worker, where computing blocks no page.
 *
 * ```ts
 * const host = webHost();
 * const data = await openDataset(host, droppedFolder, { training: true });
 * const config = parseConfig({ preset: "small" });
 * const run = await RunDirectory.create(host, { config });
 * for await (const event of train(host, { data, config })) await run.record(event);
 * await run.close();
 *
 * const segmenter = await Segmenter.open(host, run.path);
 * const mask = await segmenter.segment(await host.codec.decode({ bytes, name: "cat.jpg" }));
 * const png = await maskBlob(host, mask);
 * ```
 * @packageDocumentation
 */
import {
  inspectDataset as inspectDatasetOn,
  openDataset as openDatasetOn,
  writeScenes as writeScenesOn,
  type DatasetReport,
  type InspectOptions,
  type OpenedDataset,
  type OpenOptions,
  type WriteScenesOptions,
} from "./files/datasets/index.ts";
import type { WebHost } from "./host/web/host.ts";
import { openAnyModel as openAnyModelOn } from "./jobs/open-exported-model.ts";
import { openModel as openModelOn } from "./jobs/open-model.ts";
import { openSegmenter, type SegmenterOptions } from "./jobs/open-segmenter.ts";
import { train as trainOn, type TrainOptions } from "./jobs/train-dataset.ts";
import type { ExportedModel, OpenedModel } from "./method/inference/model.ts";
import { Segmenter as NeutralSegmenter } from "./method/inference/segmenter.ts";
import type { TrainEvent } from "./method/train/events.ts";
import { folderPath, withFile, type GivenFile, type GivenFolder } from "./browser/given-files.ts";

export * from "./core.ts";
export { webHost, type WebHost, type WebHostOptions } from "./host/web/host.ts";
export { chosenFolders, droppedFiles } from "./host/web/files/dropped.ts";
export type { Dropped, DroppedFolder } from "./host/web/files/dropped.ts";
export type { FileMap } from "./host/web/files/memory-volume.ts";
export type { GivenFile, GivenFolder } from "./browser/given-files.ts";
export * from "./browser/blobs.ts";
export * from "./browser/export-blobs.ts";
export { MaskFolder, type MaskFolderOptions } from "./files/formats/mask-folder.ts";
export { RunDirectory } from "./files/run/directory.ts";
export { labelImages as label } from "./jobs/label.ts";
export { segmentImages as segment } from "./jobs/segment.ts";
export type { DatasetReport, InspectOptions, OpenedDataset, OpenOptions };
export type { SegmenterOptions, TrainOptions, WriteScenesOptions };

// What these give and take.
export type { Judgment, Outlook } from "./files/datasets/judgment.ts";
export type { KnownMasks } from "./files/datasets/known-masks.ts";
export type {
  LayoutName,
  OnProgress,
  Problem,
  Source,
  Sources,
} from "./files/datasets/listing/listing.ts";
export type { MaskClasses } from "./files/datasets/mask-order.ts";
export type { SplitCounts } from "./files/datasets/open.ts";
export type { ExportFormat } from "./files/export/target.ts";
export type { FinishedFile } from "./files/formats/finished-files.ts";
export type { FinishedImage } from "./files/formats/journal.ts";
export type { LostDetail } from "./files/formats/lost-details.ts";
export type { MaskOrigin, WrittenMask } from "./files/formats/mask-origin.ts";
export type { Replaced } from "./files/formats/older-files.ts";
export type { OutputName } from "./files/formats/output-names.ts";
export type { ThumbnailFile } from "./files/formats/writer.ts";
export type { CreateRunOptions, OpenedRun, RunHost } from "./files/run/directory.ts";
export type { CheckpointEntry, LogEntry, StoredPanel, ValidationEntry } from "./files/run/log.ts";
export type * from "./host/codec.ts";
export type * from "./host/commands.ts";
export type * from "./host/devices.ts";
export type * from "./host/host.ts";
export type * from "./host/hub.ts";
export type * from "./host/machine.ts";
export type * from "./host/store.ts";
export type * from "./host/workers.ts";
export type * from "./jobs/events.ts";
export type { ExportOptions } from "./jobs/export.ts";
export type { MeasuringSourceEvent } from "./jobs/choose-source.ts";
export type {
  LabelEvent,
  LabelJob,
  PlanningEvent,
  SegmentationOption,
  SourceEvent,
} from "./jobs/label.ts";
export type { MaskShardsEvent } from "./jobs/mask-shards.ts";
export type { MaskEvent, MasksDoneEvent, PartDoneEvent, WriteMasksEvent } from "./jobs/masks.ts";
export type { ShardEvent, TaskDoneEvent, TaskEvent } from "./jobs/run-shards.ts";
export type { SegmentEvent, SegmentJob } from "./jobs/segment.ts";
export type { ShardTask, WaitingEvent } from "./jobs/shard-plan.ts";
export type { InstanceKind } from "./method/images/regions.ts";
export type { InitialWeights } from "./method/inference/initial-weights.ts";
export type { LabelOptions, Segmentation, SegmentOptions } from "./method/inference/segmenter.ts";
export type { SkippedImage } from "./method/train/batch-loader.ts";

/** What a model is opened from: a path of the host, a file, or an opened model. */
export type ModelSource = string | GivenFile | OpenedModel | ExportedModel;

/** Computes masks with a trained model; see `open`. */
export type Segmenter = NeutralSegmenter;
export const Segmenter = {
  /**
   * Opens a model for segmenting and labeling: a run folder, a weights file, an exported .onnx, a folder for transformers.js, or
   * the bytes of such a file.
   */
  async open(host: WebHost, source: ModelSource, options?: SegmenterOptions): Promise<Segmenter> {
    if (!isFile(source)) return openSegmenter(host, source, options);
    return withFile(host, source, (path) => openSegmenter(host, path, options));
  },
  /** Prepares an opened model on a runtime of your own. */
  of: NeutralSegmenter.of.bind(NeutralSegmenter),
};

/** Opens a run folder, a .safetensors file of a run, or a published checkpoint of AFA. */
export async function openModel(host: WebHost, source: string | GivenFile): Promise<OpenedModel> {
  if (!isFile(source)) return openModelOn(host.store, source);
  return withFile(host, source, (path) => openModelOn(host.store, path));
}

/** Opens a run, a weights file, an exported .onnx or a folder for transformers.js by its path: exported models are read when they run. */
export function openAnyModel(host: WebHost, path: string): Promise<OpenedModel | ExportedModel> {
  return openAnyModelOn(host.store, path);
}

/**
 * Opens a data set of any layout: a path of the host, a dropped folder, or files by their paths. Options as in Node. Folders that
 * are given stay with the host, which reads the images later; `removeFolder` of its `root` forgets them.
 */
export function openDataset(
  host: WebHost,
  folder: string | GivenFolder,
  options?: OpenOptions,
): Promise<OpenedDataset> {
  return openDatasetOn(host, folderPath(host, folder), options);
}

/** Reads everything in a data set and continues after errors, so that the report lists all of them. */
export function inspectDataset(
  host: WebHost,
  folder: string | GivenFolder,
  options?: InspectOptions,
): Promise<DatasetReport> {
  return inspectDatasetOn(host, folderPath(host, folder), options);
}

/**
 * Trains on a data set's `train` split and validates on its `val` split, yielding an event for every step, validation and
 * checkpoint. Nothing is written: keep the state of a checkpoint event, or pass the events to a `RunDirectory`.
 */
export function train(host: WebHost, options: TrainOptions): AsyncGenerator<TrainEvent, void> {
  return trainOn(host, options);
}

/** Writes generated scenes as a plain data set: images/, masks/, tags.csv, classes.txt. */
export function writeScenes(
  host: WebHost,
  folder: string,
  options: WriteScenesOptions,
): Promise<void> {
  return writeScenesOn(host, folder, options);
}

function isFile(source: ModelSource): source is GivenFile {
  if (typeof source === "string") return false;
  return source instanceof Blob || source instanceof Uint8Array || "read" in source;
}
