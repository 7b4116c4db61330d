import { randomUUID } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import type { ProcessIdentity } from "../../machine.ts";
import { findProcess } from "../process-identity.ts";

/** Seconds after its last heartbeat for which a process that cannot be looked up counts as alive. */
export const freshSeconds = 120;

/** Seconds for which a lock file without an owner counts as one that is being written, on disks without links. */
const writingSeconds = 2;

/** Content of a lock file. The heartbeat comes last and has a fixed length, so that it can be replaced in place. */
interface LockRecord extends Partial<ProcessIdentity> {
  /** Tells this lock from every other, in other places and at other times. */
  readonly token: string;
  /** Times in ISO 8601. */
  readonly since?: string;
  readonly heartbeat?: string;
}

/** A lock file as it was read. */
export interface FoundLock extends LockRecord {
  /** Time of its last change on the clock of its disk, in milliseconds. */
  readonly modified: number;
}

/** The text of a new lock file, and its token. */
export function newLock(owner: ProcessIdentity): { readonly text: string; readonly token: string } {
  const token = randomUUID();
  const time = new Date().toISOString();
  return { token, text: `${JSON.stringify({ ...owner, token, since: time, heartbeat: time })}\n` };
}

/** Reads a lock file; undefined if there is none. */
export async function readLock(path: string): Promise<FoundLock | undefined> {
  let file: FileHandle;
  try {
    // Opening it makes a network disk look again, which reading its facts by name does not.
    file = await open(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { mtimeMs, ino } = await file.stat();
    const modified = Number(mtimeMs);
    return { token: `${ino}-${modified}`, ...parse(await file.readFile("utf8")), modified };
  } finally {
    await file.close();
  }
}

/** The owner in a lock file: JSON, or the bare number that older versions wrote. Nothing of a file that was cut short. */
function parse(text: string): Partial<LockRecord> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof content === "number") return isPid(content) ? { pid: content } : {};
  const { host, boot, space, pid, start, token, since, heartbeat } = (content ?? {}) as Record<
    string,
    unknown
  >;
  if (typeof token !== "string" || !/^[\w-]{1,64}$/.test(token) || !isPid(pid)) return {};
  const texts = Object.entries({ host, boot, space, start, since, heartbeat });
  return { token, pid, ...Object.fromEntries(texts.filter(([, value]) => isShort(value))) };
}

function isPid(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function isShort(value: unknown): boolean {
  return typeof value === "string" && value.length <= 200;
}

/** Whether a lock was written by a process of this machine and container, which can be looked up by its number. */
export function isNear(lock: FoundLock, self: ProcessIdentity): boolean {
  // Older versions wrote a number alone.
  if (lock.host === undefined) return true;
  return lock.host === self.host && lock.boot === self.boot && lock.space === self.space;
}

/**
 * Whether the process that wrote a lock still runs. A near one is looked up; one of another machine or container counts as
 * running while its heartbeat is fresh.
 * @param now the present on the clock of the lock's disk, in milliseconds
 */
export async function isHeld(
  lock: FoundLock,
  self: ProcessIdentity,
  now: number,
): Promise<boolean> {
  const silence = (now - lock.modified) / 1000;
  if (lock.pid === undefined) return silence < writingSeconds;
  const isFresh = silence < freshSeconds;
  if (!isNear(lock, self)) return isFresh;
  // A lock of an older version with our number was left by another process.
  if (lock.host === undefined && lock.pid === self.pid) return false;
  const running = await findProcess(lock.pid);
  if (running === undefined) return false;
  if (lock.start === undefined && lock.host === undefined) return true;
  return lock.start === undefined || running.start === undefined
    ? isFresh
    : lock.start === running.start;
}
