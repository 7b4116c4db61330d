export { inspectDataset, type DatasetReport, type InspectOptions } from "./inspect.ts";
export {
  formatProblem,
  type LayoutName,
  type OnProgress,
  type Problem,
  type Source,
  type Sources,
} from "./listing/listing.ts";
export { MaskOrder } from "./mask-order.ts";
export {
  openDataset,
  requireTrainable,
  samplesOf,
  type OpenedDataset,
  type OpenOptions,
  type SplitCounts,
} from "./open.ts";
export { checkLabels, datasetReader } from "./reader.ts";
export { formatReport, type FormatReportOptions } from "./report.ts";
export { writeTags } from "./tags/write.ts";
export { writeScenes, type WriteScenesOptions } from "./write-scenes.ts";
