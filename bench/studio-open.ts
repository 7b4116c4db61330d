import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { textTable } from "../src/files/text/columns.ts";
import { launchChromium } from "../test/browser/launch.ts";
import { writeScenes } from "../test/studio/scene-folder.ts";
import { startStudio } from "../test/studio/start-studio.ts";
import { printGoal, quantile } from "./studio-session/goals.ts";
import { trainSample } from "./studio-session/trained-sample.ts";

// How long Inspect takes to show an image with all its layers, computed on the way or stored, and what a move of a threshold's slider
// costs, in the real page, with the pseudo label before PAR and with the one after it, which a worker computes. The network is the demo's, after a few steps: what it has learned does not matter here. The page has to be
// built.
const { values } = parseArgs({
  options: {
    images: { type: "string", default: "20" },
    size: { type: "string", default: "512" },
    rounds: { type: "string", default: "3" },
    moves: { type: "string", default: "200" },
  },
});
const [images, size, rounds, moves] = [values.images, values.size, values.rounds, values.moves].map(
  Number,
) as [number, number, number, number];

/** Notes what the callbacks of each frame take. */
const timeFrames = `{
  const original = requestAnimationFrame.bind(globalThis);
  globalThis.frameTime = 0;
  globalThis.requestAnimationFrame = (callback) =>
    original((time) => {
      const start = performance.now();
      callback(time);
      frameTime += performance.now() - start;
    });
}`;

const folder = await mkdtemp(join(tmpdir(), "studio-open-"));
const browser = await launchChromium();
try {
  await writeScenes(folder, images, { size, tagged: images });
  const studio = await startStudio(folder);
  try {
    await trainSample(studio, { steps: 12 });
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: "en" });
    page.setDefaultTimeout(120_000);
    await page.addInitScript({ content: timeFrames });
    await page.goto(studio.url);
    await page.locator("main[data-screen]").waitFor();
    // The screen's own files are fetched, and the process that computes layers has its network ready.
    await open(page, images - 1);

    const computed: number[] = [];
    for (let id = 0; id < images - 1; id++) computed.push(await open(page, id));
    const stored: number[] = [];
    for (let round = 0; round < rounds; round++) {
      for (let id = 0; id < images; id++) stored.push(await open(page, id));
    }
    const slider = await moveSlider(page);
    await page.getByRole("radio", { name: "after PAR", exact: true }).check();
    const refined = await moveSlider(page);

    const shown = (times: readonly number[]): string[] =>
      [quantile(times, 0.5), quantile(times, 0.95), Math.max(...times)].map((ms) => ms.toFixed(1));
    const rows = [
      ["ms", "median", "p95", "longest"],
      ["an image with all layers, computed", ...shown(computed)],
      ["an image with all layers, stored", ...shown(stored)],
      ["a move of the slider: script", ...shown(slider.script)],
      ["a move of the slider: script and drawing", ...shown(slider.all)],
      ["the same with the label after PAR: script", ...shown(refined.script)],
      ["the same with the label after PAR: script and drawing", ...shown(refined.all)],
      ["PAR in the worker", ...shown(refined.par)],
    ];
    process.stdout.write(`${textTable(rows)}\n\n`);
    console.log(`${images} scenes of ${size} x ${size} pixels; load ${loadavg()[0]!.toFixed(1)}`);
    const goal = (name: string, times: readonly number[], most: number): void =>
      printGoal(`${name}, p95`, Number(quantile(times, 0.95).toFixed(1)), most, "ms");
    goal("an image with all layers, stored", stored, 200);
    goal("an image with all layers, computed", computed, 1500);
    goal("a move of the slider", slider.all, 16);
    goal("a move of the slider after PAR", refined.all, 16);
  } finally {
    await studio.stop();
  }
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}

/** Goes to an image; milliseconds until its layers are drawn. */
function open(page: Page, id: number): Promise<number> {
  return page.evaluate(`(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const name = () => document.querySelector(".inspect-head h1")?.textContent;
    const before = name();
    const start = performance.now();
    location.hash = "#/inspect/${id}";
    while (name() === before || !name()) await frame();
    // The sliders come with the layers.
    while (!document.querySelector(".inspect-side .slider")) {
      if (document.querySelector(".inspect-side .failure, .notice.error")) throw new Error("no layers");
      await frame();
    }
    await frame();
    return performance.now() - start;
  })()`);
}

/**
 * Moves a threshold to and fro; milliseconds of script of each move, without and with the drawing in the frame after it, and those that
 * the worker took for PAR, where its label is shown.
 */
function moveSlider(
  page: Page,
): Promise<{ readonly script: number[]; readonly all: number[]; readonly par: number[] }> {
  return page.evaluate(`(async () => {
    const input = document.querySelector(".inspect-side .slider input");
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    const canvases = [...document.querySelectorAll(".canvas canvas")];
    // A pixel that is read makes the canvas draw what it was told.
    const settle = () => canvases.forEach((one) => one.getContext("2d").getImageData(0, 0, 1, 1));
    const script = [];
    const all = [];
    const par = [];
    const told = () => /\\((\\d+) ms\\)/.exec(document.querySelector(".inspect-side").textContent);
    for (let i = 0; i < ${moves}; i++) {
      set.call(input, String(0.05 + 0.9 * Math.abs(((i / 25) % 2) - 1)));
      frameTime = 0;
      const start = performance.now();
      input.dispatchEvent(new Event("input", { bubbles: true }));
      // React renders what a person typed at the end of the event, in a microtask.
      await Promise.resolve();
      const taken = performance.now() - start;
      await new Promise((resolve) => setTimeout(() => requestAnimationFrame(() => setTimeout(resolve)), 20));
      const drawn = performance.now();
      settle();
      script.push(taken);
      all.push(taken + frameTime + (performance.now() - drawn));
      if (told()) par.push(Number(told()[1]));
    }
    return { script, all, par };
  })()`);
}
