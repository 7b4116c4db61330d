import { counted } from "../../files/text/units.ts";
import { join } from "../../files/text/path.ts";
import { nodeHost } from "../../host/node/host.ts";
import {
  evaluateModel,
  evaluateModelStages,
  type EvaluateEvent,
  type PredictionsEvent,
  type ScoresEvent,
} from "../../jobs/evaluate.ts";
import { listed } from "../../jobs/score-masks.ts";
import { meanIouOfClasses } from "../../jobs/score-warnings.ts";
import { UserError } from "../../user-error.ts";
import { ctrlCNote, Interrupted, measuredNote, type Interruption, runJob } from "../interrupt.ts";
import type { EvalModelOptions } from "./options.ts";
import type { Output } from "../output.ts";
import { preparation } from "../preparation.ts";
import { CountMeter } from "../progress.ts";
import { messages, tellFindings } from "../findings.ts";
import { tellReplaced } from "../replaced-lines.ts";
import { percent, scoreTable, titleOf } from "../score-table.ts";
import { tellStages } from "./stages.ts";
import { evaluationTask } from "./task.ts";

/** `tag2mask eval` of a model: on images with masks its scores, on others its predictions. */
export async function evalModel(options: EvalModelOptions, output: Output): Promise<void> {
  await runJob((job) => evaluateModel(nodeHost, options, job), evaluationLines(output));
}

/** `tag2mask eval --stages`: mIoU after every part of the method. */
export async function evalStages(options: EvalModelOptions, output: Output): Promise<void> {
  await runJob((job) => evaluateModelStages(nodeHost, options, job), evaluationLines(output));
}

function evaluationLines(
  output: Output,
): (event: EvaluateEvent, interruption: Interruption) => void {
  const isPreparation = preparation(output);
  const isOfTask = evaluationTask(output);
  const now = (): number => output.now();
  let meter = new CountMeter("images", now);
  let predicts = false;
  return (event, interruption) => {
    if (isPreparation(event) || isOfTask(event, interruption)) return;
    switch (event.type) {
      case "started":
        meter = new CountMeter("images", now);
        return interruption.handle(() => output.note(ctrlCNote("finishing the image under way")));
      case "predicting":
        predicts = true;
        meter = new CountMeter("masks", now);
        output.note(`no image of the split "${event.split}" has a mask: writing predictions`);
        return interruption.handle(() => output.note(ctrlCNote("finishing the image under way")));
      case "progress":
        return output.progress.update(meter.read(event.done, event.total));
      case "left-out":
        output.progress.clear();
        for (const problem of event.problems) {
          output.note(predicts ? `no mask: ${problem}` : `left out ${problem}`);
        }
        if (predicts && event.problems.length > 0) output.record({ skipped: event.problems });
        return;
      case "stopped":
        throw new Interrupted(
          `stopped after ${event.done} of ${event.total} images; ` +
            measuredNote(event.kept, "image", event.out),
        );
      case "scores":
        return tellScores(event, output);
      case "predictions":
        return tellPredictions(event, output);
      case "stages":
        return tellStages(event, output);
    }
  };
}

/** Shows the scores of a model. */
export function tellScores(event: ScoresEvent, output: Output): void {
  const { model, split, classes, matrices, tagF1, images, masks, skipped, warnings, files } = event;
  const kinds = Object.entries(matrices);
  const metrics = {
    ...Object.fromEntries(kinds.map(([kind, matrix]) => [kind, meanIouOfClasses(matrix)])),
    tagF1,
  };
  const perClass = Object.fromEntries(kinds.map(([kind, matrix]) => [kind, matrix.iou()]));
  const { crf } = matrices;
  const accuracy = {
    ...event.accuracy,
    ...(crf && { crf: { pixel: crf.pixelAccuracy(), mean: crf.meanAccuracy() } }),
  };
  output.say(scoreTable({ metrics, perClass }, classes));
  const [kind, final] = kinds.at(-1)!;
  output.say(
    `pixel accuracy of ${titleOf(kind)} ${percent(final.pixelAccuracy())} %, mean of the classes ${percent(final.meanAccuracy())} %` +
      `\n${images} images, ${masks} with masks, of the split "${split}"`,
  );
  tellFindings(warnings, output);
  if (files.length > 0) output.say(files.join("\n"));
  const written = files.length > 0 && { files };
  output.record({
    model,
    metrics,
    perClass,
    accuracy,
    images,
    masks,
    skipped,
    warnings: messages(warnings),
    ...written,
  });
}

/** Shows where predictions are. */
export function tellPredictions(event: PredictionsEvent, output: Output): void {
  const { model, split, path, out, top, masks, images, skipped, replaced } = event;
  output.progress.clear();
  for (const problem of skipped) output.note(`no mask: ${problem}`);
  output.record({ model, split, out: path, masks, skipped });
  if (skipped.length > 0) {
    throw new UserError(
      `${path}: ${skipped.length} of ${images} images ${skipped.length === 1 ? "has" : "have"} no mask; a server wants all: ${listed(skipped)}`,
      {
        remedies: [{ kind: "option", name: "resume", purpose: "goes on once they can be read" }],
      },
    );
  }
  if (replaced) tellReplaced(replaced, output);
  if (masks < images) {
    return output.say(
      `${masks} of ${counted(images, "mask")}: ${path}; a server wants all, so make the rest before you pack them`,
    );
  }
  output.say(
    `${counted(masks, "mask")}: ${path}\n` +
      `pack them with: tar -czf ${join(out, "results.tgz")} -C ${out} ${top}`,
  );
}
