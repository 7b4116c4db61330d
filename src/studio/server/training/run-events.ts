import type { SentEvent } from "../event-stream.ts";
import type { FollowedRun } from "./followed-run.ts";

/**
 * Sends the lines of a run's log, those that there are and those to come, and its state whenever it changes. The id of an event is
 * the number of its line and the line's mark, as in `17-5f3a09c1`: a log that was cut back at a resumption is told from the one that
 * a reader knows. An event `cut` with `{ kept }`, the number of lines that still hold, comes before what takes the place of
 * the others.
 * @param lastId id of the last line that the reader has
 * @returns ends it
 */
export function sendRunEvents(
  run: FollowedRun,
  lastId: string | undefined,
  send: (event: SentEvent) => void,
): () => void {
  let isOpen = true;
  let hasBegun = false;
  let isSending = false;
  let isDue = false;
  let sent = 0;
  let kept = Infinity;
  let state = "";

  const cutTo = (line: number): void => {
    sent = line;
    const mark = run.tail.markOf(line);
    const id = mark === undefined ? {} : { id: `${line}-${mark}` };
    send({ event: "cut", ...id, data: JSON.stringify({ kept: line }) });
  };

  const sendLines = async (): Promise<void> => {
    for await (const { first, lines } of run.tail.from(sent + 1)) {
      if (!isOpen || kept < first) return;
      for (const [i, line] of lines.entries()) {
        send({ id: `${first + i}-${run.tail.markOf(first + i)}`, data: line });
      }
      sent = first + lines.length - 1;
      // Others are answered in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  const sendState = (): void => {
    const now = JSON.stringify(run.run);
    if (!isOpen || now === state) return;
    state = now;
    send({ event: "run", data: now });
  };

  const sendNew = async (): Promise<void> => {
    isDue = true;
    if (isSending || !hasBegun) return;
    isSending = true;
    try {
      while (isDue && isOpen) {
        isDue = false;
        if (kept < sent) cutTo(kept);
        kept = Infinity;
        await sendLines();
      }
      sendState();
    } finally {
      isSending = false;
    }
  };

  const begin = async (): Promise<void> => {
    await run.look();
    const [, line = "0", mark = ""] = /^(\d+)-([0-9a-f]{8})$/.exec(lastId ?? "") ?? [];
    if (run.tail.has(Number(line), mark)) sent = Number(line);
    else if (lastId !== undefined) cutTo(0);
    kept = Infinity;
    hasBegun = true;
    await sendNew();
  };

  const unfollow = run.follow((keptLines) => {
    kept = Math.min(kept, keptLines);
    void sendNew().catch(() => undefined);
  });
  void begin().catch(() => undefined);
  return () => {
    isOpen = false;
    unfollow();
  };
}
