import { join } from "node:path";
import { UserError } from "../../../user-error.ts";
import { ProcessLock } from "./process-lock.ts";

/**
 * The exclusive right to write a run folder: a file `run.lock` with the number of the process that holds it. The lock of a
 * process that has ended is ignored, so a killed run can be resumed.
 */
export class RunLock {
  private constructor(private readonly lock: ProcessLock) {}

  /** Locks a folder; a UserError names the process that already holds it. */
  static async take(folder: string): Promise<RunLock> {
    const path = join(folder, "run.lock");
    const lock = await ProcessLock.take(path);
    if (lock instanceof ProcessLock) return new RunLock(lock);
    const who = lock.owner === undefined ? "another process" : `process ${lock.owner}`;
    throw new UserError(
      `${folder}: ${who} is training in it; wait for it or stop it; ` +
        `if that process is not a training, remove ${path}`,
      { code: "locked" },
    );
  }

  release(): Promise<void> {
    return this.lock.release();
  }
}
