import { textTable } from "../../files/text/columns.ts";
import type { StagesEvent } from "../../jobs/evaluate.ts";
import type { Output } from "../output.ts";
import { percent } from "../score-table.ts";

/** Shows mIoU after every part of the method. */
export function tellStages(event: StagesEvent, output: Output): void {
  const { model, data, split, longSide, stages, tagF1, masks, skipped, file } = event;
  output.say(
    textTable([
      ["stage", "mIoU, %"],
      ...stages.map(({ title, meanIou }) => [title, percent(meanIou)]),
    ]),
  );
  output.say(
    `F1 of the tags ${percent(tagF1)} %\n${masks} images with masks, of the split "${split}"`,
  );
  if (file !== undefined) output.say(file);
  output.record({ model, data, split, longSide, stages, tagF1, masks, skipped });
}
