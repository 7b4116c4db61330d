import { watchFiles } from "./watch-files.ts";

// A training that kills itself with SIGKILL at a point of its file operations.
const [data, run, index] = process.argv.slice(2) as [string, string, string];
await watchFiles(run, (point) => {
  if (point.index === Number(index)) process.kill(process.pid, "SIGKILL");
});
const { startOrResume } = await import("./training.ts");
await startOrResume(data, run);
