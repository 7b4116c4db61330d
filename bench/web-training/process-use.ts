import { readdirSync, readFileSync } from "node:fs";

/** Ticks of a processor clock in a second, on Linux. */
const ticks = 100;

/** What the descendants of a process have used so far. */
export interface ProcessUse {
  /** Seconds of processor time, together. */
  readonly seconds: number;
  /** Most memory that one of them ever had, in bytes. */
  readonly largestBytes: number;
}

/** Sums up the processes that a process has started, and those that these have started, as Linux tells of them. */
export function processUse(root: number): ProcessUse {
  const parents = new Map<number, number>();
  const seconds = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const fields = read(`/proc/${name}/stat`)
      ?.replace(/^.*\) /s, "")
      .split(" ");
    if (!fields) continue;
    parents.set(Number(name), Number(fields[1]));
    seconds.set(Number(name), (Number(fields[11]) + Number(fields[12])) / ticks);
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || isBelow(parent));
  };
  const own = [...parents.keys()].filter(isBelow);
  const peak = (pid: number): number =>
    1024 * Number(/VmHWM:\s+(\d+)/.exec(read(`/proc/${pid}/status`) ?? "")?.[1] ?? 0);
  return {
    seconds: own.reduce((sum, pid) => sum + seconds.get(pid)!, 0),
    largestBytes: Math.max(0, ...own.map(peak)),
  };
}

/** A file of a process; undefined if the process has ended. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
