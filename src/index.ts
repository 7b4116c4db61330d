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
export * from "./core.ts";
export { BatchLoader } from "./node/batch-loader.ts";
export { CrfPool } from "./node/crf-pool.ts";
export * from "./node/datasets/index.ts";
export { deviceNames, listDevices, resolveDevice } from "./node/devices.ts";
export { readImage, readMask, writeImage, writeMask } from "./node/images.ts";
export { exportModel, type Exported, type ExportOptions } from "./node/export.ts";
export { openModel, type OpenedModel } from "./node/model-file.ts";
export { openAnyModel, type ExportedModel } from "./node/onnx-model.ts";
export { MaskFolder, type MaskFolderOptions } from "./node/masks/mask-folder.ts";
export { openMasks } from "./node/masks/readers/index.ts";
export { RunDirectory } from "./node/run/directory.ts";
export { nodeRuntime } from "./node/runtime.ts";
export { Segmenter, type Segmentation, type SegmentOptions } from "./node/segmenter.ts";
export { train, type TrainOptions } from "./node/train.ts";
export { convertWeights, type ConvertedWeights } from "./node/weights/convert.ts";
export { readFirstWeights, type FirstWeights } from "./node/weights/first-weights.ts";
export { withWeights } from "./node/weights/open.ts";
