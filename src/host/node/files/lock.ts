import { readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UserError } from "../../../user-error.ts";

/** Locks that this process holds; a file with its number that is not among them is an older process's. */
const held = new Set<string>();

/**
 * The right to write a run folder: a file `run.lock` with the number of the process that has it. That
 * of a process that is no more counts for nothing, so a killed run can be resumed.
 */
export class RunLock {
  private constructor(private readonly path: string) {}

  /** Takes the folder, or says in a UserError which process has it. */
  static async take(folder: string): Promise<RunLock> {
    const path = resolve(folder, "run.lock");
    // The second attempt is for a stale lock that is out of the way then.
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        await writeFile(path, `${process.pid}\n`, { flag: "wx" });
        held.add(path);
        return new RunLock(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const owner = await ownerOf(path);
      if (owner !== undefined) throw taken(folder, owner);
      await rm(path, { force: true });
    }
    throw taken(folder, await ownerOf(path));
  }

  async release(): Promise<void> {
    if (held.delete(this.path)) await rm(this.path, { force: true });
  }
}

function taken(folder: string, owner: number | undefined): UserError {
  const who = owner === undefined ? "another process" : `process ${owner}`;
  return new UserError(
    `${folder}: ${who} is training in it; wait for it or stop it, or, ` +
      `if that is no training, remove ${join(folder, "run.lock")}`,
  );
}

/** The process that holds a lock, undefined where it is no more or never wrote its number. */
async function ownerOf(path: string): Promise<number | undefined> {
  const pid = Number(await readFile(path, "utf8").catch(() => ""));
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  // In containers every process may have the number of the one before it.
  if (pid === process.pid) return held.has(path) ? pid : undefined;
  return (await isAlive(pid)) ? pid : undefined;
}

async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // A killed process whose parent has not asked after it still has its number on Linux.
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return !/\) Z /.test(status);
}
