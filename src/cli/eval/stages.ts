import { join } from "node:path";
import { evaluateStages } from "../../method/eval/stages.ts";
import { UserError } from "../../user-error.ts";
import { writeFileAtomic } from "../../host/node/files/atomic-file.ts";
import { textTable } from "../../files/text/columns.ts";
import { claimResults } from "./out.ts";
import { viewsOf, withModelAndData } from "./data.ts";
import type { EvalModelOptions } from "./options.ts";
import type { Output } from "../output.ts";
import { percent } from "../score-table.ts";
import { crfAhead, withCrf } from "../with-crf.ts";
import { withProgress } from "../with-progress.ts";

/** What --out gets. */
const stagesFile = "stages.json";

/** `tag2mask eval --stages`: mIoU after every part of the method. */
export async function evalStages(options: EvalModelOptions, output: Output): Promise<void> {
  const { split, scales, out } = options;
  await withModelAndData(options, output, ({ segmenter, data, samples }) =>
    withCrf(true, async (crf) => {
      if (!samples.some((sample) => sample.mask !== undefined)) {
        throw new UserError(
          `${data.root}: no image of the split "${split}" has a mask to measure against`,
        );
      }
      await claimResults(options, [stagesFile]);
      const { config, classes, file } = segmenter.model;
      const { longSide } = viewsOf(segmenter, options);
      const run = evaluateStages(samples, data.reader, segmenter, {
        ...{ config, classes, longSide, lanes: segmenter.lanes },
        ...(scales && { scales }),
        ...(crf && { crf, ahead: crfAhead }),
      });
      const { stages, tagF1, masks, skipped } = await withProgress("images", run, output);
      for (const problem of skipped) output.note(`left out ${problem}`);
      if (masks === 0) {
        throw new UserError(`${skipped[0]}; none of the ${samples.length} images can be measured`);
      }
      output.say(
        textTable([
          ["stage", "mIoU, %"],
          ...stages.map(({ title, meanIou }) => [title, percent(meanIou)]),
        ]),
      );
      output.say(
        `F1 of the tags ${percent(tagF1)} %\n${masks} images with masks, of the split "${split}"`,
      );
      const found = {
        model: file,
        data: data.root,
        split,
        longSide,
        stages,
        tagF1,
        masks,
        skipped,
      };
      if (out !== undefined) {
        const path = join(out, stagesFile);
        await writeFileAtomic(path, `${JSON.stringify(found, undefined, 2)}\n`);
        output.say(path);
      }
      output.record(found);
    }),
  );
}
