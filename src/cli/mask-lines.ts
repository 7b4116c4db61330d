import { counted } from "../files/text/units.ts";
import type { DeviceEvent, NoticeEvent, ReadingEvent } from "../jobs/events.ts";
import type { LabelEvent } from "../jobs/label.ts";
import type { WriteMasksEvent } from "../jobs/masks.ts";
import type { MaskShardsEvent } from "../jobs/mask-shards.ts";
import { ctrlCNote, Interrupted, keptNote, type Interruption } from "./interrupt.ts";
import type { Output } from "./output.ts";
import { preparation } from "./preparation.ts";
import { lostLine } from "./lost-line.ts";
import { CountMeter } from "./progress.ts";
import { flagOf } from "./remedies.ts";
import { tellReplaced } from "./replaced-lines.ts";
import { secondsSince } from "./seconds.ts";
import { taskStopped, tellTask, type TaskSums } from "./task-lines.ts";

type Event =
  ReadingEvent | DeviceEvent | NoticeEvent | WriteMasksEvent | MaskShardsEvent | LabelEvent;

/** Prints the events of a job that writes masks: progress, images left out, and the paths of the results. */
export function maskLines(output: Output): (event: Event, interruption: Interruption) => void {
  const isPreparation = preparation(output);
  const now = (): number => output.now();
  const stopping = (): void => output.note(ctrlCNote("finishing the image under way"));
  let started = now();
  let total = 0;
  let [masks, done, skipped] = [new CountMeter("masks", now), 0, 0];
  let sheet: CountMeter | undefined;
  let choosing: CountMeter | undefined;
  let source: SourceFacts | undefined;
  return (event, interruption) => {
    if (isPreparation(event)) return;
    switch (event.type) {
      case "measuring-source":
        interruption.handle(stopping);
        choosing ??= new CountMeter("choosing the source", now);
        return output.progress.update(choosing.read(event.done, event.total));
      case "source": {
        output.progress.clear();
        const { source: from, reason, measured, crf, unused } = event;
        source = { source: from, crf };
        output.note(`masks from ${titleOf(source)}${measured ? ": " : ", "}${reason}`);
        if (unused.length > 0) {
          output.note(
            `not used, as only the segmentation has it: ${unused.map(flagOf).join(", ")}`,
          );
        }
        return output.record({ source: from, reason, measured, crf, unused });
      }
      case "started":
        started = now();
        total = event.of;
        masks = new CountMeter("masks", now);
        return interruption.handle(stopping);
      case "skipped":
        done++;
        skipped++;
        output.note(`left out ${event.message}`);
        return output.record({ image: event.file, error: event.message });
      case "image": {
        const { file, mask, overlay, confidence, tags, missing } = event;
        done++;
        const files = {
          ...(mask !== undefined && { mask }),
          ...(overlay !== undefined && { overlay }),
        };
        output.record({ image: file, ...files, confidence, tags, missing });
        output.progress.update(masks.read(done, total));
        if (done === total) output.progress.clear();
        return;
      }
      case "sheet":
        sheet ??= new CountMeter("contact sheet", now);
        return output.progress.update(sheet.read(event.done, event.total));
      case "part-done":
        return;
      case "waiting":
      case "task":
      case "shard":
      case "task-done": {
        const sums = (): TaskSums => {
          const made = done - skipped;
          const seconds = secondsSince(started, output);
          return { made: counted(made, "mask"), skipped, seconds, facts: { masks: made } };
        };
        return tellTask(event, sums, output, interruption);
      }
      case "stopped":
        if (!("kept" in event)) throw taskStopped(event.done, event.total);
        throw new Interrupted(
          `stopped after ${event.done} of ${event.total} images; ` +
            keptNote(event.kept, "image", event.out),
        );
      case "done":
        return printSummary(event, secondsSince(started, output), output, source);
    }
  };
}

type SourceFacts = Pick<Extract<Event, { type: "source" }>, "source" | "crf">;

function titleOf({ source, crf }: SourceFacts): string {
  return crf ? `${source} + CRF` : source;
}

function printSummary(
  {
    out,
    classes,
    masks,
    skipped,
    lacking,
    lost,
    confidence,
    sheet,
    replaced,
  }: Extract<Event, { type: "done" }>,
  seconds: number,
  output: Output,
  source: SourceFacts | undefined,
): void {
  output.progress.clear();
  const leftOut = skipped > 0 ? `, ${skipped} left out` : "";
  const written = counted(masks, "mask");
  const from = source ? ` from ${titleOf(source)}` : "";
  output.say(`${written}${from} in ${seconds} s${leftOut}: ${out} (class names: ${classes})`);
  if (lacking.length > 0) {
    const more = lacking.length > 5 ? ", …" : "";
    output.say(
      `${lacking.length} of ${written} without a pixel of one of their tags: ` +
        `${lacking.slice(0, 5).join(", ")}${more} (column missing of ${confidence})`,
    );
  }
  for (const detail of lost) output.say(lostLine(detail, written));
  tellReplaced(replaced, output);
  if (sheet !== undefined) output.say(`least sure first: ${sheet}`);
  const files = { confidence, ...(sheet !== undefined && { sheet }) };
  output.record({
    out,
    classes,
    masks,
    skipped,
    ...(source && { source: source.source }),
    lacking,
    lost,
    ...files,
    replaced,
    seconds,
  });
}
