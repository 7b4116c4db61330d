import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { launchChromium } from "../test/browser/launch.ts";
import { startStudio } from "../test/studio/start-studio.ts";
import { printGoal, quantile } from "./studio-session/goals.ts";

// What one position of the brush costs on a large mask, in the real page: painting, undo's memory and coloring (stamp), and the
// drawing of the frame after it. Then how long the next image of the queue takes to be there. The page has to be built.
const { values } = parseArgs({
  options: {
    width: { type: "string", default: "4000" },
    height: { type: "string", default: "3000" },
    stamps: { type: "string", default: "300" },
    images: { type: "string", default: "6" },
  },
});
const [width, height, stamps, images] = [
  values.width,
  values.height,
  values.stamps,
  values.images,
].map(Number) as [number, number, number, number];

/** Name, milliseconds, and the most they may be. */
const goals: [string, number, number][] = [];
const folder = mkdtempSync(join(tmpdir(), "studio-brush-"));
const browser = await launchChromium();
try {
  await writePhotographs();
  const studio = await startStudio(folder);
  try {
    await studio.indexed();
    const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
    await page.addInitScript(timeFrames);
    await page.goto(studio.url);
    await page.evaluate(`location.hash = "#/review/0"`);
    await page.locator(".review-image h2").waitFor();
    await page.locator(".saved-state.saved").waitFor();

    console.log(
      `${width} x ${height} pixels, ${stamps} positions of the brush, in ms; load ${loadavg()[0]!.toFixed(1)}`,
    );
    console.log("    radius   stamp median      p95   frame median      p95");
    for (const radius of [8, 40, 150]) {
      await setSize(page, 2 * radius);
      const { stampTimes, frameTimes } = await paint(page);
      const figures = [stampTimes, frameTimes].flatMap((times) => [quantile(times, 0.5), quantile(times, 0.95)]); // prettier-ignore
      goals.push([`a position of the brush, radius ${radius}, p95`, figures[1]!, 4]);
      const [a, b, c, d] = figures.map((time) => time.toFixed(2));
      console.log(
        `${String(radius).padStart(10)} ${a!.padStart(14)} ${b!.padStart(8)} ${c!.padStart(14)} ${d!.padStart(8)}`,
      );
    }
    await page.locator(".saved-state.saved").waitFor({ timeout: 120_000 });

    const opened: number[] = [];
    for (let i = 1; i < images; i++) {
      // Time for the image after this one to be fetched.
      await page.waitForTimeout(3000);
      opened.push(await openNext(page));
    }
    console.log(
      `next image, fetched ahead: median ${quantile(opened, 0.5).toFixed(0)} ms, longest ${Math.max(...opened).toFixed(0)} ms`,
    );
    goals.push(["the next image, median", quantile(opened, 0.5), 50]);
    for (const [name, ms, most] of goals) printGoal(name, Number(ms.toFixed(2)), most, "ms");
  } finally {
    await studio.stop();
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}

async function writePhotographs(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const lines = ["file,tags"];
  for (let i = 0; i < images; i++) {
    const noise = await sharp({
      create: { width: width >> 3, height: height >> 3, channels: 3, background: "#888", noise: { type: "gaussian", mean: 120, sigma: 40 } }, // prettier-ignore
    })
      .png()
      .toBuffer();
    await sharp(noise).resize(width, height).jpeg({ quality: 85 }).toFile(join(folder, `photo-${i}.jpg`)); // prettier-ignore
    lines.push(`photo-${i}.jpg,thing`);
  }
  writeFileSync(join(folder, "tags.csv"), `${lines.join("\n")}\n`);
}

/** Measures, in the page, what the callbacks of each frame take. */
function timeFrames(): void {
  const page = globalThis as unknown as {
    frameTimes: number[];
    requestAnimationFrame(callback: (time: number) => void): number;
  };
  const original = page.requestAnimationFrame.bind(globalThis);
  page.frameTimes = [];
  page.requestAnimationFrame = (callback) =>
    original((time) => {
      const start = performance.now();
      callback(time);
      page.frameTimes.push(performance.now() - start);
    });
}

async function setSize(page: Page, size: number): Promise<void> {
  // The slider is logarithmic from 1 to 2000; the nearest step will do.
  const value = Math.round((100 * Math.log(size)) / Math.log(2000));
  await page.locator(".slider input").first().fill(String(value));
}

/** Paints one long stroke; each position is an event of its own, with a frame after it. */
async function paint(page: Page): Promise<{ stampTimes: number[]; frameTimes: number[] }> {
  const box = (await page.locator(".canvas").boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  const measured = await page.evaluate(`(async () => {
    const canvas = document.querySelector(".canvas");
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const stampTimes = [];
    frameTimes.length = 0;
    for (let i = 0; i < ${stamps}; i++) {
      const angle = i / 9;
      const far = 0.4 * height * (0.2 + 0.8 * ((i * 7) % ${stamps}) / ${stamps});
      const event = new PointerEvent("pointermove", {
        pointerId: 1, pointerType: "mouse", buttons: 1, bubbles: true,
        clientX: left + width / 2 + far * Math.cos(angle), clientY: top + height / 2 + far * Math.sin(angle),
      });
      const start = performance.now();
      canvas.dispatchEvent(event);
      stampTimes.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return { stampTimes, frameTimes: [...frameTimes] };
  })()`);
  await page.mouse.up();
  return measured as { stampTimes: number[]; frameTimes: number[] };
}

/** Goes to the next image; milliseconds until it is drawn. */
async function openNext(page: Page): Promise<number> {
  const time = await page.evaluate(`(async () => {
    const name = () => document.querySelector(".review-image h2")?.textContent;
    const before = name();
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const start = performance.now();
    dispatchEvent(new KeyboardEvent("keydown", { key: "PageDown" }));
    while (name() === before || name() === undefined) await frame();
    await frame();
    return performance.now() - start;
  })()`);
  return time as number;
}
