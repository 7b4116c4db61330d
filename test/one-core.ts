import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect } from "vitest";

// Test files run side by side, each on one core of its own with all the processes and threads that it starts. On several cores
// each job would start as many threads and compile its graphs in every one, which takes far longer than computing its tiny
// images; in pages these threads, which wait by spinning, would take the core of the file beside it. Tests of such threads say how
// many they want. Those of threads in pages, and the studio's servers with their browsers, have all cores.

const hasAllCores =
  /[\\/]test[\\/](studio[\\/]|browser[\\/](ort|web-page-(resume|shell))\.test)/.test(
    expect.getState().testPath ?? "",
  );

if (process.platform === "linux" && !hasAllCores) {
  const cores = allowedCores();
  const core = cores[(Number(process.env["VITEST_POOL_ID"] ?? 1) - 1) % cores.length]!;
  // Where there is no taskset, or a thread ends while it is moved, tests take longer, that is all.
  spawnSync("taskset", ["--all-tasks", "--cpu-list", "--pid", `${core}`, `${process.pid}`]);
}

/** Numbers of the cores that this process may use, from lists such as `0-3,8`. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))![1]!;
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number) as [number, number?];
    return Array.from({ length: last! - first + 1 }, (_, i) => first + i);
  });
}
