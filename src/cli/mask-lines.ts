import { counted } from "../files/text/units.ts";
import type { DeviceEvent, NoticeEvent, ReadingEvent } from "../jobs/events.ts";
import type { WriteMasksEvent } from "../jobs/masks.ts";
import { ctrlCNote, Interrupted, type Interruption } from "./interrupt.ts";
import type { Output } from "./output.ts";
import { preparation } from "./preparation.ts";
import { CountMeter } from "./progress.ts";
import { secondsSince } from "./seconds.ts";

type Event = ReadingEvent | DeviceEvent | NoticeEvent | WriteMasksEvent;

/** Prints the events of a job that writes masks: progress, images left out, and the paths of the results. */
export function maskLines(output: Output): (event: Event, interruption: Interruption) => void {
  const isPreparation = preparation(output);
  const now = (): number => output.now();
  let started = now();
  let total = 0;
  let [masks, done] = [new CountMeter("masks", now), 0];
  let sheet: CountMeter | undefined;
  return (event, interruption) => {
    if (isPreparation(event)) return;
    switch (event.type) {
      case "started":
        started = now();
        total = event.of;
        masks = new CountMeter("masks", now);
        return interruption.handle(() => output.note(ctrlCNote("finishing the image under way")));
      case "skipped":
        done++;
        output.note(`left out ${event.message}`);
        return output.record({ image: event.file, error: event.message });
      case "image": {
        const { file, mask, overlay, confidence, tags } = event;
        done++;
        const files = {
          ...(mask !== undefined && { mask }),
          ...(overlay !== undefined && { overlay }),
        };
        output.record({ image: file, ...files, confidence, tags });
        output.progress.update(masks.read(done, total));
        if (done === total) output.progress.clear();
        return;
      }
      case "sheet":
        sheet ??= new CountMeter("contact sheet", now);
        return output.progress.update(sheet.read(event.done, event.total));
      case "stopped":
        throw new Interrupted(
          `stopped after ${event.done} of ${event.total} images; ${event.out} is not complete`,
        );
      case "done":
        return printSummary(event, secondsSince(started, output), output);
    }
  };
}

function printSummary(
  { out, classes, masks, skipped, lost, confidence, sheet }: Extract<Event, { type: "done" }>,
  seconds: number,
  output: Output,
): void {
  output.progress.clear();
  const leftOut = skipped > 0 ? `, ${skipped} left out` : "";
  const written = counted(masks, "mask");
  output.say(`${written} in ${seconds} s${leftOut}: ${out} (class names: ${classes})`);
  for (const { what, images } of lost) output.say(`in ${images} of ${written}: ${what}`);
  if (sheet !== undefined) output.say(`least sure first: ${sheet}`);
  const files = { confidence, ...(sheet !== undefined && { sheet }) };
  output.record({ out, classes, masks, skipped, lost, ...files, seconds });
}
