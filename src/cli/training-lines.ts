import { formatWithRemedies, mostSerious } from "../files/datasets/listing/listing.ts";
import { listNames } from "../files/text/list-names.ts";
import { counted, inUnits } from "../files/text/units.ts";
import type { MicroBatchEvent } from "../jobs/plan/micro-batch.ts";
import type { ThresholdsEvent } from "../method/train/events.ts";
import type { TrainedEvent, TrainingStoppedEvent } from "../jobs/run-training.ts";
import type { KnownMasksEvent } from "../jobs/train-masks.ts";
import type { DatasetEvent } from "../jobs/open-trainable.ts";
import type { TrainJobEvent } from "../jobs/train.ts";
import { downloadLines } from "./download-lines.ts";
import { ctrlCNote, Interrupted, type Interruption } from "./interrupt.ts";
import { invocation } from "./invocation.ts";
import type { Output } from "./output.ts";
import { preparation } from "./preparation.ts";
import { StepMeter } from "./progress.ts";
import { scoreTable } from "./score-table.ts";
import { wordRemedies } from "./remedies.ts";

/** Prints the events of a training: its beginning, its progress, and the paths of the results. */
export function trainingLines(
  output: Output,
): (event: TrainJobEvent, interruption: Interruption) => void {
  const isPreparation = preparation(output);
  const isDownload = downloadLines(output);
  const meter = new StepMeter(() => output.now());
  let classes: readonly string[] = [];
  return (event, interruption) => {
    if (isDownload(event, interruption) || isPreparation(event)) return;
    switch (event.type) {
      case "dataset":
        return noteDataset(event, output);
      case "known-masks":
        for (const line of describeMasks(event)) output.noteLater(line);
        return;
      case "ignored-masks":
        return output.noteLater(
          `${event.folder}: ${counted(event.masks, "training image")} with a mask, which only evaluation uses; ` +
            "--use-masks trains on them too",
        );
      case "preset": {
        const { train: settings, model, data } = event.settings;
        return output.noteLater(
          `preset ${event.preset}: ${model.backbone}, ${settings.steps} steps of ${data.batch} crops of ${data.crop} pixels`,
        );
      }
      case "random-weights":
        return output.noteLater(
          `the training starts from random weights, from which photographs rarely give usable masks (a short training ` +
            `on 108 images of 80 classes reached 1.3 mIoU); give --weights ${event.instead} to start from ImageNet weights (56 MB, fetched once)`,
        );
      case "first-weights":
        // Of a file without an origin everything has been said.
        if (event.origin.repository !== undefined || event.origin.from)
          output.noteLater(`weights: ${event.message}`);
        return output.record({ type: event.type, ...event.origin });
      case "canceled":
        throw new Interrupted(
          "stopped before the training; the same command goes on with what has been fetched",
        );
      case "micro-batch":
        return output.noteLater(describeMicroBatch(event));
      case "started":
        return interruption.handle(() =>
          output.note(ctrlCNote("finishing and saving the current step")),
        );
      case "start": {
        output.record(event);
        classes = event.classes;
        const size = (event.parameters / 1e6).toPrecision(3);
        const start = event.step > 0 ? `, from step ${event.step}` : "";
        return output.note(
          `${size} M parameters, ${event.classes.length} classes, ${event.steps} steps${start}`,
        );
      }
      case "step": {
        output.record(event);
        const { line, milestone } = meter.read(event);
        return output.progress.update(line, milestone);
      }
      case "skipped":
        return output.note(`left out ${event.message}`);
      case "thresholds":
        output.record(event);
        for (const line of describeThresholds(event)) output.note(line);
        return;
      case "validating":
        return output.progress.update(`validating ${event.done}/${event.total}`);
      case "validation": {
        const { type, step, metrics, perClass, camAreas, skipped } = event;
        for (const problem of skipped) output.note(`left out ${problem}`);
        output.record({ type, step, metrics, perClass, ...(camAreas && { camAreas }), skipped });
        const scores = Object.entries(metrics).flatMap(([name, score]) =>
          // Without true masks there is no IoU.
          Number.isNaN(score) ? [] : [`${name} ${score.toFixed(3)}`],
        );
        output.note(`validation after step ${step}: ${scores.join("  ")}`);
        if (camAreas) output.note(describeAreas(camAreas, classes));
        return;
      }
      case "checkpoint":
        return output.record({ type: event.type, step: event.step, best: event.best });
      case "done":
        return output.record(event);
      case "stopped":
        output.progress.finish();
        throw new Interrupted(
          `${describeStop(event)}; continue with: ${invocation()} train --resume ${event.run}`,
        );
      case "trained":
        interruption.release();
        return printTrained(event, output);
    }
  };
}

/** Where a training was stopped. */
export function describeStop({ step, inValidation }: TrainingStoppedEvent): string {
  return `stopped ${inValidation ? "during the validation " : ""}after step ${step}`;
}

/** Largest number of classes whose areas are told. */
const mostAreas = 10;

/** What class activations show where no true mask can score them: the area of background and of each class, in percent. */
export function describeAreas(areas: readonly number[], classes: readonly string[]): string {
  const names = ["background", ...classes];
  const told = areas
    .slice(0, mostAreas + 1)
    .map((area, label) => `${names[label]} ${(100 * area).toFixed(1)}`);
  const rest = areas.length - told.length;
  const more = rest > 0 ? `, and ${rest} more class${rest === 1 ? "" : "es"}` : "";
  return `area of the class activations, %: ${told.join("  ")}${more}`;
}

export function noteDataset(
  { folder, problems, mergeCase, validationImages }: DatasetEvent,
  output: Output,
): void {
  const first = mostSerious(problems, folder);
  if (first) {
    const more = problems.length - 1;
    const listing = `${invocation()} data ${folder}${mergeCase ? " --merge-case" : ""}`;
    const hint = more > 0 ? ` (and ${more} more; ${listing} lists all of them)` : "";
    output.noteLater(`${formatWithRemedies(first, wordRemedies)}${hint}`);
  }
  if (validationImages === 0) {
    output.noteLater(`${folder}: has no images in the split "val", so there will be no scores`);
  }
}

/** Sentences about the masks that train along with the tags. */
export function describeMasks(event: KnownMasksEvent): string[] {
  const { masks, images, corrections, unused, complete, completed } = event;
  const details = [
    ...(corrections > 0 ? [counted(corrections, "correction")] : []),
    ...(complete === undefined ? [] : [`${complete.toLocaleString("en")} complete`]),
  ];
  const lines = [
    `trains on the masks of ${masks.toLocaleString("en")} of ${counted(images, "training image")}` +
      (details.length > 0 ? ` (${details.join(", ")})` : ""),
  ];
  if (completed === undefined) {
    lines.push("classes that only a mask shows are added to the tags of its image when it is read");
  } else if (completed > 0) {
    lines.push(
      `added classes that only the mask shows to the tags of ${counted(completed, "image")}`,
    );
  }
  if (unused > 0)
    lines.push(`left out ${counted(unused, "mask")} of images that are not trained on`);
  return lines;
}

/** Shares above which thresholds are said not to suit the data. */
const tooMuch = { ignored: 0.4, tagsWithoutPixels: 0.1 };

/** The thresholds of a run with their fit, and advice where set ones do not suit. */
export function describeThresholds(event: ThresholdsEvent): string[] {
  const { low, high, chosen, ignored, tagsWithoutPixels } = event;
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const origin = chosen ? ", chosen from tags" : "";
  const line =
    `thresholds ${low.toFixed(2)} and ${high.toFixed(2)}${origin}: ${percent(ignored)} of pixels ignored, ` +
    `${percent(tagsWithoutPixels)} of tags get no pixel`;
  if (chosen || (ignored <= tooMuch.ignored && tagsWithoutPixels <= tooMuch.tagsWithoutPixels)) {
    return [line];
  }
  const remedy = { kind: "setting", key: "pseudo.thresholds", value: "auto" } as const;
  return [
    line,
    `they do not suit these images; to choose them from tags, ${wordRemedies([remedy])}`,
  ];
}

/** The reason why a batch is split, and advice where even that is not enough. */
export function describeMicroBatch(event: MicroBatchEvent): string {
  const { batch, crop, microBatch, bytes, free, least } = event;
  const warning =
    least === undefined
      ? ""
      : `; even these take about ${inUnits(least)}: close other programs or choose smaller crops (--crop)`;
  return (
    `a batch of ${batch} crops of ${crop} pixels takes about ${inUnits(bytes)}, but only ${inUnits(free)} is free: ` +
    `split into micro-batches of ${microBatch} whose gradients are summed (train.microBatch)${warning}`
  );
}

function printTrained(trained: TrainedEvent, output: Output): void {
  const { run, weights, report, best, classes, skipped } = trained;
  output.progress.finish();
  if (skipped.length > 0) {
    const files = listNames(
      skipped.map(({ file }) => file),
      5,
    );
    output.note(`left out ${counted(skipped.length, "training image")}: ${files}`);
  }
  if (best) output.say(scoreTable(best, classes));
  output.say(`\nrun      ${run}`);
  output.say(`weights  ${weights}`);
  output.say(`report   ${report}`);
}
