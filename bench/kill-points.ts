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
// compares it with the run that was never stopped. The same for trainings that are killed a second time, while they resume.
// With --kills, as many trainings in processes of their own kill themselves with SIGKILL at operations spread evenly.
const { values } = parseArgs({ options: { kills: { type: "string" } } });
const script = fileURLToPath(new URL("kill-points/killed-training.ts", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "tag2mask-points-"));
const [data, run] = [join(work, "scenes"), join(work, "run")];
const states = join(work, "states");

/** Parts of the first training after which it is killed, to be killed again while it goes on. */
const again = [0.15, 0.4, 0.65, 0.9];

interface State {
  readonly folder: string;
  readonly name: string;
}

interface Collected {
  readonly points: number;
  /** Points of operations of their own: a checkpoint is written in a thousand pieces, whose first one stands for all. */
  readonly operations: readonly number[];
  readonly found: readonly State[];
}

let stateCount = 0;
let onPoint: ((point: KillPoint) => void) | undefined;
await watchFiles(run, (point) => onPoint?.(point));
// Loaded after the file system is watched. Graphs are compiled once for all trainings of this process.
await import("../test/share-sessions.ts");
const { differences, startOrResume, writeData } = await import("./kill-points/training.ts");

/** Trains in the run folder and collects the states that differ from each other. */
async function collect(name: string, copies = true): Promise<Collected> {
  const seen = new Set<string>();
  const found: State[] = [];
  const operations: number[] = [];
  let points = 0;
  const keep = (label: string, unsynced: ReadonlyMap<string, number>): void => {
    if (!copies || !existsSync(run)) return;
    const folder = join(states, String(stateCount++));
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
    const isSame = operation === previous && operation.endsWith(".tmp");
    previous = operation;
    if (isSame) return;
    operations.push(points - 1);
    const label = `${name}: ${half ? "half of " : "before "}${operation.replace(`${run}/`, "")}`;
    keep(label, new Map());
    keep(`${label}, power cut`, unsynced);
  };
  try {
    await startOrResume(data, run);
  } finally {
    onPoint = undefined;
  }
  return { points, operations, found };
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

/** Goes on in the run folder; what is then wrong. */
async function resume(folder: string): Promise<string[]> {
  try {
    await startOrResume(data, folder);
    return differences(folder, whole);
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

const started = performance.now();
const seconds = (): number => Math.round((performance.now() - started) / 1000);
let failures = 0;

async function check(folder: string, state: string): Promise<void> {
  const problems = await resume(folder);
  if (problems.length === 0) return;
  failures++;
  console.log(`FAILED: ${state}: ${problems.join("; ")}`);
}

/** Resumes every state of a training, and of some that are killed twice. */
async function resumeAll(first: Collected): Promise<void> {
  const collected = [first];
  for (const part of again) {
    const state = first.found[Math.floor(first.found.length * part)]!;
    restore(state);
    collected.push(await collect(`resumed after ${state.name}`));
  }
  const states = collected.flatMap(({ found }) => found);
  const points = collected.reduce((sum, one) => sum + one.points, 0);
  const killedTwice = states.length - first.found.length;
  const cuts = states.filter(({ name }) => name.endsWith("power cut"));
  console.log(
    `${points} points, ${states.length} states that differ: ${killedTwice} of a training killed twice, ` +
      `${cuts.length} after a power cut; ${seconds()} s`,
  );
  for (const [i, state] of states.entries()) {
    restore(state);
    await check(run, state.name);
    rmSync(state.folder, { recursive: true });
    const done = i + 1;
    if (done % 25 > 0) continue;
    const left = Math.round((seconds() / done) * (states.length - done));
    console.log(`${done} of ${states.length} resumed, ${failures} failures, ${left} s left`);
  }
  console.log(`${states.length} states resumed; ${failures} dead ends or differences`);
}

/** Kills trainings in processes of their own, two at a time, and resumes each. */
async function killAndResume(kills: number, { operations, points }: Collected): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < kills) {
      const number = next++;
      const index = operations[Math.floor(((number + 0.5) * operations.length) / kills)]!;
      const folder = join(work, `killed-${number}`);
      const args = ["--import", "tsx", script, data, folder, String(index)];
      const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
      const [, signal] = (await once(child, "exit")) as [number | null, string | null];
      if (signal !== "SIGKILL") throw new Error(`point ${index}: the training ended by ${signal}`);
      await check(folder, `SIGKILL at point ${index}`);
      rmSync(folder, { recursive: true });
    }
  };
  await Promise.all([lane(), lane()]);
  console.log(
    `${kills} kills, spread over ${operations.length} file operations (${points} points); ` +
      `${failures} dead ends or differences`,
  );
}

const whole = join(work, "whole");
try {
  await writeData(data);
  const first = await collect("training", values.kills === undefined);
  copy(run, whole);
  console.log(
    `a training that is never stopped: ${first.operations.length} file operations, ${first.points} points, ${seconds()} s`,
  );
  if (values.kills === undefined) await resumeAll(first);
  else await killAndResume(Number(values.kills), first);
  console.log(`${seconds()} s`);
  process.exitCode = failures === 0 ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
