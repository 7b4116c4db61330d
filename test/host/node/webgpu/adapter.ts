import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { test } from "vitest";

/** Chromium brings a software adapter, which serves where there is no GPU: `apt-get install chromium`. */
const chromium = "/usr/lib/chromium";
const software = existsSync(`${chromium}/vk_swiftshader_icd.json`)
  ? [{ VK_ICD_FILENAMES: `${chromium}/vk_swiftshader_icd.json`, LD_LIBRARY_PATH: chromium }]
  : [];

/** What a process tells of its work: first whether there is an adapter, then results by name. */
export type WebgpuMessage<Result> =
  | { readonly adapter: true }
  | { readonly adapter: false; readonly reason: string }
  | { readonly name: string; readonly result: Result }
  | { readonly name: string; readonly failure: string };

export interface WebgpuRun<Result> {
  /** Why there is nothing to test on. */
  readonly missing: string | null;
  /** Variables with which processes find the adapter. */
  readonly environment: NodeJS.ProcessEnv;
  /** One result, as soon as it is there. */
  result(name: string): Promise<Result>;
}

/** Runs a file in a process of its own: a driver that crashes takes no test worker along. */
function start<Result>(file: URL, environment: NodeJS.ProcessEnv): Promise<WebgpuRun<Result>> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const env = { ...process.env, ...environment };
  const child = fork(fileURLToPath(file), {
    env,
    execArgv: ["--import", loader],
    silent: true,
  });
  const answers = new Map<string, PromiseWithResolvers<Result>>();
  const answerOf = (name: string): PromiseWithResolvers<Result> => {
    let answer = answers.get(name);
    if (!answer) {
      answer = withResolvers<Result>();
      answer.promise.catch(() => undefined); // tests that await it report it
      answers.set(name, answer);
    }
    return answer;
  };
  let errors = "";
  let ended: string | null = null;
  child.stderr!.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const result = (name: string): Promise<Result> => {
    const answer = answerOf(name);
    if (ended !== null) answer.reject(new Error(`${name}: no answer; ${ended}`));
    return answer.promise;
  };
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      ended = `the process ended with ${signal ?? code}: ${errors.trim()}`;
      resolve({ missing: ended, environment, result });
      for (const name of answers.keys()) void result(name).catch(() => undefined);
    });
    child.on("message", (message: WebgpuMessage<Result>) => {
      if ("adapter" in message)
        resolve({ missing: message.adapter ? null : message.reason, environment, result });
      else if ("failure" in message)
        answerOf(message.name).reject(new Error(`${message.name}: ${message.failure}`));
      else answerOf(message.name).resolve(message.result);
    });
  });
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onResult, onError) => {
    resolve = onResult;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/**
 * Runs a file on the system's adapter, or else on the software one. Without either there is nothing to
 * test on: an error where TAG2MASK_REQUIRE_WEBGPU asks for one.
 */
export async function onWebgpu<Result>(file: URL): Promise<WebgpuRun<Result>> {
  let run = await start<Result>(file, {});
  for (const environment of software)
    if (run.missing !== null) run = await start<Result>(file, environment);
  const { missing } = run;
  if (missing !== null)
    console.warn(`no WebGPU adapter, its tests are skipped: ${missing.split("\n").at(-1)}`);
  test.runIf(process.env["TAG2MASK_REQUIRE_WEBGPU"] === "1")(
    "a WebGPU adapter is there, as TAG2MASK_REQUIRE_WEBGPU asks",
    () => {
      if (missing !== null) throw new Error(missing);
    },
  );
  return run;
}
