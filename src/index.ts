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
import type { UnderstoodWeights } from "./files/weights/understand.ts";
import type { WeightsFile } from "./files/weights/weights-file.ts";
import {
  RunDirectory as NeutralRunDirectory,
  type CreateRunOptions,
  type OpenedRun,
} from "./files/run/directory.ts";
import { nodeHost } from "./host/node/host.ts";
import {
  MaskFolder as NeutralMaskFolder,
  type MaskFolderOptions,
} from "./files/formats/mask-folder.ts";
import {
  datasetReader as datasetReaderOn,
  inspectDataset as inspectDatasetOn,
  openDataset as openDatasetOn,
  writeScenes as writeScenesOn,
  writeTags as writeTagsOn,
  type DatasetReport,
  type InspectOptions,
  type OpenedDataset,
  type OpenOptions,
  type WriteScenesOptions,
} from "./files/datasets/index.ts";
import { KnownMasks, type KnownMasksOptions } from "./files/datasets/known-masks.ts";
import { openMasks as openMasksOn } from "./files/formats/open.ts";
import {
  convertWeights as convertWeightsOn,
  type ConvertedWeights,
} from "./jobs/convert-weights.ts";
import { outcomeOf } from "./jobs/events.ts";
import { exportModel as exportModelOn, type Exported, type ExportOptions } from "./jobs/export.ts";
import {
  readFirstWeights as readFirstWeightsOn,
  type FirstWeights,
  type FirstWeightsOptions,
} from "./jobs/first-weights.ts";
import { openAnyModel as openAnyModelOn } from "./jobs/open-exported-model.ts";
import { openModel as openModelOn } from "./jobs/open-model.ts";
import { openSegmenter, type SegmenterOptions } from "./jobs/open-segmenter.ts";
import { train as trainOn, type TrainOptions } from "./jobs/train-dataset.ts";
import { fetchSource, understandSource, type LocatedWeights } from "./jobs/locate-weights.ts";
import { withWeights as withWeightsOn } from "./jobs/with-weights.ts";
import type { Config } from "./method/config.ts";
import type { Dataset, SampleReader } from "./method/data/sample.ts";
import type { LabelMap } from "./method/images/image.ts";
import type { ExportedModel, OpenedModel } from "./method/inference/model.ts";
import { Segmenter as NeutralSegmenter } from "./method/inference/segmenter.ts";
import type { TrainEvent } from "./method/train/events.ts";
import { CrfPool as NeutralCrfPool, type CrfPoolOptions } from "./method/refine/crf-pool.ts";

export * from "./core.ts";
export { nodeHost };
export * from "./files/datasets/index.ts";
export { deviceNames } from "./host/devices.ts";
export { listDevices, resolveDevice } from "./host/node/ort/devices.ts";
export { readImage, readMask, writeImage, writeMask } from "./host/node/images/codec.ts";
export type { FinishedFile } from "./files/formats/finished-files.ts";
export type { FinishedImage } from "./files/formats/journal.ts";
export type { MaskFolderOptions } from "./files/formats/mask-folder.ts";
export type { OutputName } from "./files/formats/output-names.ts";
export { nodeRuntime } from "./host/node/ort/runtime.ts";
export { meanOfSources, measureSources } from "./method/eval/measure-sources.ts";
export { chooseByTags } from "./method/inference/label-source.ts";

export type { ConvertedWeights, Exported, ExportOptions, FirstWeights, TrainOptions };
export type { LabelOptions, Segmentation, SegmentOptions } from "./method/inference/segmenter.ts";

// The classes themselves, for other hosts: `create` and `open` take the host as their first argument.
export { NeutralMaskFolder as MaskFolderOn, NeutralRunDirectory as RunDirectoryOn };

/** A run folder on this machine; see `create` and `open`. */
export type RunDirectory = NeutralRunDirectory;
export const RunDirectory = {
  /** Creates the folder of a new run; existing files in it are a UserError. */
  create: (options: CreateRunOptions): Promise<RunDirectory> =>
    NeutralRunDirectory.create(nodeHost, options),
  /** Opens a run to resume it. */
  open: (path: string): Promise<OpenedRun> => NeutralRunDirectory.open(nodeHost, path),
};

/** Computes masks with a trained model; see `open`. */
export type Segmenter = NeutralSegmenter;
export const Segmenter = {
  /**
   * Opens a model for segmenting and labeling.
   * @param source a run folder, a weights file, an exported .onnx, a folder for transformers.js, or an opened model
   */
  open: (
    source: string | OpenedModel | ExportedModel,
    options?: SegmenterOptions,
  ): Promise<Segmenter> => openSegmenter(nodeHost, source, options),
  /** Prepares an opened model on a runtime of your own. */
  of: NeutralSegmenter.of.bind(NeutralSegmenter),
};

/** Opens a run folder, a .safetensors file of a run, or a published checkpoint of AFA. */
export const openModel = (path: string): Promise<OpenedModel> => openModelOn(nodeHost.store, path);

/** Opens a run, a weights file, an exported .onnx or a folder for transformers.js. */
export const openAnyModel = (path: string): Promise<OpenedModel | ExportedModel> =>
  openAnyModelOn(nodeHost.store, path);

/** Exports a trained model for other programs; either all of its files are written or none. */
export const exportModel = async (
  model: OpenedModel,
  options?: ExportOptions,
): Promise<Exported> => {
  const events = exportModelOn(nodeHost, model, options);
  return (await outcomeOf(events, "exported")).exported;
};

/** Writes weights as safetensors. @param names foreground class names to store */
export const convertWeights = async (
  file: WeightsFile,
  understood: UnderstoodWeights,
  out: string,
  names?: readonly string[],
): Promise<ConvertedWeights> => {
  const events = convertWeightsOn(nodeHost.store, file, understood, out, { names });
  return (await outcomeOf(events, "converted")).weights;
};

/**
 * Reads initial weights for a training: the tensors of a weights file or run folder that its network has. Weights may also be
 * named as for `locateWeights`.
 */
export const readFirstWeights = async (
  source: string,
  config: Config,
  classes: readonly string[],
  options?: FirstWeightsOptions,
): Promise<FirstWeights> => {
  const { path } = await locateWeights(source);
  return readFirstWeightsOn(nodeHost.store, path, config, classes, options);
};

/** Finds weights by a path, a name of `weightsCatalog` or `owner/repository[@revision][:file]`; fetches them if they are not here. */
export const locateWeights = async (source: string): Promise<LocatedWeights> => {
  const events = fetchSource(nodeHost, await understandSource(nodeHost, source));
  for (;;) {
    const next = await events.next();
    if (next.done) return next.value;
  }
};

/** Opens a weights file of any format and closes it once `use` is done; tensors are read on demand. */
export const withWeights = <T>(
  path: string,
  use: (weights: WeightsFile) => Promise<T>,
): Promise<T> => withWeightsOn(nodeHost.store, path, use);

export type { KnownMasks, KnownMasksOptions };

// Types of the parameters and results of these functions.
export type { Judgment, Outlook } from "./files/datasets/judgment.ts";
export type { LedgerEntry, LostDetail, LostDetails } from "./files/formats/lost-details.ts";
export type { MaskFinding } from "./files/formats/label-counts.ts";
export type { Replaced } from "./files/formats/older-files.ts";
export type { MaskClasses } from "./files/datasets/mask-order.ts";
export type { ImageFiles } from "./files/formats/image-files.ts";
export type { MaskOrigin, WrittenMask } from "./files/formats/mask-folder.ts";
export type { MaskEntry, MaskSource, SourceOptions } from "./files/formats/source.ts";
export type { CreateRunOptions, OpenedRun, RunHost } from "./files/run/directory.ts";
export type { ThumbnailFile } from "./files/formats/writer.ts";
export type { CheckpointEntry, LogEntry, StoredPanel, ValidationEntry } from "./files/run/log.ts";
export type { DeviceChoice, DeviceName, DeviceOptions, DeviceReport } from "./host/devices.ts";
export type * from "./host/codec.ts";
export type * from "./host/commands.ts";
export type * from "./host/host.ts";
export type * from "./host/machine.ts";
export type * from "./host/store.ts";
export type * from "./host/workers.ts";
export type { SessionPool } from "./host/node/workers/session-pool.ts";
export type { ExportFormat } from "./files/export/target.ts";
export {
  weightsCatalog,
  type CatalogEntry,
  type WeightsLocation,
} from "./files/weights/catalog.ts";
export type { InitialWeights } from "./method/inference/initial-weights.ts";
export type { LocatedWeights } from "./jobs/locate-weights.ts";
export { createHub, type NodeHubOptions } from "./host/node/hub/hub.ts";
export type * from "./host/hub.ts";
export type { FirstWeightsOptions } from "./jobs/first-weights.ts";
export type { InstanceKind } from "./method/images/regions.ts";
export type { SegmenterOptions } from "./jobs/open-segmenter.ts";
export type { CrfPoolOptions } from "./method/refine/crf-pool.ts";
export {
  BatchLoader,
  type BatchLoaderOptions,
  type SkippedImage,
} from "./method/train/batch-loader.ts";

/** Dense CRFs in worker threads of this machine, one image per thread. */
export class CrfPool extends NeutralCrfPool {
  constructor({ threads = nodeHost.machine.cores, ...options }: Partial<CrfPoolOptions> = {}) {
    super(nodeHost.workers, { threads, ...options });
  }
}

/** A folder of masks in one or several formats; see `create`. */
export type MaskFolder = NeutralMaskFolder;
export const MaskFolder = {
  /** Creates a folder for masks, or opens an empty one; label i + 1 is classes[i]. */
  create: (
    path: string,
    classes: readonly string[],
    options?: MaskFolderOptions,
  ): Promise<MaskFolder> => NeutralMaskFolder.create(nodeHost, path, classes, options),
};

/** Opens the masks in a file or folder; without `from`, the format is recognized by the content. */
export const openMasks = (
  path: string,
  options: Parameters<typeof openMasksOn>[2],
): ReturnType<typeof openMasksOn> => openMasksOn(nodeHost, path, options);

/**
 * Finds the masks that `train` learns from along with the tags if `data.masks` is "train": those in a folder, or the data
 * set's own and its corrections, which are the default.
 */
export const findKnownMasks = (
  data: OpenedDataset,
  options?: KnownMasksOptions,
): Promise<KnownMasks> => KnownMasks.find(nodeHost, data, options);

/**
 * Trains on a data set's `train` split and validates on its `val` split, yielding an event for every step, validation and
 * checkpoint. Nothing is written: keep the state of a checkpoint event, or pass the events to a `RunDirectory`.
 */
export const train = (options: TrainOptions): AsyncGenerator<TrainEvent, void> =>
  trainOn(nodeHost, options);

/**
 * Opens a data set folder of any layout. Without splits of its own, `valFraction` of its images become the split `val`.
 * Images that cannot be read are left out and listed in `problems`; any other problem is a UserError.
 */
export const openDataset = (root: string, options?: OpenOptions): Promise<OpenedDataset> =>
  openDatasetOn(nodeHost, root, options);

/** Reads everything in a data set folder and continues after errors, so that the report lists all of them. */
export const inspectDataset = (root: string, options?: InspectOptions): Promise<DatasetReport> =>
  inspectDatasetOn(nodeHost, root, options);

/**
 * Reads the images and masks of a data set; a mask with labels beyond its classes is a UserError.
 * @param read reads a mask by its address, by default the path of a PNG file
 */
export const datasetReader = (
  classCount: number,
  read?: (address: string) => Promise<LabelMap>,
): SampleReader => datasetReaderOn(nodeHost.codec, classCount, read);

/** Writes the tags of a data set as a CSV file; returns the number of images in it. */
export const writeTags = (path: string, dataset: Dataset): Promise<number> =>
  writeTagsOn(nodeHost.store, path, dataset);

/** Writes generated scenes as a plain data set: images/, masks/, tags.csv, classes.txt. */
export const writeScenes = (folder: string, options: WriteScenesOptions): Promise<void> =>
  writeScenesOn(nodeHost, folder, options);
