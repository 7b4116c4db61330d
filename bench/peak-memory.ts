import { readFileSync } from "node:fs";

/** The kernel's own high-water mark of a process's resident memory, bytes; 0 once it has ended. */
export function peakMemory(pid: number): number {
  try {
    const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return match ? Number(match[1]) * 1024 : 0;
  } catch {
    return 0;
  }
}
