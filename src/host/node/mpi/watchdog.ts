import { writeSync } from "node:fs";
import { UserError } from "../../../user-error.ts";

/** Variable with the seconds after which a process ends that waits for the others. */
export const timeoutVariable = "TAG2MASK_MPI_TIMEOUT";
const defaultSeconds = 600;

/** Seconds to wait for the others. */
export function timeoutOf(env: NodeJS.ProcessEnv): number {
  const text = env[timeoutVariable];
  if (text === undefined || text === "") return defaultSeconds;
  const seconds = Number(text);
  if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  throw new UserError(
    `${timeoutVariable}: "${text}" is no number of seconds; give one above 0, or leave it out for ${defaultSeconds}`,
  );
}

/**
 * Ends the process at once, without any of its handlers: `process.exit` waits for a call of MPI that never returns. The
 * launcher sees the death and ends the others.
 */
export function die(message: string): void {
  try {
    writeSync(2, `${message}\n`);
  } catch {
    // Nobody reads the line; the death is seen nevertheless.
  }
  process.kill(process.pid, "SIGKILL");
}

/** Lets calls wait for other processes, but not forever. */
export class Watchdog {
  private waiting = 0;

  /** @param name this process, for the message */
  constructor(
    private readonly name: string,
    private readonly seconds: number,
  ) {}

  /** Whether a call is under way. */
  get busy(): boolean {
    return this.waiting > 0;
  }

  async watch<T>(call: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      const { name, seconds } = this;
      die(
        `${name}: the other processes have not answered for ${seconds} s, so this one ends; one of them hangs, or takes ` +
          `longer than ${timeoutVariable} allows`,
      );
    }, this.seconds * 1000);
    this.waiting++;
    try {
      return await call();
    } finally {
      this.waiting--;
      clearTimeout(timer);
    }
  }
}
