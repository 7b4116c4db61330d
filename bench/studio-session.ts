import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import type { Drafts, ImageDetails, Project, Run } from "../src/studio/protocol.ts";
import { decodeRecords } from "../src/studio/records.ts";
import { launchChromium } from "../test/browser/launch.ts";
import { startStudio, type StartedStudio } from "../test/studio/start-studio.ts";
import { drawScenes, meanIou, numberedBy, type DrawnScene } from "./studio-session/scenes.ts";
import { ScriptedUser } from "./studio-session/scripted-user.ts";
import { until } from "./studio-session/waiting.ts";

// A whole session in the studio, by keyboard alone: 20 scenes are tagged, a training of 60 steps, the 10 least sure masks are
// corrected with the brush, another 60 steps with the corrections and, to compare, 60 without, and an export for COCO. The scores
// are those of 40 scenes that nobody saw. Fails unless the corrections help.

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1" },
    steps: { type: "string", default: "60" },
    corrected: { type: "string", default: "10" },
    keep: { type: "boolean", default: false },
  },
});
const steps = Number(values.steps);
const corrected = Number(values.corrected);
const [tagged, heldOut] = [20, 40];

/** A session under way. */
interface Session {
  readonly page: Page;
  readonly studio: StartedStudio;
  readonly user: ScriptedUser;
  readonly scenes: readonly DrawnScene[];
  /** Says on the terminal what was done, and after how long. */
  readonly told: (what: string) => void;
}

async function tagAll({ page, user, scenes }: Session): Promise<void> {
  await page.getByRole("gridcell", { name: /scene-000/ }).waitFor();
  const known: string[] = [];
  for (const { tags } of scenes) await user.tag(tags, known);
  await saved(page);
}

/** Starts the training that the form describes, and waits until it is done and all masks are drafted. */
async function train({ studio, user, told }: Session): Promise<Run> {
  const before = await studio.get<Run[]>("/api/runs");
  await user.press("Control+Enter");
  const run = await until("a training that is done", async () => {
    const runs = await studio.get<Run[]>("/api/runs");
    const found = runs.find(({ id }) => !before.some((one) => one.id === id));
    if (found?.state === "failed") throw new Error(`the training failed: ${found.error}`);
    return found?.state === "done" ? found : undefined;
  });
  told(`${run.id}: ${run.step} steps, ${run.corrections} corrections`);
  await until(`masks of ${run.id}`, async () => {
    const drafts = await studio.get<Drafts>("/api/drafts");
    if (drafts.state === "failed") throw new Error(`no drafts: ${drafts.error}`);
    return drafts.model === run.id && drafts.state === "done" ? drafts : undefined;
  });
  told(`${run.id}: all masks drafted`);
  return run;
}

/** Corrects the masks that the model is least sure of, in the queue of the review. @returns number of strokes */
async function correct({ page, studio, user, scenes }: Session): Promise<number> {
  const { classes } = await studio.get<Project>("/api/project");
  const ids = { ids: scenes.map((_, id) => id) };
  const details = await studio.send<ImageDetails[]>("POST", "/api/images/details", ids);
  const answer = await studio.request("/api/images?sort=confidence");
  const { records } = decodeRecords(new Uint8Array(await answer.arrayBuffer()));
  const leastSure = records.slice(0, corrected).map(({ id }) => id);
  await user.press("Alt+4");
  await page.getByRole("application").waitFor();
  await user.chooseBrush();
  let strokes = 0;
  const done = new Set<number>();
  for (let seen = 0; done.size < corrected && seen < tagged; seen++) {
    const id = Number(/\/(\d+)$/.exec(page.url())![1]);
    const { name, tags } = details.find((one) => one.id === id)!;
    // The address changes before the page does: until then keys are still for the image before.
    await page.locator(".review-image h2", { hasText: name }).waitFor();
    if (leastSure.includes(id)) {
      const labels = [...tags].sort((a, b) => a - b).map((tag) => tag + 1);
      const truth = numberedBy(classes, scenes[Number(name.slice(-3))]!);
      strokes += await user.paint(id, truth, labels);
      await saved(page);
      await user.press("Enter");
      done.add(id);
    } else await user.press("ArrowRight");
    if (done.size < corrected) await page.waitForURL(({ hash }) => !hash.endsWith(`/${id}`));
  }
  await saved(page);
  await user.press("Escape");
  return strokes;
}

/** Exports what was reviewed, and counts the objects in the file. */
async function exportCoco({ page, user }: Session, folder: string): Promise<number> {
  await user.press("Alt+5");
  await page.getByRole("checkbox", { name: /^coco/ }).waitFor();
  await user.tabTo(/coco/);
  await user.press(" ");
  await page.getByText(/will be written/).waitFor();
  await user.press("Control+Enter");
  await page
    .getByText(/^\d+ files?$/)
    .first()
    .waitFor();
  const exports = join(folder, ".tag2mask/exports");
  const name = (await readdir(exports)).find((one) => !one.startsWith("."));
  const files = await readdir(join(exports, name!), { recursive: true });
  const file = files.find((one) => one.endsWith(".json") && /instances|coco/.test(one));
  if (file === undefined) throw new Error(`no file for COCO among ${files.join(", ")}`);
  const text = await readFile(join(exports, name!, file), "utf8");
  return (JSON.parse(text) as { annotations: unknown[] }).annotations.length;
}

async function saved(page: Page): Promise<void> {
  await page.locator(".saved-state.saved").waitFor();
}

async function work(session: Session, folder: string) {
  const { page, user, told } = session;
  await tagAll(session);
  told(`${tagged} scenes tagged`);

  await user.press("Alt+2");
  await page.getByRole("heading", { name: "New training" }).waitFor();
  await user.choose(/^\s*Recipe/, "small");
  await user.write(/^\s*Steps/, String(steps));
  const first = await train(session);

  const strokes = await correct(session);
  told(`${corrected} masks corrected, ${strokes} strokes`);

  await user.press("Alt+2");
  await page.getByRole("button", { name: /^Train again with/ }).waitFor();
  await user.write(/^\s*Steps/, String(steps));
  const helped = await train(session);

  // The same steps from the same weights without the corrections.
  await user.choose(/^\s*Begin with/, `the weights of ${first.id}`);
  await user.write(/^\s*Steps/, String(steps));
  await user.tabTo(/Learn from/);
  await user.press(" ");
  const plain = await train(session);
  const runs = { first, plain, helped };
  const isFair =
    Object.values(runs).every(({ preset, step }) => preset === "small" && step === steps) &&
    [plain, helped].every(({ from }) => from === first.id) &&
    first.corrections === 0 &&
    plain.corrections === 0 &&
    // An image that the training holds out teaches nothing, corrected or not.
    helped.corrections > 0;
  if (!isFair) throw new Error(`trainings cannot be compared: ${JSON.stringify(runs)}`);

  const objects = await exportCoco(session, folder);
  told(`${objects} objects exported`);
  return { ...runs, strokes, objects };
}

async function measure(seed: number, place: string) {
  const [folder, unseen] = [join(place, "scenes"), join(place, "unseen")];
  const scenes = await drawScenes(folder, { seed, count: tagged });
  const others = await drawScenes(unseen, { seed: seed + 1000, count: heldOut });
  const begin = performance.now();
  const told = (what: string): void => {
    const seconds = Math.round((performance.now() - begin) / 1000);
    console.error(`seed ${seed}, ${seconds} s: ${what}`);
  };
  const studio = await startStudio(folder);
  // Otherwise the browser is closed alone, and this goes on without it.
  const stop = (): void => void studio.stop().finally(() => process.exit(1));
  process.once("SIGTERM", stop).once("SIGINT", stop);
  const browser = await launchChromium();
  try {
    await studio.indexed();
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: "en" });
    page.setDefaultTimeout(120_000);
    await page.goto(studio.url);
    const user = new ScriptedUser(page, studio);
    const session = { page, studio, user, scenes, told };
    const { first, plain, helped, strokes, objects } = await work(session, folder).catch(
      async (error: unknown) => {
        const shown = await page.locator("body").innerText({ timeout: 5000 }).catch(String);
        told(`failed; ${page.url()} shows:\n${shown}`);
        throw error;
      },
    );
    const score = ({ path }: Run): Promise<number> => meanIou(path, others, unseen);
    const scores = { first: await score(first), plain: await score(plain), helped: await score(helped) }; // prettier-ignore
    told("scored");
    return { strokes, objects, ...scores };
  } finally {
    await browser.close();
    await studio.stop();
    process.off("SIGTERM", stop).off("SIGINT", stop);
  }
}

const percent = (share: number): string => (100 * share).toFixed(1).padStart(6);
console.log("seed  strokes  objects  before  60 more steps  with corrections");
for (const seed of values.seeds.split(",").map(Number)) {
  const place = await mkdtemp(join(tmpdir(), "studio-session-"));
  try {
    const { strokes, objects, first, plain, helped } = await measure(seed, place);
    const isBetter = helped > plain && objects > 0;
    if (!isBetter) process.exitCode = 1;
    console.log(
      `${seed}     ${String(strokes).padStart(6)} ${String(objects).padStart(8)}   ${percent(first)} ${percent(plain)}         ${percent(helped)}  ${isBetter ? "ok" : "FAILED"}`,
    );
  } finally {
    if (values.keep) console.log(place);
    else await rm(place, { recursive: true, force: true });
  }
}
