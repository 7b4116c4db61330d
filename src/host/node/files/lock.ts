import { readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UserError } from "../../../user-error.ts";

/** Locks that this process holds. Any other lock file with its number is left from an earlier process with that number. */
const ownLocks = new Set<string>();

/**
 * The exclusive right to write a run folder: a file `run.lock` with the number of the process that holds it. The lock of a
 * process that has ended is ignored, so a killed run can be resumed.
 */
export class RunLock {
  private constructor(private readonly path: string) {}

  /** Locks a folder; a UserError names the process that already holds it. */
  static async take(folder: string): Promise<RunLock> {
    const path = resolve(folder, "run.lock");
    // The second attempt follows the removal of a stale lock.
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        await writeFile(path, `${process.pid}\n`, { flag: "wx" });
        ownLocks.add(path);
        return new RunLock(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const owner = await ownerOf(path);
      if (owner !== undefined) throw alreadyLocked(folder, owner);
      await rm(path, { force: true });
    }
    throw alreadyLocked(folder, await ownerOf(path));
  }

  async release(): Promise<void> {
    if (ownLocks.delete(this.path)) await rm(this.path, { force: true });
  }
}

function alreadyLocked(folder: string, owner: number | undefined): UserError {
  const who = owner === undefined ? "another process" : `process ${owner}`;
  return new UserError(
    `${folder}: ${who} is training in it; wait for it or stop it; ` +
      `if that process is not a training, remove ${join(folder, "run.lock")}`,
    { code: "locked" },
  );
}

/** Number of the process that holds a lock; undefined if it has ended or never wrote its number. */
async function ownerOf(path: string): Promise<number | undefined> {
  const pid = Number(await readFile(path, "utf8").catch(() => ""));
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  // In a container a new process may have the same number as the one before it.
  if (pid === process.pid) return ownLocks.has(path) ? pid : undefined;
  return (await isAlive(pid)) ? pid : undefined;
}

async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // On Linux a killed process keeps its number until its parent has asked for its exit status (state Z).
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return !/\) Z /.test(status);
}
