import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UserError } from "../src/user-error.ts";
import { now, type JobResult, type PartSample } from "./job.ts";

/** The built command; null before `npm run build`. */
export function builtCommand(): string | null {
  const path = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
  return existsSync(path) ? path : null;
}

/** Starts of each, one after the other. */
const starts = 5;
/** Tells the largest resident memory, kB, when the process ends. */
const tellMemory =
  'data:text/javascript,import{writeSync}from"node:fs";' +
  'process.on("exit",()=>writeSync(3,String(process.resourceUsage().maxRSS)))';

/** From starting the built command with `--help` to its end, beside Node.js doing nothing. */
export function measureStartUp(command: string): JobResult {
  const programs = [
    { name: "node -e 0", args: ["-e", "0"], seconds: [] as number[] },
    { name: "tag2mask --help", args: [command, "--help"], seconds: [] as number[] },
  ];
  for (const { args } of programs) start(args);
  for (let i = 0; i < starts; i++) {
    for (const { args, seconds } of programs) {
      const began = now();
      start(args);
      seconds.push(now() - began);
    }
  }
  const parts = programs.map(({ name, args, seconds }): PartSample => {
    const told = start(["--import", tellMemory, ...args]);
    return { name, seconds, rss: Number(told) * 1024, operations: null };
  });
  return { group: "start-up", parts, foreignLoad: null };
}

/** Runs Node.js to its end; gives what it wrote to file descriptor 3. */
function start(args: readonly string[]): string {
  const stdio = ["ignore", "pipe", "pipe", "pipe"] as const;
  const { status, stderr, output } = spawnSync(process.execPath, args, {
    stdio: [...stdio],
    encoding: "utf8",
  });
  if (status === 0) return output[3] ?? "";
  throw new UserError(`node ${args.join(" ")} ended with ${status}: ${stderr.trim()}`);
}
