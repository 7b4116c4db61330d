import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { nodeCodec } from "../src/host/node/images/codec.ts";
import { ignoreIndex, type LabelMap } from "../src/method/images/image.ts";
import { fitView, type Point, type Size } from "../src/studio/page/canvas/view.ts";
import { encodePatch } from "../src/studio/patches.ts";
import type { ImageDetails, Project } from "../src/studio/protocol.ts";
import { decodeRecords } from "../src/studio/records.ts";
import { launchChromium } from "../test/browser/launch.ts";
import { startStudio, waitUntil, type StartedStudio } from "../test/studio/start-studio.ts";
import { shortRecipe, train, trainSample } from "./studio-session/trained-sample.ts";

// The pictures of docs/studio.md: every screen of a studio with a trained model, light, dark and in a narrow window. Fails if a screen
// is wider than its window. The page has to be built. `--keep DIR` leaves the trained project there and takes it again the next time.
const { values } = parseArgs({
  options: {
    out: { type: "string", default: "docs/studio" },
    keep: { type: "string" },
    only: { type: "string" },
    steps: { type: "string", default: "180" },
  },
});

/** Images judged before the pictures are taken, so that the review has an estimate and a second training learns from them. */
const judged = 26;

const looks = {
  "": { viewport: { width: 1280, height: 860 }, colorScheme: "light" },
  "-dark": { viewport: { width: 1280, height: 860 }, colorScheme: "dark" },
  "-narrow": { viewport: { width: 420, height: 860 }, colorScheme: "light" },
} as const;

type Show = (page: Page) => Promise<void>;

/** What is done in each screen before its picture. */
const screens: Readonly<Record<string, Show>> = {
  tag: async (page) => {
    await open(page, "tag");
    await page.locator(".cell").nth(6).click();
    await page.locator("button.chip").first().or(page.getByText("Nothing else")).first().waitFor();
    await allPictures(page, ".cell:not([hidden]) img");
  },
  train: async (page) => {
    await open(page, "train");
    await page.locator(".chart canvas").first().waitFor();
    await page.locator(".per-class").first().waitFor();
    await allPictures(page, ".samples img");
  },
  inspect: async (page) => {
    await openInspected(page);
    await page.getByLabel("Compare two by wiping").check();
    const [left, right] = [page.locator(".layer-list").first(), page.locator(".layer-list").nth(1)];
    await left
      .getByRole("radio", { name: /^activations/ })
      .first()
      .check();
    await right.getByRole("radio", { name: "mask after the CRF" }).check();
    await pointAt(page, shown.object);
    // PAR is computed once somebody points at a pixel.
    await page.getByText("activations after PAR, β low").waitFor();
  },
  affinity: async (page) => {
    await openInspected(page);
    const { x, y } = await pointAt(page, shown.object);
    await page.mouse.click(x, y);
    await page.getByRole("radio", { name: "token: spreads to" }).check();
    await page.mouse.move(x, y);
  },
  review: async (page) => {
    await open(page, "review");
    await page.locator(".review-image h2").waitFor();
    await allPictures(page, ".queue-thumb img");
    await page.keyboard.press("1");
    const box = (await page.locator(".canvas").boundingBox())!;
    const side = Math.min(box.width, box.height);
    const at = (dx: number, dy: number) =>
      [box.x + box.width / 2 + dx * side, box.y + box.height / 2 + dy * side] as const;
    await page.mouse.move(...at(-0.2, 0.3));
    await page.mouse.down();
    await page.mouse.move(...at(0.05, 0.22), { steps: 8 });
    await page.mouse.move(...at(0.25, 0.3), { steps: 8 });
    await page.mouse.up();
    await page.locator(".saved-state.saved").waitFor();
    await page.locator(".summary:not(:empty)").waitFor();
  },
  export: async (page) => {
    await open(page, "export");
    await page.getByRole("checkbox", { name: /^coco/ }).check();
    await page.getByRole("checkbox", { name: /^yolo/ }).check();
    await page.getByText(/will be written/).waitFor();
  },
};

async function open(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = "#/${hash}"`);
  await page.locator(`main[data-screen=${hash.split("/")[0]}]`).waitFor();
}

async function openInspected(page: Page): Promise<void> {
  await open(page, `inspect/${shown.id}`);
  await page.getByRole("radio", { name: "mask after the CRF" }).waitFor();
}

/** Moves the mouse to a pixel of the image that is shown. */
async function pointAt(page: Page, { x, y }: Point): Promise<Point> {
  const canvas = page.locator(".canvas");
  await canvas.scrollIntoViewIfNeeded();
  const box = (await canvas.boundingBox())!;
  const view = fitView(shown.size, box);
  const at = {
    x: box.x + view.x + (x + 0.5) * view.scale,
    y: box.y + view.y + (y + 0.5) * view.scale,
  };
  await page.mouse.move(at.x, at.y);
  return at;
}

async function allPictures(page: Page, selector: string): Promise<void> {
  // In its own realm, as the page's policy lets no text be run.
  const areThere = `[...document.querySelectorAll(${JSON.stringify(selector)})].every((one) => one.complete && one.naturalWidth > 0)`;
  await waitUntil(() => page.evaluate<boolean>(areThere));
}

/** Makes the project that is shown, unless it is there, in a session of its own: its pace is no person's. */
async function prepare(folder: string): Promise<void> {
  const studio = await startStudio(folder);
  try {
    await trainSample(studio, { steps: Number(values.steps) });
    const { models } = await studio.get<Project>("/api/project");
    if (models.length === 1) await reviewAndTrainAgain(studio, folder);
  } finally {
    await studio.stop();
  }
}

/** What a person would do between two trainings: most masks are corrected, to the true ones. Then the second training. */
async function reviewAndTrainAgain(studio: StartedStudio, folder: string): Promise<void> {
  const queue = await studio.request("/api/images?sort=queue");
  const { records } = decodeRecords(new Uint8Array(await queue.arrayBuffer()));
  const ids = records.slice(0, judged).map(({ id }) => id);
  const details = await studio.send<ImageDetails[]>("POST", "/api/images/details", { ids });
  for (const [i, { id, name, maskRev }] of details.entries()) {
    const verdict = i % 9 === 7 ? "unsure" : "accepted";
    let rev = maskRev;
    if (verdict === "accepted") {
      const truth = await nodeCodec.decodeLabels(join(folder, "masks", `${name}.png`));
      const patch = { x: 0, y: 0, width: truth.width, height: truth.height, labels: truth.data };
      const answer = await studio.request(`/api/images/${id}/strokes`, {
        method: "POST",
        headers: { "if-match": String(rev) },
        body: Uint8Array.from(encodePatch(patch)),
      });
      ({ rev } = (await answer.json()) as { rev: number });
    }
    await studio.send("POST", `/api/images/${id}/verdict`, { rev, verdict });
  }
  const [first] = (await studio.get<Project>("/api/project")).models;
  const recipe = shortRecipe(Math.round(Number(values.steps) / 3));
  await train(studio, { ...recipe, from: first!.id });
}

/** The image that Inspect shows: the first with two tags, and a pixel well inside an object of it. */
let shown: {
  readonly id: number;
  readonly size: Size;
  readonly object: Point;
};

async function chooseImage(studio: StartedStudio, folder: string): Promise<void> {
  const ids = Array.from({ length: 60 }, (_, id) => id);
  const details = await studio.send<ImageDetails[]>("POST", "/api/images/details", { ids });
  const { id, name } = details.find(({ tags }) => tags.length === 2)!;
  const mask = await nodeCodec.decodeLabels(join(folder, "masks", `${name}.png`));
  shown = { id, size: mask, object: innermost(mask) };
}

/** The pixel of a class that is farthest from all others. */
function innermost({ width, height, data }: LabelMap): Point {
  let [best, most] = [{ x: 0, y: 0 }, -1];
  const isAlike = (x: number, y: number, label: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === label;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const label = data[y * width + x]!;
      if (label === 0 || label === ignoreIndex) continue;
      let reach = 0;
      while ([[1, 0], [-1, 0], [0, 1], [0, -1]].every(([dx, dy]) => isAlike(x + dx! * (reach + 1), y + dy! * (reach + 1), label))) reach++; // prettier-ignore
      if (reach > most) [best, most] = [{ x, y }, reach];
    }
  }
  return best;
}

async function picture(browser: Browser, url: string, name: string, show: Show): Promise<void> {
  for (const [suffix, look] of Object.entries(looks)) {
    const context = await browser.newContext({ ...look, locale: "en", deviceScaleFactor: 1 });
    const page = await context.newPage();
    page.setDefaultTimeout(240_000);
    await page.goto(url);
    await page.locator("main[data-screen]").waitFor();
    await show(page);
    const wider = await page.evaluate<
      string[]
    >(`[...document.querySelectorAll("html, main, main *")]
      .filter((one) => one.scrollWidth > one.clientWidth + 1
        && (one.localName === "html" || /auto|scroll/.test(getComputedStyle(one).overflowX)))
      .map((one) => one.className || one.localName)`);
    if (wider.length > 0) {
      console.log(`${name}${suffix}: wider than its place: ${wider.join(", ")}`);
      process.exitCode = 1;
    }
    const file = join(values.out, `${name}${suffix}.webp`);
    await writeFile(file, await sharp(await page.screenshot()).webp({ quality: 82, effort: 6 }).toBuffer()); // prettier-ignore
    await context.close();
  }
}

const isWanted = (name: string): boolean => values.only?.split(",").includes(name) ?? true;
const work = values.keep ?? (await mkdtemp(join(tmpdir(), "studio-pictures-")));
const browser = await launchChromium();
try {
  await mkdir(values.out, { recursive: true });
  if (isWanted("start")) {
    const empty = join(work, "empty", "photos");
    await mkdir(empty, { recursive: true });
    const studio = await startStudio(empty);
    await studio.indexed();
    await picture(browser, studio.url, "start", (page) =>
      page.getByText("no images yet").waitFor(),
    );
    await studio.stop();
  }
  const folder = join(work, "photos");
  await mkdir(folder, { recursive: true });
  await prepare(folder);
  const studio = await startStudio(folder);
  try {
    await studio.indexed();
    await chooseImage(studio, folder);
    for (const [name, show] of Object.entries(screens)) {
      if (isWanted(name)) await picture(browser, studio.url, name, show);
    }
  } finally {
    await studio.stop();
  }
} finally {
  await browser.close();
  if (values.keep === undefined) await rm(work, { recursive: true, force: true });
}
let bytes = 0;
for (const file of await readdir(values.out)) bytes += (await stat(join(values.out, file))).size;
console.log(`${values.out}: ${Math.round(bytes / 1000)} kB`);
