import { stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../../user-error.ts";
import type { Lock } from "../../store.ts";
import { orUnreadable } from "./file-error.ts";
import { freshSeconds } from "./lock-file.ts";
import { ProcessLock, type LockOwner } from "./process-lock.ts";

/**
 * The exclusive right to write a run folder: a file `run.lock` that names the process that holds it. The lock of a process that has
 * ended is ignored, so a killed run can be resumed.
 */
export class RunLock implements Lock {
  private constructor(
    private readonly folder: string,
    private readonly lock: ProcessLock,
  ) {}

  /** Locks a folder; a UserError names the process that already holds it. */
  static async take(folder: string): Promise<RunLock> {
    const path = join(folder, "run.lock");
    const lock = await ProcessLock.take(path);
    if (lock instanceof ProcessLock) return new RunLock(folder, lock);
    throw new UserError(`${folder}: ${describeOwner(lock.owner, path)}`, { code: "locked" });
  }

  async check(): Promise<void> {
    if (await orUnreadable(this.folder, this.lock.isIntact())) return;
    const path = join(this.folder, "run.lock");
    const isThere = await stat(this.folder).then(
      () => true,
      () => false,
    );
    throw new UserError(
      isThere
        ? `${path}: is no longer the lock of this process, so another one may be training in the folder; ` +
            "stopped without writing to it; once no other training runs there, resume it"
        : `${this.folder}: the run folder was removed during the training; start it again`,
      { code: isThere ? "lock-lost" : "not-found" },
    );
  }

  release(): Promise<void> {
    return this.lock.release();
  }
}

/** Who holds a lock, since when, and what can be done. */
function describeOwner({ pid, host, since, silence }: LockOwner, path: string): string {
  if (pid === undefined) return "another process is about to train in it; try again in a moment";
  const start = since === undefined ? "" : ` since ${since.slice(0, 19).replace("T", " ")} UTC`;
  const training = `is training in it${start}`;
  if (host === undefined) {
    return (
      `process ${pid} ${training}; wait for it or stop it; ` +
      `if that process is not a training, remove ${path}`
    );
  }
  const minutes = freshSeconds / 60;
  return (
    `process ${pid} of ${host}, another machine or container, ${training}, last heard of ${Math.round(silence)} s ago; ` +
    `wait for it or stop it there; if it was killed, it counts as ended ${minutes} minutes after it was last heard of`
  );
}
