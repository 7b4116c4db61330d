import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { opTable } from "./op-table.ts";
import type { WebgpuMessage } from "./webgpu-process.ts";

/** Chromium brings a software adapter, which serves where there is no GPU: `apt-get install chromium`. */
const chromium = "/usr/lib/chromium";
const software = existsSync(`${chromium}/vk_swiftshader_icd.json`)
  ? [{ VK_ICD_FILENAMES: `${chromium}/vk_swiftshader_icd.json`, LD_LIBRARY_PATH: chromium }]
  : [];

type OpMessage = Extract<WebgpuMessage, { name: string }>;

interface WebgpuRun {
  /** Why there is nothing to test on. */
  readonly missing: string | null;
  /** Messages by op, once the process has ended. */
  readonly results: Promise<ReadonlyMap<string, OpMessage>>;
}

/** Runs the op table in a process of its own: a driver that crashes takes no test worker along. */
function start(environment: NodeJS.ProcessEnv): Promise<WebgpuRun> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const file = fileURLToPath(new URL("./webgpu-process.ts", import.meta.url));
  const env = { ...process.env, ...environment };
  const child = fork(file, { env, execArgv: ["--import", loader], silent: true });
  const found = new Map<string, OpMessage>();
  let errors = "";
  child.stderr!.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((resolve) => {
    const results = new Promise<typeof found>((finish, fail) => {
      child.once("close", (code, signal) => {
        const problem = `the process ended with ${signal ?? code}: ${errors.trim()}`;
        resolve({ missing: problem, results });
        if (code === 0) finish(found);
        else fail(new Error(problem));
      });
    });
    results.catch(() => undefined); // tests that await it report it
    child.on("message", (message: WebgpuMessage) => {
      if ("name" in message) found.set(message.name, message);
      else resolve({ missing: message.adapter ? null : message.reason, results });
    });
  });
}

async function firstAdapter(): Promise<WebgpuRun> {
  let run = await start({});
  for (const environment of software) if (run.missing !== null) run = await start(environment);
  return run;
}

const { missing, results } = await firstAdapter();
const required = process.env["TAG2MASK_REQUIRE_WEBGPU"] === "1";
const cause = missing?.split("\n").at(-1)?.slice(-160);

if (missing !== null) console.warn(`no WebGPU adapter, its tests are skipped: ${cause}`);

test.runIf(required)("a WebGPU adapter is there, as TAG2MASK_REQUIRE_WEBGPU asks", () => {
  if (missing !== null) throw new Error(missing);
});

describe.skipIf(missing !== null)(missing === null ? "on WebGPU" : `on WebGPU: ${cause}`, () => {
  test.each(opTable.map((row) => row.name))(
    "%s equals its formula, its gradients central differences",
    async (name) => {
      const result = (await results).get(name);
      if (!result || "failure" in result)
        throw new Error(`${name}: ${result?.failure ?? "no answer"}`);
      expect(result.errors.value).toBeLessThan(2e-6);
      for (const error of result.errors.gradients) expect(error).toBeLessThan(2e-6);
    },
  );
});
