import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Segmenter } from "../src/index.ts";
import { nodeHost } from "../src/host/node/host.ts";
import { generateScene, sceneClasses } from "../src/method/data/scenes.ts";
import { ignoreIndex, type LabelMap } from "../src/method/images/image.ts";
import type { Drafts, ImageDetails, Run } from "../src/studio/protocol.ts";
import { decodeRecords } from "../src/studio/records.ts";
import { launchChromium } from "../test/browser/launch.ts";
import { startStudio, waitUntil, type StartedStudio } from "../test/studio/start-studio.ts";
import { ScriptedUser } from "./studio-session/scripted-user.ts";

// A whole session in the studio, by keyboard alone: 20 scenes are tagged, a training of 60 steps, the 10 least sure masks are
// corrected with the brush, another 60 steps with the corrections and, to compare, 60 without, and an export for COCO. The scores
// are those of 40 scenes that nobody saw. Fails unless the corrections help.

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1" },
    steps: { type: "string", default: "60" },
    corrected: { type: "string", default: "10" },
    keep: { type: "string" },
  },
});
const steps = Number(values.steps);
const corrected = Number(values.corrected);
const side = 96;
const [tagged, heldOut] = [20, 40];

interface Scene {
  readonly mask: LabelMap;
  readonly tags: readonly string[];
}

const nameOf = (index: number): string => `scene-${String(index).padStart(3, "0")}`;

async function writeScenes(folder: string, seed: number, count: number): Promise<Scene[]> {
  await mkdir(folder, { recursive: true });
  const scenes: Scene[] = [];
  for (let index = 0; index < count; index++) {
    const { image, mask, tags } = generateScene({ seed, index, size: side });
    const png = await nodeHost.codec.encode(image, "png");
    await writeFile(join(folder, `${nameOf(index)}.png`), png);
    scenes.push({ mask, tags: tags.map((tag) => sceneClasses[tag]!) });
  }
  return scenes;
}

/** mIoU of a run's segmentation on scenes that nobody saw. */
async function score(run: string, scenes: readonly Scene[], folder: string): Promise<number> {
  const segmenter = await Segmenter.open(run);
  const { classes } = segmenter;
  const inside = new Float64Array(classes.length + 1);
  const all = new Float64Array(classes.length + 1);
  for (const [index, { mask }] of scenes.entries()) {
    const { data } = await segmenter.segment(join(folder, `${nameOf(index)}.png`));
    // Classes have other numbers in the studio, as they were typed.
    const truth = mask.data.map((label) =>
      label === 0 || label === ignoreIndex ? label : classes.indexOf(sceneClasses[label - 1]!) + 1,
    );
    for (let p = 0; p < data.length; p++) {
      const [a, b] = [data[p]!, truth[p]!];
      if (b === ignoreIndex) continue;
      all[a]!++;
      if (a === b) inside[a]!++;
      else all[b]!++;
    }
  }
  await segmenter.release();
  const ious = [...all.keys()].filter((c) => all[c]! > 0).map((c) => inside[c]! / all[c]!);
  return ious.reduce((sum, iou) => sum + iou, 0) / ious.length;
}

/** Starts the training that the form describes, and waits until it is done. */
async function train(user: ScriptedUser, studio: StartedStudio): Promise<Run> {
  const before = await studio.get<Run[]>("/api/runs");
  await user.press("Control+Enter");
  let run: Run | undefined;
  await waitUntil(async () => {
    const runs = await studio.get<Run[]>("/api/runs");
    run = runs.find(({ id }) => !before.some((one) => one.id === id));
    if (run?.state === "failed") throw new Error(`the training failed: ${run.error}`);
    return run?.state === "done";
  });
  return run!;
}

async function drafted(studio: StartedStudio, model: string): Promise<void> {
  await waitUntil(async () => {
    const drafts = await studio.get<Drafts>("/api/drafts");
    if (drafts.state === "failed") throw new Error(`no drafts: ${drafts.error}`);
    return drafts.model === model && drafts.state === "done";
  });
}

async function session(seed: number, work: string) {
  const folder = join(work, "scenes");
  const scenes = await writeScenes(folder, seed, tagged);
  const unseen = await writeScenes(join(work, "unseen"), seed + 1000, heldOut);
  const studio = await startStudio(folder);
  await studio.indexed();
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: "en" });
    page.setDefaultTimeout(300_000);
    await page.goto(studio.url);
    const user = new ScriptedUser(page, studio);

    await page.getByRole("gridcell", { name: /scene-000/ }).waitFor();
    const known: string[] = [];
    for (const { tags } of scenes) await user.tag(tags, known);
    await page.locator(".saved-state.saved").waitFor();

    await user.press("Alt+2");
    await page.getByRole("heading", { name: "New training" }).waitFor();
    await user.tabTo(/^\s*Steps/);
    await page.keyboard.type(String(steps));
    const first = await train(user, studio);
    await drafted(studio, first.id);

    const details = await studio.send<ImageDetails[]>("POST", "/api/images/details", {
      ids: scenes.map((_, id) => id),
    });
    const classes = (await studio.get<{ classes: string[] }>("/api/project")).classes;
    const truthOf = ({ name }: ImageDetails): LabelMap => {
      const { mask } = scenes[Number(name.slice(-3))]!;
      const data = mask.data.map((label) =>
        label === 0 || label === ignoreIndex
          ? label
          : classes.indexOf(sceneClasses[label - 1]!) + 1,
      );
      return { ...mask, data };
    };
    const queue = decodeRecords(
      new Uint8Array(await (await studio.request("/api/images?sort=confidence")).arrayBuffer()),
    );
    const leastSure = queue.records.slice(0, corrected).map(({ id }) => id);
    await user.press("Alt+4");
    await page.getByRole("application").waitFor();
    await user.chooseBrush();
    let strokes = 0;
    for (let done = 0, seen = 0; done < corrected && seen < tagged; seen++) {
      const id = await shownImage(page);
      const image = details.find((one) => one.id === id)!;
      if (leastSure.includes(id)) {
        const tags = [...image.tags].sort((a, b) => a - b).map((tag) => tag + 1);
        strokes += await user.paint(id, truthOf(image), tags);
        await page.locator(".saved-state.saved").waitFor();
        await user.press("Enter");
        done++;
      } else await user.press("ArrowRight");
      await page.waitForURL(({ hash }) => !hash.endsWith(`/${id}`));
    }
    await page.locator(".saved-state.saved").waitFor();

    await user.press("Escape");
    await user.press("Alt+2");
    await page.getByRole("button", { name: /^Train again with/ }).waitFor();
    await user.tabTo(/^\s*Steps/);
    await page.keyboard.type(String(steps));
    const withThem = await train(user, studio);
    await drafted(studio, withThem.id);
    // The same steps from the same weights without the corrections.
    await page.reload();
    await page.getByRole("button", { name: /^Train again with/ }).waitFor();
    await user.tabTo(/^\s*Begin with/);
    await user.press("ArrowDown");
    await user.tabTo(/^\s*Steps/);
    await page.keyboard.type(String(steps));
    await user.tabTo(/Learn from/);
    await user.press(" ");
    const without = await train(user, studio);
    if (without.from !== first.id || withThem.from !== first.id || without.corrections > 0) {
      throw new Error(`not comparable: ${JSON.stringify([first, withThem, without])}`);
    }

    await user.press("Alt+5");
    await page.getByRole("checkbox", { name: /^voc/ }).waitFor();
    await user.tabTo(/coco/);
    await user.press(" ");
    await page.getByText(/will be written/).waitFor();
    await user.press("Control+Enter");
    await page
      .getByText(/\d+ files?$/)
      .first()
      .waitFor();
    const annotations = await exported(folder);

    const scores = [];
    for (const { path } of [first, without, withThem]) {
      scores.push(await score(path, unseen, join(work, "unseen")));
    }
    const [before, plain, helped] = scores as [number, number, number];
    return { seed, strokes, annotations, before, plain, helped };
  } finally {
    await browser.close();
    await studio.stop();
  }
}

async function shownImage(page: ScriptedUser["page"]): Promise<number> {
  await page.locator(".review-image").waitFor();
  return Number(/\/(\d+)$/.exec(page.url())![1]);
}

/** Number of objects in the exported file for COCO. */
async function exported(folder: string): Promise<number> {
  const exports = join(folder, ".tag2mask/exports");
  const [name] = await readdir(exports);
  const files = await readdir(join(exports, name!), { recursive: true });
  const file = files.find((one) => one.endsWith(".json") && /instances|coco/.test(one));
  if (file === undefined) throw new Error(`no file for COCO among ${files.join(", ")}`);
  const text = await readFile(join(exports, name!, file), "utf8");
  return (JSON.parse(text) as { annotations: unknown[] }).annotations.length;
}

let failed = 0;
const percent = (share: number): string => (100 * share).toFixed(1).padStart(6);
console.log("seed  strokes  objects  before  60 more steps  with corrections");
for (const seed of values.seeds.split(",").map(Number)) {
  const work = await mkdtemp(join(tmpdir(), "studio-session-"));
  const { strokes, annotations, before, plain, helped } = await session(seed, work);
  const helps = helped > plain && annotations > 0;
  if (!helps) failed++;
  console.log(
    `${seed}     ${String(strokes).padStart(6)} ${String(annotations).padStart(8)}   ${percent(before)} ${percent(plain)}         ${percent(helped)}  ${helps ? "ok" : "FAILED"}`,
  );
  if (values.keep === undefined) await rm(work, { recursive: true, force: true });
  else console.log(work);
}
process.exitCode = failed === 0 ? 0 : 1;
