import { counted } from "../files/text/units.ts";
import { exitCodes } from "./exit-codes.ts";

/** A command that was stopped by Ctrl-C and left everything in order. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  /** @param code exit code; that of a scheduler's task asks for another start */
  constructor(
    message: string,
    readonly code: number = exitCodes.interrupted,
  ) {
    super(message);
  }
}

/** The note at the first Ctrl-C. @param activity what goes on until the job has ended, such as "stopping" */
export const ctrlCNote = (activity: string): string =>
  `${activity}; press Ctrl-C again to stop at once`;

/** Signals that stop a job: Ctrl-C, the end of a service, a terminal that is closed. */
const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * What a stopped job leaves, and how to go on.
 * @param thing what is finished: "image"
 * @param out a folder that has files already, but is not complete
 */
export function keptNote(kept: number, thing: string, out?: string): string {
  if (kept === 0) return "nothing is left behind";
  const state = out === undefined ? "" : `${out} is not complete; `;
  const finished = `${counted(kept, thing)} ${kept === 1 ? "is" : "are"} finished and kept`;
  return `${state}${finished}; the same command with --resume goes on with the rest`;
}

/** The same for an evaluation, which keeps nothing without a folder. */
export function measuredNote(kept: number | undefined, thing: string, out?: string): string {
  return kept === undefined ? "nothing is written" : keptNote(kept, thing, out);
}

/**
 * Ctrl-C (or SIGTERM, or SIGHUP) while a job runs. Once `handle` was called, the first one aborts the signal, so that the job can
 * finish what must not be cut short; the second ends the process at once.
 */
export class Interruption {
  private readonly controller = new AbortController();
  private onFirst: (() => void) | undefined;
  private readonly signals: readonly NodeJS.Signals[];

  /** @param more signals that stop this job too */
  constructor(more: readonly NodeJS.Signals[] = []) {
    this.signals = [...stopSignals, ...more];
  }

  /** The signal for the job. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Takes Ctrl-C over from the system, which would end the process. @param onFirst tells the user what happens now */
  handle(onFirst: () => void): void {
    if (this.onFirst === undefined) {
      for (const signal of this.signals) process.on(signal, this.stop);
    }
    this.onFirst = onFirst;
  }

  /** Gives Ctrl-C back to the system. */
  release(): void {
    for (const signal of this.signals) process.off(signal, this.stop);
    this.onFirst = undefined;
  }

  private readonly stop = (): void => {
    if (this.signal.aborted) process.exit(exitCodes.interrupted);
    this.controller.abort();
    this.onFirst?.();
  };
}

/** Runs a job with a signal that Ctrl-C aborts, from the moment that `show` asks for it; shows every event. @param more signals that act like it */
export async function runJob<E, R>(
  job: (options: { readonly signal: AbortSignal }) => AsyncGenerator<E, R>,
  show: (event: E, interruption: Interruption) => Promise<void> | void,
  more: readonly NodeJS.Signals[] = [],
): Promise<R> {
  const interruption = new Interruption(more);
  const events = job({ signal: interruption.signal });
  try {
    let next = await events.next();
    for (; !next.done; next = await events.next()) await show(next.value, interruption);
    return next.value;
  } finally {
    interruption.release();
    // Where showing an event failed, the job has yet to close its files.
    await events.return(undefined as R);
  }
}
