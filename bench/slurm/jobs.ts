import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const start = promisify(execFile);

/** Runs a command and returns what it prints; an Error has its complaint. */
export async function run(
  command: string,
  args: readonly string[],
  { env = {}, cwd }: { readonly env?: Environment; readonly cwd?: string } = {},
): Promise<string> {
  const { stdout } = await start(command, args, {
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

export type Environment = Readonly<Record<string, string>>;

export interface Submission {
  readonly script: string;
  /** Options of sbatch. */
  readonly options?: readonly string[];
  /** Arguments of the script. */
  readonly args?: readonly string[];
  readonly env?: Environment;
  /** Folder of the job and its logs. */
  readonly cwd: string;
}

/** Puts a batch script into the queue. Returns the number of the job. */
export async function submit(submission: Submission): Promise<string> {
  const { script, options = [], args = [], env = {}, cwd } = submission;
  const words = ["--parsable", "--chdir", cwd, ...options, script, ...args];
  return (await run("sbatch", words, { env, cwd })).trim();
}

/** A job, or a task of a job array, as the controller knows it. */
export interface JobState {
  /** Number of its own: tasks of an array have one each. */
  readonly id: string;
  /** Number in its array. */
  readonly task: string | undefined;
  readonly state: string;
  readonly exitCode: number;
  /** How often it was put back into the queue. */
  readonly restarts: number;
  readonly node: string;
}

/** All tasks of a job. */
export async function jobStates(job: string): Promise<readonly JobState[]> {
  const text = await run("scontrol", ["show", "job", "--oneliner", job]);
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const field = (name: string): string | undefined =>
        new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1];
      return {
        id: field("JobId")!,
        task: field("ArrayTaskId"),
        state: field("JobState")!,
        exitCode: Number(field("ExitCode")!.split(":")[0]),
        restarts: Number(field("Restarts")),
        node: field("NodeList") ?? "",
      };
    });
}

const endStates = /^(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL|OUT_OF_MEMORY)/;

/** Waits until something holds. @param what for the message if it does not */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { seconds = 300, everyMs = 100 }: { readonly seconds?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`${what}: not after ${seconds} s`);
    await sleep(everyMs);
  }
}

/** Waits until all tasks of a job have ended. */
export function ended(job: string): Promise<readonly JobState[]> {
  return until(`the end of job ${job}`, async () => {
    const states = await jobStates(job);
    return states.every(({ state }) => endStates.test(state)) && states;
  });
}

/** Submits a job and waits for its end; an Error has the end of its log unless all its tasks succeed. */
export async function succeed(
  submission: Submission,
  log: (job: string) => string,
): Promise<readonly JobState[]> {
  const job = await submit(submission);
  const states = await ended(job);
  if (states.every(({ state }) => state === "COMPLETED")) return states;
  const path = log(job);
  const text = existsSync(path) ? readFileSync(path, "utf8").slice(-2000) : "no log";
  throw new Error(`${JSON.stringify(states)}: ${text}`);
}

/**
 * The number of the process with a word on its command line and a variable in its environment. The nodes' processes are in one PID
 * namespace with this one.
 */
export function processWith(word: string, variable: string): number {
  const read = (pid: string, file: string): readonly string[] => {
    try {
      return readFileSync(join("/proc", pid, file), "utf8").split("\0");
    } catch {
      // It has ended.
      return [];
    }
  };
  const pid = readdirSync("/proc").find((name) => {
    if (!/^\d+$/.test(name)) return false;
    const [program = "", ...args] = read(name, "cmdline");
    return (
      program.endsWith("node") && args.includes(word) && read(name, "environ").includes(variable)
    );
  });
  if (pid === undefined) throw new Error(`there is no process with ${word} and ${variable}`);
  return Number(pid);
}
