import { join } from "node:path";
import { UserError } from "../../user-error.ts";
import { predictTestSet, testSetFolder } from "../../jobs/predict-test-set.ts";
import { listed } from "../../jobs/score-masks.ts";
import { counted } from "../../files/text/units.ts";
import { viewsOf, type ModelAndData } from "./data.ts";
import type { EvalModelOptions } from "./options.ts";
import { Interrupted } from "../failure.ts";
import { interruptible } from "../interrupt.ts";
import type { Output } from "../output.ts";
import { crfAhead, withCrf } from "../with-crf.ts";
import { withProgress } from "../with-progress.ts";

/** `tag2mask eval` where there is no truth: the predictions, as a benchmark's server takes them. */
export async function evalTestSet(
  { segmenter, data, samples }: ModelAndData,
  options: EvalModelOptions & { readonly out: string },
  output: Output,
): Promise<void> {
  const { out, split, overwrite = false } = options;
  const folder = await testSetFolder(out, data, { overwrite });
  output.note(`no image of the split "${split}" has a mask: writing predictions`);
  const views = viewsOf(segmenter, options);
  const result = await withCrf(options.crf ?? false, (crf) =>
    interruptible(
      async (signal) => {
        const run = predictTestSet(samples, segmenter, folder, {
          ...views,
          ...(crf && { crf, ahead: crfAhead }),
        });
        return withProgress("masks", run, output, ({ done, total }) => {
          if (signal.aborted && done < total) {
            throw new Interrupted(
              `stopped after ${done} of ${total} images; ${folder.path} is not complete`,
            );
          }
        });
      },
      () => output.note("finishing the image under way"),
    ),
  );
  const { masks, skipped } = result;
  for (const problem of skipped) output.note(`no mask: ${problem}`);
  output.record({ model: segmenter.model.file, split, out: folder.path, masks, skipped });
  if (skipped.length > 0) {
    throw new UserError(
      `${folder.path}: ${skipped.length} of ${samples.length} images have no mask; a server wants all: ${listed(skipped)}`,
    );
  }
  output.say(
    `${counted(masks, "mask")}: ${folder.path}\n` +
      `pack them with: tar -czf ${join(out, "results.tgz")} -C ${out} ${folder.top}`,
  );
}
