import { parseArgs } from "node:util";
import { startDemo } from "../test/browser/page-demo.ts";
import { softwareGpu } from "../test/browser/launch.ts";
import { PageSite } from "../test/browser/page-site.ts";
import type { StepLosses } from "../src/method/train/events.ts";
import { savedLog, untilTrained } from "./web-training/saved-log.ts";

// Trains in the built page by its form on WebGPU, on the software adapter of Chromium, and on the processor: the losses of every
// step have to agree. Ends with 1 if they do not. An adapter in software takes about a minute for the first step, for its shaders.
const { values } = parseArgs({ options: { steps: { type: "string", default: "3" } } });
const steps = Number(values.steps);
/** Largest difference of a loss, relative to it. */
const largest = 1e-3;

const site = await PageSite.open(softwareGpu);

/** Trains on a device and returns the losses by step. */
async function losses(device: "cpu" | "webgpu"): Promise<readonly StepLosses[]> {
  const page = await site.tab("#/demo");
  page.setDefaultTimeout(600_000);
  const before = performance.now();
  await startDemo(page, { name: device, steps, device });
  await page.getByText(`device ${device}`).or(page.getByRole("alert")).first().waitFor();
  await untilTrained(page);
  const seconds = (performance.now() - before) / 1000;
  const log = await savedLog(site, page);
  await page.close();
  console.log(`${device}: ${steps} steps, ${seconds.toFixed(0)} s with everything around them`);
  return log.filter((entry) => entry.type === "step").map((entry) => entry.losses);
}

try {
  const expected = await losses("cpu");
  const found = await losses("webgpu");
  if (found.length !== steps || expected.length !== steps) {
    throw new Error(`${found.length} and ${expected.length} steps in the logs, not ${steps}`);
  }
  for (const [step, cpu] of expected.entries()) {
    const gpu = found[step]!;
    const names = Object.keys(cpu) as (keyof StepLosses)[];
    const errors = names.map((name) => {
      const value = cpu[name];
      if (value === null || value === 0) return gpu[name] === value ? 0 : Infinity;
      return Math.abs(gpu[name]! / value - 1);
    });
    const worst = Math.max(...errors);
    // Not a number fails too.
    const holds = worst <= largest;
    if (!holds) process.exitCode = 1;
    console.log(
      `${holds ? "ok" : "FAILED"}: losses of step ${step} differ by ${worst.toExponential(1)}`,
    );
  }
} finally {
  await site.close();
}
