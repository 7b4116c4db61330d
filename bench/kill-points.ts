import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { watchFiles, type KillPoint } from "./kill-points/watch-files.ts";

// Every state that a kill or a power cut can leave of a training, one after another: copies the run folder before each operation
// that changes a file, in the middle of each write, and once more without what was not yet flushed; then resumes each copy and
// compares it with the run that was never stopped. The same for a training that is killed a second time, while it resumes.
// With --kills, as many trainings in processes of their own kill themselves with SIGKILL at points spread evenly.
const { values } = parseArgs({ options: { kills: { type: "string" } } });
const script = fileURLToPath(new URL("kill-points/killed-training.ts", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "tag2mask-points-"));
const [data, run] = [join(work, "scenes"), join(work, "run")];
const states = join(work, "states");

interface State {
  readonly folder: string;
  readonly name: string;
}

let onPoint: ((point: KillPoint) => void) | undefined;
await watchFiles(run, (point) => onPoint?.(point));
// Loaded after the file system is watched.
const { differences, startOrResume, writeData } = await import("./kill-points/training.ts");

/** Trains in the run folder and collects the states that differ from each other. */
async function collect(name: string, copies = true): Promise<{ points: number; found: State[] }> {
  const seen = new Set<string>();
  const found: State[] = [];
  let points = 0;
  const keep = (label: string, unsynced: ReadonlyMap<string, number>): void => {
    if (!copies || !existsSync(run)) return;
    const folder = join(states, `${name}-${points}-${found.length}`);
    copy(run, folder);
    for (const [path, length] of unsynced) {
      const file = join(folder, relative(run, path));
      if (existsSync(file) && statSync(file).size > length) truncateSync(file, length);
    }
    const digest = digestOf(folder);
    if (seen.has(digest)) return rmSync(folder, { recursive: true });
    seen.add(digest);
    found.push({ folder, name: label });
  };
  let previous = "";
  onPoint = ({ operation, half, unsynced }) => {
    points++;
    // A checkpoint is written in a thousand pieces under a temporary name.
    const isSame = operation === previous && operation.endsWith(".tmp");
    previous = operation;
    if (isSame) return;
    const label = `${name}: ${half ? "half of " : "before "}${operation.replace(`${run}/`, "")}`;
    keep(label, new Map());
    keep(`${label}, power cut`, unsynced);
  };
  try {
    await startOrResume(data, run);
  } finally {
    onPoint = undefined;
  }
  return { points, found };
}

/** Copies a run; files that are never changed in place get a second name instead. */
function copy(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const path of readdirSync(from, { recursive: true, encoding: "utf8" }).sort()) {
    const [source, target] = [join(from, path), join(to, path)];
    if (statSync(source).isDirectory()) mkdirSync(target);
    else if (isFinal(path)) linkSync(source, target);
    else copyFileSync(source, target);
  }
}

function isFinal(path: string): boolean {
  return path.endsWith(".safetensors");
}

function digestOf(folder: string): string {
  const hash = createHash("sha256");
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  for (const path of paths) {
    const full = join(folder, path);
    hash.update(`${path}\n`);
    const stats = statSync(full);
    // What is under a temporary name is removed unread, whatever its length.
    if (path.endsWith(".tmp")) continue;
    if (isFinal(path)) hash.update(String(stats.ino));
    else if (stats.isFile()) hash.update(readFileSync(full));
  }
  return hash.digest("hex");
}

/** Makes the run folder one of a process that has ended: its process here is this one. */
function bury(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!name.includes("run.lock")) continue;
    writeFileSync(path, readFileSync(path, "utf8").replace(/"start":"\d+"/, '"start":"1"'));
    // An empty lock counts for two seconds, less than any restart takes.
    const time = Date.now() / 1000 - 5;
    utimesSync(path, time, time);
  }
}

async function resume(whole: string): Promise<string[]> {
  try {
    await startOrResume(data, run);
    return differences(run, whole);
  } catch (error) {
    return [`a dead end: ${(error as Error).message}`];
  }
}

/** Puts a state in the run's place. */
function restore({ folder }: State): void {
  rmSync(run, { recursive: true, force: true });
  copy(folder, run);
  bury(run);
}

function report(what: string, name: string, problems: readonly string[]): void {
  if (problems.length > 0) console.log(`${what}: ${name}: ${problems.join("; ")}`);
}

try {
  const started = performance.now();
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(0);
  await writeData(data);
  const first = await collect("training", values.kills === undefined);
  const whole = join(work, "whole");
  copy(run, whole);
  console.log(
    `${first.points} points in a training that is never stopped, ${first.found.length} states, ${seconds()} s`,
  );
  let failures = 0;
  const check = async (state: string): Promise<void> => {
    const problems = await resume(whole);
    if (problems.length > 0) failures++;
    report("FAILED", state, problems);
  };
  if (values.kills === undefined) {
    // Killed in the middle of a checkpoint, and again while it goes on.
    restore(first.found[Math.floor(first.found.length * 0.6)]!);
    const second = await collect("resumed");
    for (const [i, state] of [...first.found, ...second.found].entries()) {
      restore(state);
      await check(state.name);
      if ((i + 1) % 50 === 0) console.log(`${i + 1} resumed, ${failures} failures, ${seconds()} s`);
    }
    const cuts = [...first.found, ...second.found].filter(({ name }) => name.endsWith("power cut"));
    console.log(
      `${first.points + second.points} points, ${first.found.length + second.found.length} states that differ, ` +
        `${cuts.length} of them after a power cut; ${failures} dead ends or differences`,
    );
  } else {
    const kills = Number(values.kills);
    for (let i = 0; i < kills; i++) {
      rmSync(run, { recursive: true, force: true });
      const index = Math.floor(((i + 0.5) * first.points) / kills);
      const args = ["--import", "tsx", script, data, run, String(index)];
      const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
      const [, signal] = (await once(child, "exit")) as [number | null, string | null];
      if (signal !== "SIGKILL") throw new Error(`point ${index}: the training ended by ${signal}`);
      await check(`SIGKILL at point ${index}`);
    }
    console.log(`${kills} kills at ${first.points} points; ${failures} dead ends or differences`);
  }
  console.log(`${seconds()} s`);
  process.exitCode = failures === 0 ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
