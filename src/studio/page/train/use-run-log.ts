import { useEffect, useState } from "react";
import { request } from "../api.ts";
import { serverEvents } from "../parts/server-events.ts";
import { LogLines, type RunLog } from "./run-log.ts";

const longestPause = 5_000;
/** Milliseconds between two drawings of a log that grows. */
const drawEvery = 250;

/** The log of a run as it grows; undefined until its first lines are here. */
export function useRunLog(id: string): RunLog | undefined {
  const [shown, setShown] = useState<{ readonly id: string; readonly log: RunLog }>();
  useEffect(() => {
    const ended = new AbortController();
    const lines = new LogLines();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setShown({ id, log: lines.read() });
      }, drawEvery);
    };
    draw();
    void follow(id, lines, draw, ended.signal);
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [id]);
  return shown?.id === id ? shown.log : undefined;
}

/** Reads the log until the signal, going on after the last line that arrived when the connection breaks. */
async function follow(
  id: string,
  lines: LogLines,
  changed: () => void,
  signal: AbortSignal,
): Promise<void> {
  let last: string | undefined;
  for (let pause = 250; !signal.aborted; pause = Math.min(2 * pause, longestPause)) {
    try {
      const headers: Record<string, string> = last === undefined ? {} : { "last-event-id": last };
      const path = `/api/runs/${encodeURIComponent(id)}/events`;
      for await (const event of serverEvents(await request(path, { headers, signal }))) {
        pause = 250;
        if (event.name === "message") lines.add(event.data);
        else if (event.name === "cut") lines.cut((JSON.parse(event.data) as { kept: number }).kept);
        else continue;
        last = event.id ?? last;
        changed();
      }
    } catch {
      // The shell says that the server is away; the log goes on when it is back.
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
