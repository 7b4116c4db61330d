import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

// Test files run side by side, each process of them on one core of its own with all the processes and threads that it starts. On
// several cores each job would start as many threads and compile its graphs in every one, which takes far longer than computing its
// tiny images; in pages these threads, which wait by spinning, would take the core of the file beside it. Tests of such threads say
// how many they want.

// The next files of a process have its core already.
if (process.platform === "linux" && availableParallelism() > 1) {
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
