import type { Context } from "hono";
import { RequestError } from "./failure.ts";

/** A server-sent event; `data` is one line. */
export interface SentEvent {
  readonly event?: string;
  readonly id?: string;
  readonly data: string;
}

/** Most streams that are open at a time; a browser needs one for all of its tabs, and one more for each training it looks at. */
const mostStreams = 64;

/** Bytes that may wait for a reader before its stream is ended; the page then fetches everything and opens another one. */
const mostWaiting = 4 << 20;

/** Milliseconds between signs of life. */
const heartbeat = 15_000;

let open = 0;

/**
 * Answers with server-sent events.
 * @param start sends events from now on, and returns what ends that
 */
export function eventStream(
  c: Context,
  start: (send: (event: SentEvent) => void, end: () => void) => () => void,
): Response {
  if (open >= mostStreams) {
    throw new RequestError(503, "too-many-streams", "Too many tabs listen to this server.");
  }
  const encoder = new TextEncoder();
  let finish = (): void => undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        open++;
        let isOpen = true;
        const write = (text: string): void => {
          if (!isOpen) return;
          const bytes = encoder.encode(text);
          controller.enqueue(bytes);
          // A reader that went to sleep must not fill the memory.
          if ((controller.desiredSize ?? 0) < -mostWaiting) finish();
        };
        const beat = setInterval(() => write(": alive\n\n"), heartbeat);
        let stop = (): void => undefined;
        finish = () => {
          if (!isOpen) return;
          isOpen = false;
          open--;
          clearInterval(beat);
          stop();
          try {
            controller.close();
          } catch {
            // The reader was faster.
          }
        };
        write(": open\n\n");
        stop = start(({ event, id, data }) => {
          const fields = [
            ...(event === undefined ? [] : [`event: ${event}`]),
            ...(id === undefined ? [] : [`id: ${id}`]),
            `data: ${data}`,
          ];
          write(`${fields.join("\n")}\n\n`);
        }, finish);
        if (!isOpen) stop();
      },
      cancel: () => finish(),
    },
    { highWaterMark: 1 << 16, size: (chunk) => chunk?.byteLength ?? 0 },
  );
  c.req.raw.signal.addEventListener("abort", () => finish());
  return c.body(body, 200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
}
