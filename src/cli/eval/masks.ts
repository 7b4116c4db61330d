import { readFile } from "node:fs/promises";
import { unreadable } from "../../host/node/files/file-error.ts";
import { UserError } from "../../user-error.ts";
import { listed, pairMasks, scorePairs } from "../../jobs/score-masks.ts";
import { nodeHost } from "../../host/node/host.ts";
import { WorstImages } from "../../files/report/worst-images.ts";
import { counted } from "../../files/text/units.ts";
import { claimResults, tellResults } from "./out.ts";
import type { EvalMasksOptions } from "./options.ts";
import type { Output } from "../output.ts";
import { percent, scoreTable } from "../score-table.ts";
import { withProgress } from "../with-progress.ts";

/** `tag2mask eval --masks … --truth …`: one folder of masks against another. */
export async function evalMasks(options: EvalMasksOptions, output: Output): Promise<void> {
  const { masks: folder, truth, classes: classFile, list, out } = options;
  await claimResults(options);
  const found = await pairMasks(folder, truth, {
    ...(classFile !== undefined && { classes: classFile }),
    ...(list !== undefined && { names: await readNames(list) }),
  });
  const { unpredicted, untrue, pairs } = found;
  const note = (names: readonly string[], what: string): void => {
    if (names.length > 0) output.note(`${what}, not counted: ${listed(names)}`);
  };
  note(unpredicted, `${unpredicted.length} of ${truth} have no mask in ${folder}`);
  note(untrue, `${untrue.length} of ${folder} have no truth in ${truth}`);
  const worst = new WorstImages(nodeHost.codec, out === undefined ? 0 : options.worst);
  const run = scorePairs(found);
  const scored = await withProgress("masks", run, output, async ({ measured }) => {
    if (measured) await worst.add(measured);
  });
  const { matrix, classes, masks, skipped } = scored;
  for (const problem of skipped) output.note(`left out ${problem}`);
  if (masks === 0) {
    throw new UserError(`${skipped[0]}; none of the ${pairs.length} masks can be measured`);
  }
  const metrics = { masks: matrix.meanIou() };
  const perClass = { masks: matrix.iou() };
  const accuracy = { pixel: matrix.pixelAccuracy(), mean: matrix.meanAccuracy() };
  output.say(scoreTable({ metrics, perClass }, classes));
  output.say(
    `pixel accuracy ${percent(accuracy.pixel)} %, mean of the classes ${percent(accuracy.mean)} %` +
      `\n${counted(masks, "mask")} of ${folder} against ${truth}`,
  );
  const about = { predictions: folder, truth, unpredicted, untrue };
  const results = { about, classes, matrices: { masks: matrix }, masks, skipped };
  const title = "Worst masks";
  const files = await tellResults(options, { ...results, title, worst: worst.images }, output);
  output.record({
    ...{ masks: folder, truth, metrics, perClass, accuracy, classes, compared: masks },
    ...{ unpredicted, untrue, skipped, ...(files.length > 0 && { files }) },
  });
}

/** Names of a list such as VOC's val.txt: the first word of every line. */
async function readNames(path: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw unreadable(path, error);
  }
  const words = text.split(/\r?\n/).map((line) => line.trim().split(/\s+/)[0]!);
  const names = [...new Set(words.filter((word) => word !== ""))];
  if (names.length === 0) throw new UserError(`${path}: names no mask; it has one name a line`);
  return names;
}
