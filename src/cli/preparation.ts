import type { DeviceEvent, NoticeEvent, ReadingEvent } from "../jobs/events.ts";
import type { Output } from "./output.ts";
import { readingProgress } from "./reading-progress.ts";

/**
 * Prints the events of a job's preparation. Its notes are held back until the job begins to work, so that an error before
 * that stands alone. Returns a function that takes any event and returns whether it belongs to the preparation.
 */
export function preparation(
  output: Output,
): <E extends { readonly type: string }>(
  event: E,
) => event is Extract<E, ReadingEvent | DeviceEvent | NoticeEvent> {
  let reading: ReturnType<typeof readingProgress> | undefined;
  const show = (event: { readonly type: string }): boolean => {
    if (event.type === "reading") {
      const { done, total, what } = event as ReadingEvent;
      reading ??= readingProgress(output);
      reading.onProgress(done, total, what);
      return true;
    }
    reading?.clear();
    reading = undefined;
    if (event.type === "device") {
      const { note } = (event as DeviceEvent).choice;
      if (note !== undefined) output.noteLater(note);
      return true;
    }
    if (event.type !== "notice") return false;
    output.noteLater((event as NoticeEvent).message);
    return true;
  };
  return show as ReturnType<typeof preparation>;
}
