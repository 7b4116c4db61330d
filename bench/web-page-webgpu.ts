import { parseArgs } from "node:util";
import { strFromU8, unzipSync } from "fflate";
import { startDemo } from "../test/browser/page-demo.ts";
import { softwareGpu } from "../test/browser/launch.ts";
import { PageSite } from "../test/browser/page-site.ts";

// Trains in the built page by its form on WebGPU, on the software adapter of Chromium, and on the processor: the losses of every
// step have to agree. Ends with 1 if they do not. An adapter in software takes about a minute for the first step, for its shaders.
const { values } = parseArgs({ options: { steps: { type: "string", default: "3" } } });
const steps = Number(values.steps);
/** Largest difference of a loss, relative to it. */
const largest = 1e-3;

type Losses = Readonly<Record<string, number | null>>;

const site = await PageSite.open(softwareGpu);

/** Trains on a device and returns the losses by step. */
async function losses(device: "cpu" | "webgpu"): Promise<readonly Losses[]> {
  const page = await site.tab("#/demo");
  page.setDefaultTimeout(600_000);
  const before = performance.now();
  await startDemo(page, { name: device, steps, device });
  const failure = page.getByRole("alert");
  await page.getByText(`device ${device}`).or(failure).first().waitFor();
  await page.locator("[data-state=done], [role=alert]").waitFor();
  const failures = await failure.allInnerTexts();
  if (failures.length > 0) throw new Error(failures.join("\n"));
  const seconds = (performance.now() - before) / 1000;
  const zip = await site.saved(page, () =>
    page.getByRole("button", { name: "The whole run" }).click(),
  );
  await page.close();
  console.log(`${device}: ${steps} steps, ${seconds.toFixed(0)} s with everything around them`);
  return strFromU8(unzipSync(zip)["log.jsonl"]!)
    .split("\n")
    .filter((line) => line.includes('"type":"step"'))
    .map((line) => (JSON.parse(line) as { losses: Losses }).losses);
}

try {
  const expected = await losses("cpu");
  const found = await losses("webgpu");
  if (found.length !== steps || expected.length !== steps) {
    throw new Error(`${found.length} and ${expected.length} steps in the logs, not ${steps}`);
  }
  for (const [step, cpu] of expected.entries()) {
    const gpu = found[step]!;
    const errors = Object.entries(cpu).map(([name, value]) => {
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
