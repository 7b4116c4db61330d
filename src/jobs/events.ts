import type { DeviceChoice } from "../host/devices.ts";

/** Progress of reading a data set. */
export interface ReadingEvent {
  readonly type: "reading";
  readonly done: number;
  readonly total: number;
  /** Kind of the items read: "images", "masks", … */
  readonly what: string;
}

/** The device that the job computes on. */
export interface DeviceEvent {
  readonly type: "device";
  readonly choice: DeviceChoice;
}

/** A sentence about the preparation, of no interest if the job fails before it begins to work. */
export interface NoticeEvent {
  readonly type: "notice";
  readonly message: string;
}

/** An image or mask that cannot be used, and why. */
export interface SkippedEvent {
  readonly type: "skipped";
  /** The image's file, or the place of the mask. */
  readonly file: string;
  readonly message: string;
}

/** Number of images or masks done so far, whichever the job counts. */
export interface ProgressEvent {
  readonly type: "progress";
  readonly done: number;
  readonly total: number;
}

/** The last event of a job whose signal was aborted. */
export interface StoppedEvent {
  readonly type: "stopped";
  /** Images, masks, tensors or files done, out of `total`. */
  readonly done: number;
  readonly total: number;
}

/** Options of every job. */
export interface JobOptions {
  /** Ends the job at the next point where its files are in order; its last event is then `stopped`. */
  readonly signal?: AbortSignal;
}

/**
 * Turns work that reports through a callback into a generator of the reports. A report that arrives before the previous one
 * was consumed replaces it. Once nobody takes reports any more, reporting throws, so that the work ends there.
 */
export async function* reports<E, R>(
  work: (report: (event: E) => void) => Promise<R>,
): AsyncGenerator<E, R> {
  let latest: E | undefined;
  let settled = false;
  let abandoned = false;
  let wake = (): void => undefined;
  const result = work((event) => {
    if (abandoned) throw new Error("nobody takes the reports of this work any more");
    latest = event;
    wake();
  }).finally(() => {
    settled = true;
    wake();
  });
  // A failure is thrown below, after the last report.
  result.catch(() => undefined);
  try {
    for (;;) {
      if (latest !== undefined) {
        const event = latest;
        latest = undefined;
        yield event;
      } else if (settled) {
        return await result;
      } else {
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  } finally {
    abandoned = true;
    await result.catch(() => undefined);
  }
}

/** Whether an error, or its cause, is the reason of an aborted signal. */
export function isAbort(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted !== true) return false;
  return error === signal.reason || (error instanceof Error && error.cause === signal.reason);
}

/** Runs a job to its end and returns its last event of one type; throws if it was stopped before that. */
export async function outcomeOf<E extends { readonly type: string }, T extends E["type"]>(
  job: AsyncGenerator<E, unknown>,
  type: T,
): Promise<Extract<E, { readonly type: T }>> {
  let last: Extract<E, { readonly type: T }> | undefined;
  for await (const event of job)
    if (event.type === type) last = event as Extract<E, { readonly type: T }>;
  if (last) return last;
  throw new Error(`the job was stopped before its event "${type}"`);
}
