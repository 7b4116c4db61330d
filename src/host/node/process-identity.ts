import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import type { ProcessIdentity } from "../machine.ts";

let own: ProcessIdentity | undefined;

/** The identity of this process. */
export function thisProcess(): ProcessIdentity {
  own ??= {
    host: hostname(),
    boot: bootId(),
    space: numberSpace(),
    pid: process.pid,
    start: orUndefined(() => startIn(readFileSync("/proc/self/stat", "utf8"))),
  };
  return own;
}

/** A process of this machine that runs, with the moment of its start where the system tells it. */
export interface RunningProcess {
  readonly start: string | undefined;
}

/** The process with a number in this process's own number space; undefined if it has ended. */
export async function findProcess(pid: number): Promise<RunningProcess | undefined> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return undefined;
  }
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // On Linux a killed process keeps its number until its parent has asked for its exit status (state Z).
  return /\) Z /.test(status) ? undefined : { start: startIn(status) };
}

/** Moment of the start, in clock ticks since the boot: field 22 of /proc/PID/stat. */
function startIn(status: string): string | undefined {
  // The name of the program, in parentheses, may itself contain spaces and parentheses.
  return status.slice(status.lastIndexOf(")") + 1).split(" ")[20];
}

/** The container, as far as process numbers go. On Linux where it is hidden, one that equals no other. */
function numberSpace(): string | undefined {
  if (process.platform !== "linux") return undefined;
  return orUndefined(() => readlinkSync("/proc/self/ns/pid")) ?? randomUUID();
}

/** Identity of this run of the system; undefined on systems that name none. */
function bootId(): string | undefined {
  const read =
    process.platform === "darwin"
      ? () => execFileSync("sysctl", ["-n", "kern.bootsessionuuid"], { encoding: "utf8" })
      : () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  return orUndefined(() => read().trim() || undefined);
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
