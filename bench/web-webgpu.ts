import type { GradientErrors } from "../test/method/train/golden-gradients.ts";
import { openWorkerPage } from "../test/browser/worker-page.ts";
import { checks } from "../test/runtime-conformance.ts";
import { processUse } from "./web-training/process-use.ts";

// WebGPU in a worker of Chromium, on its software adapter: what every runtime promises, and the golden numbers, to the tolerances of
// test/golden/README.md. Takes minutes, most of which the adapter compiles shaders. Ends with 1 if anything does not hold.
const page = await openWorkerPage(new URL("../test/browser/ort-worker.ts", import.meta.url));
const ask = (task: string, ...values: unknown[]): Promise<unknown> =>
  page.ask("webgpu", task, ...values);

let failed = 0;

function check(what: string, value: number, below: number): void {
  const holds = value < below;
  if (!holds) failed++;
  console.log(`${holds ? "ok" : "FAILED"}: ${what}: ${value.toExponential(1)}, below ${below}`);
}

const worst = (errors: Readonly<Record<string, number>> | readonly number[]): number =>
  Math.max(...Object.values(errors));

/** Runs one check, of which an error is a failure like any other, and tells the processor time. */
async function part(name: string, run: () => Promise<void>): Promise<void> {
  const before = processUse(process.pid).seconds;
  try {
    await run();
  } catch (error) {
    failed++;
    console.log(`FAILED: ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const seconds = processUse(process.pid).seconds - before;
  console.log(`${name}: ${seconds.toFixed(1)} s of processor time`);
}

await part("conformance", async () => {
  for (const name of Object.keys(checks)) {
    await ask("conformance", name);
    console.log(`ok: ${name}`);
  }
});
await part("forward", async () => {
  check("forward pass", worst((await ask("forward")) as Record<string, number>), 1e-4);
});
await part("gradients", async () => {
  const found = (await ask("gradients")) as GradientErrors;
  check("losses", worst(found.losses), 1e-5);
  check("gradients", worst(found.gradients), 1e-3);
  check("gradients that cancel", worst(found.cancelled), 1e-6);
  check("batch statistics", worst(found.statistics), 1e-5);
  const count = Object.keys(found.gradients).length;
  if (count !== found.expected) throw new Error(`${count} gradients, expected ${found.expected}`);
});
await part("trajectory", async () => {
  const errors = (await ask("trajectory")) as Record<string, number>;
  for (const [step, error] of Object.entries(errors)) check(step, error, 5e-4);
  if (Object.keys(errors).length !== 5) throw new Error("not five steps");
});
console.log(`${(processUse(process.pid).largestBytes / 1e6).toFixed(0)} MB at most in a process`);
await page.close();
process.exitCode = failed === 0 ? 0 : 1;
