import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { temporaryBeside } from "./temporary-name.ts";

/** Locks that this process holds or tries to take. Any other lock file with its number is left from an earlier process. */
const ownLocks = new Set<string>();

/** A lock file with the number of the process that holds it. The lock of a process that has ended counts for nothing. */
export class ProcessLock {
  private constructor(private readonly path: string) {}

  /** Takes a lock; if a process holds it, returns its number, or undefined where that is not known. */
  static async take(path: string): Promise<ProcessLock | { readonly owner: number | undefined }> {
    const absolute = resolve(path);
    if (ownLocks.has(absolute)) return { owner: process.pid };
    ownLocks.add(absolute);
    let isTaken = false;
    try {
      // The second attempt follows the removal of a stale lock.
      for (let attempt = 0; attempt < 2; attempt++) {
        isTaken = await createWhole(absolute, `${process.pid}\n`);
        if (isTaken) return new ProcessLock(absolute);
        const owner = await ownerOf(absolute);
        if (owner !== undefined) return { owner };
        await removeStale(absolute);
      }
      return { owner: await ownerOf(absolute) };
    } finally {
      if (!isTaken) ownLocks.delete(absolute);
    }
  }

  async release(): Promise<void> {
    if (ownLocks.delete(this.path)) await rm(this.path, { force: true });
  }
}

/** Creates a file together with its content; returns false if the name is taken. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const temporary = temporaryBeside(path);
  try {
    await writeFile(temporary, content);
    await link(temporary, path).catch((error: unknown) => {
      if (isNameTaken(error)) throw error;
      // Not every disk has links.
      return writeFile(path, content, { flag: "wx" });
    });
    return true;
  } catch (error) {
    if (isNameTaken(error)) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Removes the lock of a process that has ended, unless another process has replaced it by its own meanwhile. */
async function removeStale(path: string): Promise<void> {
  const aside = temporaryBeside(path);
  try {
    await rename(path, aside);
    if ((await ownerOf(aside)) !== undefined) await link(aside, path).catch(() => undefined);
  } catch {
    // Another process has removed it.
  } finally {
    await rm(aside, { force: true });
  }
}

function isNameTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EEXIST";
}

/** Number of the process that holds a lock; undefined if it has ended or never wrote its number. */
async function ownerOf(path: string): Promise<number | undefined> {
  const pid = Number(await readFile(path, "utf8").catch(() => ""));
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  // In a container a new process may have the same number as the one before it.
  if (pid === process.pid) return undefined;
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
