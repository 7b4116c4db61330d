import { counted } from "../../files/text/units.ts";
import { compareMasks, type UnpairedEvent } from "../../jobs/compare-masks.ts";
import type { ComparedEvent } from "../../jobs/evaluation-events.ts";
import { listed } from "../../jobs/score-masks.ts";
import { nodeHost } from "../../host/node/host.ts";
import { meanIouOfClasses } from "../../jobs/score-warnings.ts";
import { ctrlCNote, Interrupted, measuredNote, runJob } from "../interrupt.ts";
import type { EvalMasksOptions } from "./options.ts";
import type { Output } from "../output.ts";
import { CountMeter } from "../progress.ts";
import { messages, tellFindings } from "../findings.ts";
import { percent, scoreTable } from "../score-table.ts";
import { evaluationTask } from "./task.ts";

/** `tag2mask eval --masks … --truth …`: one folder of masks against another. */
export async function evalMasks(options: EvalMasksOptions, output: Output): Promise<void> {
  const meter = new CountMeter("masks", () => output.now());
  const isOfTask = evaluationTask(output);
  await runJob(
    (job) => compareMasks(nodeHost, options, job),
    (event, interruption) => {
      if (isOfTask(event, interruption)) return;
      switch (event.type) {
        case "unpaired":
          tellUnpaired(event, options, output);
          return interruption.handle(() => output.note(ctrlCNote("finishing the mask under way")));
        case "started":
          return;
        case "progress":
          return output.progress.update(meter.read(event.done, event.total));
        case "left-out":
          output.progress.clear();
          for (const problem of event.problems) output.note(`left out ${problem}`);
          return;
        case "stopped":
          throw new Interrupted(
            `stopped after ${event.done} of ${event.total} masks; ${measuredNote(event.kept, "mask")}`,
          );
        case "compared":
          return tellCompared(event, options, output);
      }
    },
  );
}

type Folders = Pick<EvalMasksOptions, "masks" | "truth">;

/** Tells the masks that only one of two folders has. */
export function tellUnpaired(
  { unpredicted, untrue, notes }: Omit<UnpairedEvent, "type">,
  { masks: folder, truth }: Folders,
  output: Output,
): void {
  const has = (names: readonly string[]): string => (names.length === 1 ? "has" : "have");
  const note = (names: readonly string[], what: string): void => {
    if (names.length > 0) output.note(`${what}, not counted: ${listed(names)}`);
  };
  for (const sentence of notes) output.note(sentence);
  note(unpredicted, `${unpredicted.length} of ${truth} ${has(unpredicted)} no mask in ${folder}`);
  note(untrue, `${untrue.length} of ${folder} ${has(untrue)} no truth in ${truth}`);
}

/** Shows the scores of a folder of masks. */
export function tellCompared(
  event: ComparedEvent,
  { masks: folder, truth }: Folders,
  output: Output,
): void {
  const { matrix, classes, masks, unpredicted, untrue, skipped, warnings, files } = event;
  const metrics = { masks: meanIouOfClasses(matrix) };
  const perClass = { masks: matrix.iou() };
  const accuracy = { pixel: matrix.pixelAccuracy(), mean: matrix.meanAccuracy() };
  output.say(scoreTable({ metrics, perClass }, classes));
  output.say(
    `pixel accuracy ${percent(accuracy.pixel)} %, mean of the classes ${percent(accuracy.mean)} %` +
      `\n${counted(masks, "mask")} of ${folder} against ${truth}`,
  );
  tellFindings(warnings, output);
  if (files.length > 0) output.say(files.join("\n"));
  const scores = { metrics, perClass, accuracy, classes, compared: masks };
  const written = files.length > 0 && { files };
  output.record({
    masks: folder,
    truth,
    ...scores,
    unpredicted,
    untrue,
    skipped,
    warnings: messages(warnings),
    ...written,
  });
}
