import { fork } from "node:child_process";
import { join } from "node:path";
import type { CaseName, CaseReport, WorkerMessage, WorkerOptions } from "./worker.ts";

export interface Campaign {
  readonly reports: readonly CaseReport[];
  /** Largest resident memory of the process that read, bytes. */
  readonly peak: number;
}

/** A file that takes this long is ended, milliseconds; what only exceeds the worker's patience is reported by itself. */
const longest = 20_000;

/**
 * Reads damaged files in a process of its own: what hangs or crashes does not take this one along, and no text from a file can
 * become code, because there is no eval. A process that ends early is followed by another that goes on behind the file.
 */
export async function runCampaign(
  options: WorkerOptions,
  onReport: (report: CaseReport, done: number, total: number) => void = () => undefined,
): Promise<Campaign> {
  const reports: CaseReport[] = [];
  let total = 0;
  let after = options.after;
  const add = (report: CaseReport): void => {
    reports.push(report);
    onReport(report, reports.length, total);
  };
  while (true) {
    let begun: CaseName | undefined;
    const end = await runWorker({ ...options, after }, (message) => {
      if ("total" in message) total = message.total;
      else if ("begun" in message) begun = message.begun;
      else {
        begun = undefined;
        add(message.report);
      }
    });
    if (begun === undefined && end === "code 0") break;
    if (begun === undefined) throw new Error(`the process that reads ended with ${end}`);
    add({
      ...begun,
      refused: false,
      milliseconds: longest,
      peak: 0,
      wrong: `the process ended with ${end}`,
    });
    after = begun;
  }
  return { reports, peak: Math.max(...reports.map(({ peak }) => peak)) };
}

/** Runs the worker to its end; says how it ended. */
async function runWorker(
  options: WorkerOptions,
  onMessage: (message: WorkerMessage) => void,
): Promise<string> {
  const child = fork(join(import.meta.dirname, "worker.ts"), [JSON.stringify(options)], {
    execArgv: ["--disallow-code-generation-from-strings", "--import", "tsx"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: { ...process.env, NODE_NO_WARNINGS: "1" },
  });
  let hung = false;
  let timer: NodeJS.Timeout | undefined;
  child.on("message", (message: WorkerMessage) => {
    clearTimeout(timer);
    onMessage(message);
    if (!("begun" in message)) return;
    timer = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, longest);
  });
  const end = await new Promise<string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ?? `code ${code}`));
  });
  clearTimeout(timer);
  return hung ? `SIGKILL after ${longest} ms` : end;
}
