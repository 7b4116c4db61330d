import { formatReport, type DatasetReport } from "../files/datasets/index.ts";
import { UserError } from "../user-error.ts";
import type { Output } from "./output.ts";
import { wordRemedies } from "./remedies.ts";

/** Shows the report on a data set; a UserError if it is not ready for training. @param tagsTo file that its tags are written to */
export function tellReport(
  report: DatasetReport,
  tagsTo: string | undefined,
  output: Output,
): void {
  output.say(formatReport(report, { color: output.color, wordRemedies }));
  if (tagsTo !== undefined) output.say(`tags written to ${tagsTo}`);
  output.record(report);
  if (report.trainable) return;
  throw new UserError(`${report.root}: not ready for training: ${report.obstacle}`);
}
