import { nodeHost } from "../../../host/node/host.ts";
import type { JobOptions } from "../../../jobs/events.ts";
import type { ExportEvent } from "../../../jobs/export.ts";
import {
  exportLosses,
  exportMasks,
  type FormatLosses,
  type MaskExportEvent,
  type MaskExportJob,
} from "../../../jobs/export-masks.ts";
import { exportModelWithCard, type ModelExportJob } from "../../../jobs/export-model-card.ts";
import { answerJob } from "../answer-job.ts";

/** What an export's own process does: tells losses, or writes masks or a model. */
export type ExportWork =
  | { readonly kind: "check" | "masks"; readonly job: MaskExportJob }
  | { readonly kind: "model"; readonly job: ModelExportJob };

export type ExportWorkEvent =
  | MaskExportEvent
  | ExportEvent
  | { readonly type: "losses"; readonly losses: readonly FormatLosses[] };

async function* doExport(
  work: ExportWork,
  options: JobOptions,
): AsyncGenerator<ExportWorkEvent, void> {
  if (work.kind === "masks") return yield* exportMasks(nodeHost, work.job, options);
  if (work.kind === "model") return yield* exportModelWithCard(nodeHost, work.job, options);
  yield { type: "losses", losses: yield* exportLosses(nodeHost, work.job, options) };
}

answerJob(doExport);
