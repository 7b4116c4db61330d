import { constants } from "node:fs";
import { copyFile, link, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { ProcessIdentity } from "../../machine.ts";
import { thisProcess } from "../process-identity.ts";
import { Heartbeats } from "./heartbeat.ts";
import { isHeld, isNear, newLock, readLock, type FoundLock } from "./lock-file.ts";
import { temporaryBeside } from "./temporary-name.ts";

/** Attempts to take a lock that others take and release at the same time. */
const attempts = 20;

const heartbeats = new Heartbeats();

/** Tokens of locks that were given up, but that the disk refused to remove. */
const givenUp = new Set<string>();

/** The process that holds a lock. */
export interface LockOwner {
  /** Undefined if another process is taking the lock at this very moment. */
  readonly pid: number | undefined;
  /** Name of its machine, if it runs on another one or in another container. */
  readonly host: string | undefined;
  /** Time at which it took the lock, in ISO 8601; undefined if an older version did. */
  readonly since: string | undefined;
  /** Seconds since its last heartbeat. */
  readonly silence: number;
}

/**
 * A lock file that names the process that holds it: host, boot, container, number, start and heartbeat. The lock of a process
 * that has ended counts for nothing.
 *
 * A free lock is taken by giving a complete file its name, which only one process can do. A dead lock is replaced by renaming
 * another file over it, and only by the process that holds the lock on replacing this very one: a second lock file with a token in
 * its name, taken in the same way. No process ever removes a lock that it did not write.
 */
export class ProcessLock {
  private stopHeartbeat = (): void => undefined;

  private constructor(
    private readonly path: string,
    private readonly token: string,
  ) {}

  /** Takes a lock, or tells who holds it. @param self the process to hold it */
  static async take(
    path: string,
    self: ProcessIdentity = thisProcess(),
  ): Promise<ProcessLock | { readonly owner: LockOwner }> {
    const taken = await takeFile(resolve(path), self);
    if ("owner" in taken) return taken;
    const lock = new ProcessLock(resolve(path), taken.token);
    lock.stopHeartbeat = heartbeats.start({ path: lock.path, token: lock.token });
    return lock;
  }

  /** Whether the lock is still in its place; false if someone removed it or another process took it for dead. */
  async isIntact(): Promise<boolean> {
    return (await readLock(this.path))?.token === this.token;
  }

  /** Gives the lock up. One that the disk refuses to remove counts for nothing here, and for others once the process has ended. */
  async release(): Promise<void> {
    this.stopHeartbeat();
    await removeOwn(this.path, this.token).catch(() => givenUp.add(this.token));
  }
}

type Taken = { readonly token: string } | { readonly owner: LockOwner };

async function takeFile(path: string, self: ProcessIdentity): Promise<Taken> {
  let owner: LockOwner = { pid: undefined, host: undefined, since: undefined, silence: 0 };
  for (let attempt = 0; attempt < attempts; attempt++) {
    const temporary = temporaryBeside(path);
    const { text, token } = newLock(self);
    try {
      await writeFile(temporary, text, { flag: "wx" });
      const { mtimeMs: now } = await stat(temporary);
      if (await nameExclusively(temporary, path)) return { token };
      const found = await readLock(path);
      if (found === undefined) continue;
      const isGivenUp = found.token !== undefined && givenUp.has(found.token);
      if (!isGivenUp && (await isHeld(found, self, now)))
        return { owner: ownerOf(found, self, now) };
      const replacing = await replaceDead(path, found.token, temporary, self);
      if (replacing === "replaced") return { token };
      if (replacing !== "changed") owner = replacing.owner;
    } catch (error) {
      // The sweep of a new owner may have removed the temporary file.
      if (!isMissing(error) || !(await exists(dirname(path)))) throw error;
    } finally {
      // The next owner sweeps what the disk refuses to remove.
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }
  return { owner };
}

/** Renames a file over a dead lock, if it still is the lock with that token and no other process is about to. */
async function replaceDead(
  path: string,
  deadToken: string,
  by: string,
  self: ProcessIdentity,
): Promise<"replaced" | "changed" | { readonly owner: LockOwner }> {
  const claimPath = join(dirname(path), `.${basename(path)}.${deadToken}.tmp`);
  const claim = await takeFile(claimPath, self);
  if ("owner" in claim) return claim;
  try {
    if ((await readLock(path))?.token !== deadToken) return "changed";
    await rename(by, path);
    return "replaced";
  } finally {
    await removeOwn(claimPath, claim.token).catch(() => undefined);
  }
}

/** Gives a file its name unless it is taken; returns whether it was free. */
async function nameExclusively(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path).catch((error: unknown) => {
      if (isNameTaken(error) || isMissing(error)) throw error;
      // Not every disk has links.
      return copyFile(temporary, path, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if (isNameTaken(error)) return false;
    throw error;
  }
}

async function removeOwn(path: string, token: string): Promise<void> {
  if ((await readLock(path))?.token === token) await rm(path, { force: true });
}

function ownerOf(lock: FoundLock, self: ProcessIdentity, now: number): LockOwner {
  return {
    pid: lock.pid,
    host: isNear(lock, self) ? undefined : lock.host,
    since: lock.since,
    silence: Math.max(0, (now - lock.modified) / 1000),
  };
}

function isNameTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EEXIST";
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
