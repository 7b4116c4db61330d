import type { DeviceChoice } from "../host/devices.ts";

/** How far the reading of a data set is. */
export interface ReadingEvent {
  readonly type: "reading";
  readonly done: number;
  readonly total: number;
  /** Name of the things read: "images", "masks", … */
  readonly what: string;
}

/** The device that the job computes on. */
export interface DeviceEvent {
  readonly type: "device";
  readonly choice: DeviceChoice;
}

/** A sentence about the preparation; not worth showing if the job fails before it begins to work. */
export interface NoticeEvent {
  readonly type: "notice";
  readonly message: string;
}

/** An image or mask that cannot be used, and why. */
export interface SkippedEvent {
  readonly type: "skipped";
  /** The image's file, or where the mask stands. */
  readonly file: string;
  readonly message: string;
}

/** How many images or masks are done; the unit is the job's. */
export interface ProgressEvent {
  readonly type: "progress";
  readonly done: number;
  readonly total: number;
}

/** The last event of a job whose signal was aborted. */
export interface StoppedEvent {
  readonly type: "stopped";
  /** Images or masks done, of how many. */
  readonly done: number;
  readonly total: number;
}

/** The one option that every job has. */
export interface JobOptions {
  /** Ends the job as soon as what is under way is in order; its last event is then `stopped`. */
  readonly signal?: AbortSignal;
}

/**
 * Work that reports by calling a function, as a generator of those reports. A report that comes before the last one was
 * taken replaces it.
 */
export async function* reports<E, R>(
  work: (report: (event: E) => void) => Promise<R>,
): AsyncGenerator<E, R> {
  let latest: E | undefined;
  let settled = false;
  let wake = (): void => undefined;
  const result = work((event) => {
    latest = event;
    wake();
  }).finally(() => {
    settled = true;
    wake();
  });
  // A failure is met below, once the last report has been taken.
  result.catch(() => undefined);
  for (;;) {
    if (latest !== undefined) {
      const event = latest;
      latest = undefined;
      yield event;
    } else if (settled) {
      return result;
    } else {
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
}

/** Runs a job to its end and returns its event of one type, or undefined where it stopped before. */
export async function eventOf<E extends { readonly type: string }, T extends E["type"]>(
  job: AsyncGenerator<E, unknown>,
  type: T,
): Promise<Extract<E, { readonly type: T }> | undefined> {
  let last: Extract<E, { readonly type: T }> | undefined;
  for await (const event of job)
    if (event.type === type) last = event as Extract<E, { readonly type: T }>;
  return last;
}
