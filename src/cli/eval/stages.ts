import { textTable } from "../../files/text/columns.ts";
import type { StagesEvent } from "../../jobs/evaluate.ts";
import type { Output } from "../output.ts";
import { percent } from "../score-table.ts";

/** Shows mIoU after every part of the method. */
export function tellStages(event: StagesEvent, output: Output): void {
  const { model, data, split, longSide, stages, tagF1, masks, skipped, file, warnings } = event;
  output.say(
    textTable([
      ["stage", "mIoU, %"],
      ...stages.map(({ title, meanIou }) => [title, percent(meanIou)]),
    ]),
  );
  output.say(
    `F1 of the tags ${percent(tagF1)} %\n${masks} images with masks, of the split "${split}"`,
  );
  for (const warning of warnings ?? []) output.say(`warning: ${warning}`);
  if (file !== undefined) output.say(file);
  const scores = { model, data, split, longSide, stages, tagF1, masks, skipped };
  output.record({ ...scores, ...(warnings && { warnings }) });
}
