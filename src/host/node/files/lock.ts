import { stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../../user-error.ts";
import type { Lock, LockUse } from "../../store.ts";
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
    private readonly use: LockUse,
  ) {}

  /** Locks a folder; a UserError names the process that already holds it. */
  static async take(folder: string, use: LockUse = {}): Promise<RunLock> {
    const path = join(folder, "run.lock");
    const lock = await ProcessLock.take(path);
    if (lock instanceof ProcessLock) return new RunLock(folder, lock, use);
    const { place = folder, work = "training" } = use;
    throw new UserError(`${place}: ${describeOwner(lock.owner, path, words[work])}`, {
      code: "locked",
    });
  }

  async check(): Promise<void> {
    if (await orUnreadable(this.folder, this.lock.isIntact())) return;
    const path = join(this.folder, "run.lock");
    const isThere = await stat(this.folder).then(
      () => true,
      () => false,
    );
    const { place = this.folder, work = "training" } = this.use;
    const { does, what, folder } = words[work];
    throw new UserError(
      isThere
        ? `${path}: is no longer the lock of this process, so another one may be ${does} the folder; ` +
            `stopped without writing to it; once no other ${what} runs there, resume it`
        : `${place}: the ${folder} was removed during the ${what}; start it again`,
      { code: isThere ? "lock-lost" : "not-found" },
    );
  }

  release(): Promise<void> {
    return this.lock.release();
  }
}

/** What is done in a locked folder, in messages. */
const words = {
  training: { does: "training in", about: "train in", what: "training", folder: "run folder" },
  writing: { does: "writing to", about: "write to", what: "job", folder: "folder" },
} as const;

/** Who holds a lock, since when, and what can be done. */
function describeOwner(
  { pid, host, since, silence }: LockOwner,
  path: string,
  { does, about, what }: (typeof words)[keyof typeof words],
): string {
  if (pid === undefined) return `another process is about to ${about} it; try again in a moment`;
  const start = since === undefined ? "" : ` since ${since.slice(0, 19).replace("T", " ")} UTC`;
  const work = `is ${does} it${start}`;
  if (host === undefined) {
    return (
      `process ${pid} ${work}; wait for it or stop it; ` +
      `if that process is not a ${what}, remove ${path}`
    );
  }
  const minutes = freshSeconds / 60;
  return (
    `process ${pid} of ${host}, another machine or container, ${work}, last heard of ${Math.round(silence)} s ago; ` +
    `wait for it or stop it there; if it was killed, it counts as ended ${minutes} minutes after it was last heard of`
  );
}
