import { link, mkdir, mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Browser, CDPSession, Page } from "playwright-core";
import { textTable } from "../src/files/text/columns.ts";
import { launchChromium } from "../test/browser/launch.ts";
import { serveMillion } from "../test/studio/generated-list.ts";
import { writeScenes } from "../test/studio/scene-folder.ts";
import { startStudio, waitUntil, type StartedStudio } from "../test/studio/start-studio.ts";
import { printGoal, quantile } from "./studio-session/goals.ts";

// How long the grid of a folder takes to be usable, and what a fling through it costs each frame, in the real page on real files
// (links of 20 scenes). The page has to be built. A million files take minutes to be made and listed for the first time; with
// `--generated` the page gets a made-up list instead, so that the page alone is measured.
const { values } = parseArgs({
  options: {
    images: { type: "string", multiple: true, default: ["10000", "1000000"] },
    frames: { type: "string", default: "300" },
    rounds: { type: "string", default: "3" },
    generated: { type: "boolean", default: false },
  },
});
const frames = Number(values.frames);
const rounds = Number(values.rounds);
/** Files in a folder. */
const perFolder = 10_000;

interface Fling {
  /** Milliseconds of work of the page's thread in each frame: by its own clock, and with what other processes took meanwhile. */
  readonly cpu: readonly number[];
  readonly wall: readonly number[];
  /** Milliseconds between frames. */
  readonly intervals: readonly number[];
  readonly nodes: number;
}

/** Notes when the keyboard reaches an image, and when the last picture of the screen is there. */
const watchStart = `
  globalThis.times = {};
  const look = () => {
    const grid = document.querySelector("[role=grid][aria-activedescendant]");
    if (grid) times.usable ??= performance.now();
    const pictures = [...document.querySelectorAll(".cell:not([hidden]) img")];
    const areHere = pictures.length > 0 && pictures.every((one) => one.src && one.complete);
    if (grid && areHere) times.pictures ??= performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
`;

/** Throws the list: fast at first, then slower and slower, again and again, in both directions. */
const flingScript = (count: number): string => `(async () => {
  const grid = document.querySelector("[role=grid]");
  const intervals = [];
  let nodes = 0;
  let before = await new Promise(requestAnimationFrame);
  for (let i = 0; i < ${count}; i++) {
    const speed = 4000 * Math.exp(-(i % 100) / 20);
    grid.scrollTop += (i % 200 < 100 ? 1 : -0.5) * speed;
    const now = await new Promise(requestAnimationFrame);
    performance.mark("fling");
    intervals.push(now - before);
    before = now;
    if (i % 20 === 0) nodes = Math.max(nodes, document.querySelectorAll("*").length);
  }
  return { intervals, nodes };
})()`;

const browser = await launchChromium(["--js-flags=--expose-gc"]);
try {
  for (const images of values.images) await measure(Number(images));
} finally {
  await browser.close();
}

async function measure(images: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "studio-grid-"));
  try {
    await writeImages(folder, values.generated ? 20 : images);
    const first = await timed(() => startStudio(folder));
    const listing = await timed(() => first.value.indexed());
    await first.value.stop();
    const again = await timed(() => startStudio(folder));
    try {
      await again.value.indexed();
      await report(images, again.value, [
        ["server answers, first start", first.seconds],
        ["all images listed after that", listing.seconds],
        ["server answers, second start", again.seconds],
      ]);
    } finally {
      await again.value.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeImages(folder: string, images: number): Promise<void> {
  const { scenes } = await writeScenes(join(folder, "000"), Math.min(20, images), { size: 256 });
  const sources = scenes.map(({ file }) => join(folder, "000", file));
  for (let start = scenes.length; start < images; start += perFolder) {
    const part = join(folder, String(1 + Math.floor(start / perFolder)).padStart(3, "0"));
    await mkdir(part, { recursive: true });
    const end = Math.min(images, start + perFolder);
    for (let i = start; i < end; i += 100) {
      const names = Array.from({ length: Math.min(100, end - i) }, (_, k) => i + k);
      await Promise.all(
        names.map((k) => link(sources[k % sources.length]!, join(part, `${pad(k)}.png`))),
      );
    }
  }
}

function pad(index: number): string {
  return String(index).padStart(7, "0");
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000 };
}

async function report(
  images: number,
  studio: StartedStudio,
  starts: readonly (readonly [string, number])[],
): Promise<void> {
  const cold: { usable: number; pictures: number }[] = [];
  const flings: Fling[] = [];
  let heap = 0;
  for (let round = 0; round < rounds; round++) {
    const { page, session, close } = await openCold(browser, studio.url, images);
    cold.push(await timesOf(page));
    flings.push(await fling(page, session));
    await page.evaluate("gc()");
    const { metrics } = await session.send("Performance.getMetrics");
    const used = metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? 0;
    heap = Math.max(heap, used);
    await close();
  }
  const all = (key: "cpu" | "wall" | "intervals"): number[] => flings.flatMap((one) => one[key]);
  const slow = all("intervals").filter((ms) => ms > 20).length / all("intervals").length;
  const goal = images > 100_000 ? "3 s" : "1 s";
  const milliseconds = (ms: number): string => `${ms.toFixed(1)} ms`;
  const rows = [
    [`${images.toLocaleString("en")} images`, "measured", "goal"],
    ...starts.map(([name, seconds]) => [name, `${seconds.toFixed(2)} s`, ""]),
    ["usable, cold, median", `${(median(cold.map((c) => c.usable)) / 1000).toFixed(2)} s`, goal],
    [
      "all pictures there, median",
      `${(median(cold.map((c) => c.pictures)) / 1000).toFixed(2)} s`,
      "",
    ],
    ["work of a frame, median", milliseconds(quantile(all("cpu"), 0.5)), ""],
    ["work of a frame, p95", milliseconds(quantile(all("cpu"), 0.95)), "8 ms"],
    ["the same by the clock, p95", milliseconds(quantile(all("wall"), 0.95)), ""],
    ["frame to frame, p95", milliseconds(quantile(all("intervals"), 0.95)), ""],
    ["frames over 20 ms", `${(100 * slow).toFixed(1)} %`, "2 %"],
    ["elements, most", String(Math.max(...flings.map(({ nodes }) => nodes))), "600"],
    ["heap after it", `${(heap / 1e6).toFixed(0)} MB`, "300 MB"],
    ["load of the machine", loadavg()[0]!.toFixed(1), ""],
  ];
  process.stdout.write(`${textTable(rows)}\n\n`);
  const goals: [string, number, number, string][] = [
    ["usable, cold, median", median(cold.map((c) => c.usable)) / 1000, images > 100_000 ? 3 : 1, "s"], // prettier-ignore
    ["work of a frame, p95", quantile(all("cpu"), 0.95), 8, "ms"],
    ["frames over 20 ms", 100 * slow, 2, "%"],
    ["elements, most", Math.max(...flings.map(({ nodes }) => nodes)), 600, ""],
    ["heap", heap / 1e6, 300, "MB"],
  ];
  for (const [name, measured, most, unit] of goals) {
    printGoal(
      `${images.toLocaleString("en")} images: ${name}`,
      Number(measured.toFixed(2)),
      most,
      unit,
    );
  }
}

/** Opens the page in a browser window that has seen nothing yet. */
async function openCold(
  opened: Browser,
  url: string,
  images: number,
): Promise<{ page: Page; session: CDPSession; close(): Promise<void> }> {
  const context = await opened.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  await page.addInitScript({ content: watchStart });
  if (values.generated) await serveMillion(page, images);
  await page.goto(url);
  return { page, session, close: () => context.close() };
}

async function timesOf(page: Page): Promise<{ usable: number; pictures: number }> {
  await waitUntil(() => page.evaluate<boolean>("times.pictures !== undefined"));
  return page.evaluate("times");
}

interface TraceEvent {
  readonly name: string;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly tid: number;
  readonly pid: number;
}

async function fling(page: Page, session: CDPSession): Promise<Fling> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { value: unknown[] }): void => {
    for (const one of value) events.push(one as TraceEvent);
  };
  session.on("Tracing.dataCollected", collect);
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: {
      includedCategories: ["toplevel", "blink.user_timing"],
    },
  });
  const { intervals, nodes } = await page.evaluate<{ intervals: number[]; nodes: number }>(
    flingScript(frames),
  );
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await complete;
  session.off("Tracing.dataCollected", collect);
  return { ...workOf(events), intervals, nodes };
}

/** What all tasks of the page's thread took between one frame and the next: script, style, layout, paint and everything else. */
function workOf(events: readonly TraceEvent[]): { cpu: number[]; wall: number[] } {
  const marks = events.filter(({ name }) => name === "fling").sort((a, b) => a.ts - b.ts);
  const { pid, tid } = marks[0]!;
  const tasks = events
    .filter(
      (one) => one.name === "ThreadControllerImpl::RunTask" && one.pid === pid && one.tid === tid,
    )
    .sort((a, b) => a.ts - b.ts);
  const sums = marks.slice(1).map(() => ({ cpu: 0, wall: 0 }));
  let frame = 0;
  for (const { ts, dur = 0, tdur = dur } of tasks) {
    while (frame < sums.length && ts >= marks[frame + 1]!.ts) frame++;
    if (frame >= sums.length) break;
    if (ts < marks[0]!.ts) continue;
    sums[frame]!.cpu += tdur / 1000;
    sums[frame]!.wall += dur / 1000;
  }
  return { cpu: sums.map(({ cpu }) => cpu), wall: sums.map(({ wall }) => wall) };
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
