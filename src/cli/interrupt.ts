import { exitCodes } from "./failure.ts";

/**
 * Runs a job that can be stopped: the first Ctrl-C (or SIGTERM) aborts its signal, so that it can
 * finish what must not be cut short; the second ends the process at once.
 */
export async function interruptible<T>(
  job: (signal: AbortSignal) => Promise<T>,
  onFirst: () => void,
): Promise<T> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
    onFirst();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    return await job(controller.signal);
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}
