import { spawn } from "node:child_process";
import { UserError } from "../src/user-error.ts";

/** One run of `tag2mask segment`. */
export interface SegmentRun {
  /** From starting the command to its end. */
  readonly seconds: number;
  /** From starting the command to the first mask that is written. */
  readonly firstMask: number;
  /** Resident memory when as many masks were written as asked for, bytes. */
  readonly rss: ReadonlyMap<number, number>;
}

export interface SegmentJob {
  /** The built command. */
  readonly command: string;
  readonly args: readonly string[];
  /** Numbers of masks at which to look at the memory. */
  readonly memoryAt?: readonly number[];
}

/** Tells the resident memory, bytes, twenty times a second. */
const tellMemory =
  'data:text/javascript,import{writeSync}from"node:fs";' +
  'setInterval(()=>writeSync(3,process.memoryUsage.rss()+"\\n"),50).unref()';

/** Runs the command to its end in a process of its own, and reads what it says with --json. */
export async function runSegment({
  command,
  args,
  memoryAt = [],
}: SegmentJob): Promise<SegmentRun> {
  const watch = memoryAt.length > 0 ? ["--import", tellMemory] : [];
  const started = performance.now();
  const passed = (): number => (performance.now() - started) / 1000;
  const child = spawn(process.execPath, [...watch, command, "segment", "--json", ...args], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const rss = new Map<number, number>();
  let [masks, firstMask, errors, latest] = [0, NaN, "", 0];
  child.stdio[3]?.on("data", (chunk: Buffer) => {
    latest = Number(chunk.toString().trim().split("\n").at(-1));
  });
  child.stderr!.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  child.stdout!.on("data", (chunk: Buffer) => {
    for (const byte of chunk) {
      if (byte !== 10) continue;
      if (masks === 0) firstMask = passed();
      masks++;
      if (memoryAt.includes(masks)) rss.set(masks, latest);
    }
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code === 0) return { seconds: passed(), firstMask, rss };
  throw new UserError(`bench: tag2mask segment ended with ${code}: ${errors.trim()}`);
}
