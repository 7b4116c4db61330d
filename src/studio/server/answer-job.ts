import type { JobOptions } from "../../jobs/events.ts";
import { sentError, type FromJob, type ToJob } from "./child-process.ts";

/**
 * Makes this process do one job for the server that started it: its events and its end are sent there. When the server is gone the
 * job is stopped as by its signal.
 */
export function answerJob<Q, E, R>(
  job: (request: Q, options: JobOptions) => AsyncGenerator<E, R>,
): void {
  const controller = new AbortController();
  process.once("disconnect", () => controller.abort());
  process.on("message", (message: ToJob) => {
    if (message.type === "stop") controller.abort();
    else void answer(job(message.request as Q, { signal: controller.signal }));
  });
}

async function answer<E, R>(events: AsyncGenerator<E, R>): Promise<void> {
  try {
    let next = await events.next();
    for (; !next.done; next = await events.next())
      await sendToServer({ type: "event", event: next.value });
    await sendToServer({ type: "ended", result: next.value });
  } catch (error) {
    if (error instanceof Error) process.stderr.write(`${error.stack}\n`);
    await sendToServer({ type: "failed", error: sentError(error) });
    process.exitCode = 1;
  } finally {
    if (process.connected) process.disconnect();
  }
}

/** Sends a message, once the one before is on its way. Nobody takes it when the server is gone. */
export function sendToServer(message: FromJob): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(message, () => resolve());
    else resolve();
  });
}
