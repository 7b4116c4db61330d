import { HubFailure } from "./failure.ts";

/** Failures in a row without a new byte after which a download is given up. */
const mostFailures = 6;

/** Longest pause that a server may ask for, in seconds. */
const longestPause = 300;

/** Pauses between the attempts of a download, in seconds: 1, 2, 4, 8, 16, or what the server asks for. */
export class Retries {
  private failures = 0;
  private most = 0;

  /** Notes bytes that are here: as long as there are more and more of them, a download is not given up. */
  progress(done: number): void {
    if (done <= this.most) return;
    this.most = done;
    this.failures = 0;
  }

  /** Seconds to wait after a failure; throws it if another attempt makes no sense. */
  pauseAfter(failure: HubFailure): number {
    const { code, passing, retryAfter, message } = failure;
    // Once bytes have come, a network that is gone may come back.
    const mayPass = passing || (this.most > 0 && code === "hub-unreachable");
    this.failures++;
    if (!mayPass || this.failures >= mostFailures) throw failure;
    const pause = retryAfter ?? 2 ** (this.failures - 1);
    if (pause <= longestPause) return pause;
    throw new HubFailure(`${message}; try again in ${Math.ceil(pause / 60)} minutes`, {
      cause: failure,
      code,
    });
  }
}
