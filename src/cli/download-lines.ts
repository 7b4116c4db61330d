import { inUnits } from "../files/text/units.ts";
import type { DownloadEvent, HubEvent } from "../host/hub.ts";
import { ctrlCNote, type Interruption } from "./interrupt.ts";
import type { Output } from "./output.ts";
import { duration } from "./progress.ts";

/** Turns the bytes of a download into lines with speed and time left. */
export class ByteMeter {
  private file = "";
  private start = 0;
  private resumed = 0;

  /** @param now a clock in milliseconds */
  constructor(private readonly now: () => number) {}

  read({ file: { file, repository }, done, total, resumed }: DownloadEvent): string {
    const name = `${repository}: ${file}`;
    if (name !== this.file || resumed !== this.resumed) {
      [this.file, this.start, this.resumed] = [name, this.now(), resumed];
    }
    const seconds = (this.now() - this.start) / 1000;
    const fresh = done - resumed;
    const line = `${name}  ${inUnits(done)} of ${inUnits(total)}`;
    if (fresh <= 0 || seconds <= 0) return line;
    const left = ((total - done) * seconds) / fresh;
    return `${line}  ${inUnits(Math.round(fresh / seconds))}/s  ETA ${duration(left)}`;
  }
}

/**
 * Prints the events of a download and lets Ctrl-C end it in order. Returns a function that takes any event and returns whether it
 * belongs to a download.
 */
export function downloadLines(
  output: Output,
): <E extends { readonly type: string }>(
  event: E,
  interruption: Interruption,
) => event is Extract<E, HubEvent> {
  const meter = new ByteMeter(() => output.now());
  let isHandled = false;
  const show = (event: { readonly type: string }, interruption: Interruption): boolean => {
    switch (event.type) {
      case "download": {
        const download = event as DownloadEvent;
        const { done, total, resumed, file } = download;
        if (done === resumed) {
          const from = resumed > 0 ? `, from ${inUnits(resumed)} on` : "";
          output.note(`fetching ${file.repository}: ${file.file} (${inUnits(total)}${from})`);
        }
        output.progress.update(meter.read(download), done === total);
        if (done === total) output.progress.clear();
        break;
      }
      case "download-pause": {
        const { reason, seconds } = event as Extract<HubEvent, { type: "download-pause" }>;
        const pause = seconds === undefined ? "" : `; trying again in ${duration(seconds)}`;
        output.note(`${reason}${seconds === undefined ? ", waiting for it" : pause}`);
        break;
      }
      case "unverified": {
        const { file, message } = event as Extract<HubEvent, { type: "unverified" }>;
        output.note(`${file.repository}: ${file.file}: ${message}`);
        return true;
      }
      default:
        // What follows a download has no use for the signal yet, so Ctrl-C ends it at once.
        if (isHandled) interruption.release();
        isHandled = false;
        return false;
    }
    if (!isHandled) interruption.handle(() => output.note(ctrlCNote("stopping")));
    isHandled = true;
    return true;
  };
  return show as ReturnType<typeof downloadLines>;
}
