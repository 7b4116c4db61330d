import { readFileSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { CDPSession } from "playwright-core";
import { Random } from "../src/engine/random.ts";
import type { ImageDetails, Project } from "../src/studio/protocol.ts";
import { textTable } from "../src/files/text/columns.ts";
import { launchChromium } from "../test/browser/launch.ts";
import { startStudio, type StartedStudio } from "../test/studio/start-studio.ts";
import { printGoal } from "./studio-session/goals.ts";
import { trainSample } from "./studio-session/trained-sample.ts";
import { work } from "./studio-session/endless-work.ts";

// Whether the memory of the page and of the server stays flat while somebody works for a long time: tags are given and taken, masks
// painted and judged, images inspected, all screens shown in turn, as fast as the page goes along. An action is a key, a click, a stroke
// or a screen; a person makes about one a second, 3,600 an hour. The page has to be built. Fails if the heap of the page grows.
// `--keep DIR` leaves the trained project there and takes it again the next time.
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    keep: { type: "string" },
    /** Actions between two looks at the memory. */
    every: { type: "string", default: "100" },
    /** Share of the time at the beginning that does not count: caches fill up. */
    "warm-up": { type: "string", default: "0.3" },
  },
});
const perHour = 3600;

/** Memory at a moment, in MB, and how much the page holds. */
interface Look {
  readonly actions: number;
  /** Objects of the page that are still needed. */
  readonly heap: number;
  /** Resident memory of the process that shows the page. */
  readonly page: number;
  readonly server: number;
  /** Of the server and all processes that it has started. */
  readonly all: number;
  readonly elements: number;
  readonly listeners: number;
}

const folder = values.keep ?? (await mkdtemp(join(tmpdir(), "studio-memory-")));
const browser = await launchChromium();
try {
  const photos = join(folder, "photos");
  await mkdir(photos, { recursive: true });
  const studio = await startStudio(photos);
  try {
    await trainSample(studio, { steps: 12 });
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en" }); // prettier-ignore
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    const session = await context.newCDPSession(page);
    await session.send("Performance.enable");
    await page.goto(studio.url);
    await page.locator("main[data-screen]").waitFor();

    const looks: Look[] = [];
    const random = Random.at(0, "endless work");
    const [begin, end] = [performance.now(), performance.now() + 60_000 * Number(values.minutes)];
    let actions = 0;
    while (performance.now() < end) {
      await takeVerdictsBack(studio);
      actions += await work(page, random);
      if (errors.length > 0) throw new Error(`the page has failed: ${errors.join("; ")}`);
      if (actions >= (looks.at(-1)?.actions ?? 0) + Number(values.every)) {
        looks.push({ actions, ...(await look(session, studio)) });
        console.log(lineOf(looks.at(-1)!));
      }
    }
    report(looks, actions, (performance.now() - begin) / 60_000);
  } finally {
    await studio.stop();
  }
} finally {
  await browser.close();
  if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
}

async function look(session: CDPSession, { process: { pid } }: StartedStudio) {
  // What weak references hold goes only with the second one.
  for (let i = 0; i < 2; i++) await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.getMetrics");
  const metric = (name: string): number => metrics.find((one) => one.name === name)?.value ?? 0;
  const system = await browser.newBrowserCDPSession();
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  await system.detach();
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  return {
    heap: metric("JSHeapUsedSize") / 1e6,
    page: Math.max(...renderers.map(({ id }) => residentOf(id))),
    server: residentOf(pid!),
    all: residentOf(pid!) + childrenOf(pid!).reduce((sum, child) => sum + residentOf(child), 0),
    elements: metric("Nodes"),
    listeners: metric("JSEventListeners"),
  };
}

/** Resident memory of a process in MB; 0 if it has just ended. */
function residentOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

function childrenOf(pid: number): number[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const children = tasks.flatMap(
    (task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number), // prettier-ignore
  );
  return children.flatMap((child) => [child, ...childrenOf(child)]);
}

/** Puts all images into the queue of the review again, which would come to its end long before the time is over. */
async function takeVerdictsBack(studio: StartedStudio): Promise<void> {
  const { counts } = await studio.get<Project>("/api/project");
  const ids = Array.from({ length: counts.images }, (_, id) => id);
  const all = await studio.send<ImageDetails[]>("POST", "/api/images/details", { ids });
  for (const { id, maskRev: rev, verdict } of all) {
    if (verdict === "none") continue;
    await studio.send("POST", `/api/images/${id}/verdict`, { rev, verdict: "none" });
  }
}

function lineOf({ actions, heap, page, server, all, elements, listeners }: Look): string {
  const rounded = [page, server, all].map((one) => one.toFixed(0));
  return `${actions} actions: heap ${heap.toFixed(1)}, page ${rounded[0]}, server ${rounded[1]}, with its processes ${rounded[2]} MB; ${elements} elements, ${listeners} listeners`;
}

function report(all: readonly Look[], actions: number, minutes: number): void {
  const counted = all.slice(Math.floor(Number(values["warm-up"]) * all.length));
  if (counted.length < 3) throw new Error("too few looks to tell anything; give more --minutes");
  const kinds = [
    ["heap of the page, MB", "heap"],
    ["process of the page, MB", "page"],
    ["server, MB", "server"],
    ["server with its processes, MB", "all"],
    ["elements of the page", "elements"],
    ["listeners of the page", "listeners"],
  ] as const;
  const rows = kinds.map(([name, key]) => {
    const series = counted.map((one) => one[key]);
    const { slope, error } = lineThrough(counted.map((one) => one.actions / 1000), series); // prettier-ignore
    return [name, all[0]![key], series[0]!, Math.max(...series), series.at(-1)!, slope, error].map(
      (cell) => (typeof cell === "number" ? cell.toFixed(1) : cell),
    );
  });
  const head = ["", "first", "after the warm-up", "most", "last", "per 1,000 actions", "±"];
  process.stdout.write(`\n${textTable([head, ...rows])}\n\n`);
  console.log(
    `${actions} actions in ${minutes.toFixed(1)} minutes, as many as a person makes in ${(actions / perHour).toFixed(1)} hours; load ${loadavg()[0]!.toFixed(1)}`,
  );
  const heap = lineThrough(counted.map((one) => one.actions / 1000), counted.map((one) => one.heap)); // prettier-ignore
  // Less than a megabyte in an hour of work, beyond what chance can be.
  const sure = Math.max(0, heap.slope - 2 * heap.error);
  printGoal("growth of the page's heap in 1,000 actions", Number(sure.toFixed(2)), 0.28, "MB");
  if (sure > 0.28) process.exitCode = 1;
}

/** The straight line that fits best, and the standard error of its slope. */
function lineThrough(xs: readonly number[], ys: readonly number[]) {
  const n = xs.length;
  const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / n;
  const [x0, y0] = [mean(xs), mean(ys)];
  const spread = xs.reduce((sum, x) => sum + (x - x0) ** 2, 0);
  const slope = xs.reduce((sum, x, i) => sum + (x - x0) * (ys[i]! - y0), 0) / spread;
  const rest = xs.reduce((sum, x, i) => sum + (ys[i]! - y0 - slope * (x - x0)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / Math.max(1, n - 2) / spread) };
}
