/**
 * Step time on WebGPU in a browser's tab, and the dispatches of a step by kernel, of the graphs as a CPU gets them and as a GPU
 * gets them: `npx tsx bench/webgpu-tab.ts mit_tiny 64 2`. `--adapter software` takes Chromium's software adapter, which shows
 * counts but no times of a GPU.
 */
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { backbones, type BackboneName } from "../src/method/model/index.ts";
import { serve } from "../test/browser/serve.ts";
import { sourcesBundle } from "../test/browser/sources-bundle.ts";
import type { TabResult } from "./webgpu-tab/page.ts";
import { medians, stepParts } from "./webgpu-step.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "1" },
    settling: { type: "string", default: "1" },
    adapter: { type: "string", default: "default" },
    browser: { type: "string", default: "/usr/bin/chromium" },
    graphs: { type: "string", default: "plain,gpu" },
  },
});
const [backbone = "mit_tiny", crop = "64", batch = "2"] = positionals;
if (!Object.hasOwn(backbones, backbone))
  throw new RangeError(`backbone ${backbone}: there is ${Object.keys(backbones).join(", ")}`);
const configuration = {
  name: `${backbone}/${crop}/${batch}`,
  backbone: backbone as BackboneName,
  crop: Number(crop),
  batch: Number(batch),
  preset: "voc",
  classes: 20,
} as const;
const runs = { runs: Number(values.runs), settling: Number(values.settling) };

const scripts = { "/page.js": await sourcesBundle(new URL("webgpu-tab/page.ts", import.meta.url)) };
const site = await serve(scripts);
const software = ["--use-webgpu-adapter=swiftshader", "--disable-gpu"];
const browser = await chromium.launch({
  executablePath: values.browser,
  args: [
    ...["--no-sandbox", "--no-first-run", "--enable-unsafe-webgpu"],
    ...(values.adapter === "software" ? software : []),
  ],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  page.on("pageerror", (error) => console.error(error));
  await page.goto(site.url);
  await page.waitForFunction("'tasks' in globalThis");
  for (const graphs of values.graphs.split(",")) {
    const call = `tasks.measure(...${JSON.stringify([configuration, runs, graphs === "plain"])})`;
    print(graphs, (await page.evaluate(call)) as TabResult);
  }
} finally {
  await browser.close();
  site.close();
}

function print(graphs: string, { steps, dispatches, adapter }: TabResult): void {
  const { seconds, spread } = medians(steps);
  const all = Object.values(dispatches).reduce((a, b) => a + b, 0);
  console.log(`${configuration.name}, graphs ${graphs}, adapter ${adapter}`);
  console.log(`dispatches of a step: ${all}`);
  for (const [name, count] of Object.entries(dispatches).sort(([, a], [, b]) => b - a))
    console.log(`  ${name} ${count}`);
  console.log(stepParts.map((part) => `${part} ${seconds[part].toFixed(3)} s`).join(", "), spread);
}
