import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { JobOptions } from "../../jobs/events.ts";
import { UserError, type Remedy } from "../../user-error.ts";

/** Ending of modules: `.ts` in the sources, `.js` once built. */
const ending = extname(import.meta.url);

export interface ChildOptions {
  /** File number for its standard error; read by this process by default. */
  readonly errors?: number;
}

/**
 * Starts a module as a process of its own, in its own process group: Ctrl-C in the terminal reaches the server alone, which ends
 * its children in order. Typed arrays can be sent as they are.
 * @param module without ending, as in `new URL("./model-process", import.meta.url)`
 */
export function startModule(module: URL, { errors }: ChildOptions = {}): ChildProcess {
  const isSource = ending === ".ts";
  const tsx = isSource && pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  return fork(fileURLToPath(`${module.href}${ending}`), [], {
    execArgv: tsx === false ? [] : ["--import", tsx],
    serialization: "advanced",
    detached: true,
    stdio: ["ignore", "ignore", errors ?? "pipe", "ipc"],
  });
}

/** An error as it travels between processes. */
export interface SentError {
  readonly message: string;
  /** Undefined for an error that is no UserError. */
  readonly code?: string;
  readonly remedies?: readonly Remedy[];
}

/** What a process that does a job is sent, and what it answers. */
export type ToJob = { readonly type: "job"; readonly request: unknown } | { readonly type: "stop" };
export type FromJob =
  | { readonly type: "event"; readonly event: unknown }
  | { readonly type: "ended"; readonly result: unknown }
  | { readonly type: "failed"; readonly error: SentError };

export function sentError(error: unknown): SentError {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof UserError
    ? { message, code: error.code, remedies: error.remedies }
    : { message };
}

export function receivedError({ message, code, remedies = [] }: SentError): Error {
  return code === undefined ? new Error(message) : new UserError(message, { code, remedies });
}

/** Most characters that are kept of what a process writes to its standard error. */
const mostKept = 4000;

/** Collects the end of what a process writes to its standard error. */
export function lastWords(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
    text = (text + piece).slice(-mostKept);
  });
  return () => text.trim();
}

/** The error for a process that ended without a word of its own. @param words the end of its standard error */
export function diedError(child: ChildProcess, words: string): UserError {
  const { exitCode, signalCode } = child;
  const how = signalCode === null ? `exit code ${exitCode}` : signalCode;
  const last = words.split("\n").slice(-5).join("; ");
  const told = last === "" ? "" : `; its last words: ${last}`;
  return new UserError(`process ${child.pid}: ended unexpectedly (${how})${told}`, {
    code: "process-died",
  });
}

/**
 * Runs a job in a process of its own, a module that calls `answerJob`, and yields its events. Aborting the signal lets the job stop
 * in order; leaving the generator ends the process, by force after 5 seconds.
 * @returns what the job returned
 */
export async function* jobInChild<E, R = void>(
  module: URL,
  request: unknown,
  { signal }: JobOptions = {},
): AsyncGenerator<E, R> {
  const child = startModule(module);
  const words = lastWords(child);
  const received: FromJob[] = [];
  let isOver = false;
  let wake = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      isOver = true;
      wake();
      resolve();
    };
    child.once("close", end).once("error", end);
  });
  // A channel that both sides close at the same time may keep "close" from coming.
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.on("message", (message: FromJob) => {
    received.push(message);
    wake();
  });
  const send = (message: ToJob): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  const stop = (): void => send({ type: "stop" });
  try {
    send({ type: "job", request });
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    for (;;) {
      const message = received.shift();
      if (message?.type === "event") yield message.event as E;
      else if (message?.type === "failed") throw receivedError(message.error);
      else if (message?.type === "ended") return message.result as R;
      else if (isOver) throw diedError(child, words());
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
    await Promise.race([ended, exited]);
    clearTimeout(timer);
  }
}

/** Ends a process: at first it is asked to, after some time it is killed. */
export async function endChild(child: ChildProcess, seconds = 5): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
  await ended;
  clearTimeout(timer);
}
