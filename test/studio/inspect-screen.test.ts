import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { openSegmenter } from "../../src/jobs/open-segmenter.ts";
import { hexColor, overlayColor } from "../../src/method/images/overlay.ts";
import { resizeMaps } from "../../src/method/images/resize-maps.ts";
import { networkImage } from "../../src/method/inference/long-side.ts";
import type { Segmenter } from "../../src/method/inference/segmenter.ts";
import {
  mergeCam,
  pseudoLabel,
  refinePseudoLabel,
  tokenAffinity,
  windowRadius,
} from "../../src/method/labels/index.ts";
import { parOf } from "../../src/method/refine/par.ts";
import { decodeLayers } from "../../src/studio/layers.ts";
import type { ImageDetails, Project, Run } from "../../src/studio/protocol.ts";
import { encodeRecords } from "../../src/studio/records.ts";
import { missing, useBrowser } from "./open-page.ts";
import { detailsOf } from "./review-folder.ts";
import { useSceneStudio } from "./scene-studio.ts";
import { waitUntil } from "./start-studio.ts";
import { tinyRun } from "./tiny-run.ts";

const side = 64;

describe.skipIf(missing !== null)("the inspect screen", () => {
  const browser = useBrowser();
  const { studio, folder } = useSceneStudio(6, { size: side, tagged: 6 });
  let image: ImageDetails;
  let segmenter: Segmenter;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    if (missing !== null) return;
    const set = { ...tinyRun.set, "train.camSteps": 2, "train.affinitySteps": 3 };
    await studio().send("POST", "/api/runs", { ...tinyRun, steps: 4, set });
    await waitUntil(async () => {
      const run = await studio().get<Run>("/api/runs/run-1");
      if (run.state === "failed") throw new Error(run.error!);
      return run.state === "done";
    });
    const all = await Promise.all([0, 1, 2, 3, 4, 5].map((id) => detailsOf(studio(), id)));
    image = all.find(({ tags }) => tags.length > 1)!;
    const run = join(folder(), ".tag2mask/runs/run-1");
    segmenter = await openSegmenter(nodeHost, run, { device: "cpu" });
    ({ page, complaints } = await browser.open(studio().url));
    await page.evaluate(`location.hash = "#/inspect/${image.id}"`);
    await page.getByRole("slider", { name: "β low" }).waitFor();
    await page.getByRole("slider", { name: "Opacity" }).press("End");
  });
  afterAll(async () => segmenter?.release());

  /** Class activations and affinity, as labeling and training compute them. */
  async function activations() {
    const { config } = segmenter.model;
    const pixels = await nodeHost.codec.decode(join(folder(), image.file));
    return segmenter.needActivations().run(networkImage(pixels, config.data, config.eval));
  }

  /** The layers as the page gets them, and the activations among them. */
  async function storedLayers() {
    const answer = await studio().request(`/api/images/${image.id}/layers?model=run-1`);
    const { head, parts } = decodeLayers(new Uint8Array(await answer.arrayBuffer()));
    const data = Float32Array.from(parts.cam, (level) => level / 255);
    return { head, stored: { ...head.shapes.cam, data } };
  }

  /** What is drawn over the image at the middles of a grid's cells, [rows · columns] of red, green, blue and alpha. */
  async function drawn(columns: number): Promise<number[][]> {
    return page.evaluate(`new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => {
      const canvas = document.querySelectorAll(".canvas canvas")[1];
      const { width, height } = canvas;
      const scale = Math.min(8, (width - 24) / ${side}, (height - 24) / ${side});
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      const at = (space, i) => Math.floor((space - ${side} * scale) / 2 + ((i + 0.5) / ${columns}) * ${side} * scale);
      const cells = [];
      for (let y = 0; y < ${columns}; y++) {
        for (let x = 0; x < ${columns}; x++) {
          const p = 4 * (at(height, y) * width + at(width, x));
          cells.push([...data.subarray(p, p + 4)]);
        }
      }
      resolve(cells);
    })))`);
  }

  /** The labels that are drawn: nothing for background, a class in its color, hatched where it is ignored. */
  async function drawnLabels(columns = side / 4): Promise<number[]> {
    const colors = new Map(
      image.tags.map((tag) => [hexColor(overlayColor(tag + 1)).toLowerCase(), tag + 1]),
    );
    return (await drawn(columns)).map(([red, green, blue, alpha]) => {
      if (alpha === 0) return 0;
      if (alpha! < 255) return 255;
      const hex = [red!, green!, blue!].map((value) => value.toString(16).padStart(2, "0"));
      return colors.get(`#${hex.join("")}`) ?? -1;
    });
  }

  test("the thresholds, moved by keyboard, draw exactly the pseudo label that the method makes with them", async () => {
    const { stored } = await storedLayers();
    const { scales } = await activations();
    const exact = mergeCam(scales, image.tags, side / 4, side / 4);
    const [low, high] = ["β low", "β high"].map((name) => page.getByRole("slider", { name }));
    const seen = new Set<string>();
    for (const moves of [
      async () => {
        for (let i = 0; i < 4; i++) await low!.press("ArrowLeft");
        for (let i = 0; i < 6; i++) await high!.press("ArrowRight");
      },
      // The higher one takes the lower one along.
      async () => {
        await high!.press("Home");
        for (let i = 0; i < 2; i++) await high!.press("PageUp");
      },
      async () => {
        await high!.press("End");
        await low!.press("ArrowRight");
      },
    ]) {
      await moves();
      const values = await Promise.all([low!, high!].map((slider) => slider.inputValue()));
      const thresholds = { low: Number(values[0]), high: Number(values[1]) };
      const expected = [...pseudoLabel(stored, image.tags, thresholds).data];
      await expect.poll(drawnLabels).toEqual(expected);
      seen.add(expected.join());
      // The page has the activations in 256 levels: only where a score lies between two of them can its label be another one.
      const { data } = pseudoLabel(exact, image.tags, thresholds);
      const pixels = data.length;
      for (const [p, label] of data.entries()) {
        const scores = image.tags.map((_, k) => exact.data[k * pixels + p]!).sort((a, b) => b - a);
        const isNear = (value: number) => Math.abs(scores[0]! - value) <= 1 / 255;
        if ([thresholds.low, thresholds.high, scores[1]!].some(isNear)) continue;
        expect(expected[p]).toBe(label);
      }
    }
    expect(seen.size).toBe(3);
    const note = page.getByText(
      "Only the pseudo labels of the activations, before and after PAR, follow",
    );
    expect(await note.isVisible()).toBe(true);
    await page.getByRole("button", { name: "Those of the model" }).click();
    await note.waitFor({ state: "detached" });
    expect(complaints).toEqual([]);
  });

  test("after PAR they draw exactly what the method makes of the stored activations with the model's own settings of PAR", async () => {
    const { head, stored } = await storedLayers();
    const { config } = segmenter.model;
    expect(head.par).toEqual({
      iterations: config.pseudo.parIterations,
      dilations: config.pseudo.parDilations,
    });
    const pixels = await nodeHost.codec.decode(join(folder(), image.file));
    const cam = resizeMaps(stored, side, side);
    const [low, high] = ["β low", "β high"].map((name) => page.getByRole("slider", { name }));
    await page.getByRole("radio", { name: "after PAR", exact: true }).check();
    const seen = new Set<string>();
    for (const move of [
      async () => undefined,
      async () => {
        for (let i = 0; i < 3; i++) await low!.press("ArrowLeft");
        for (let i = 0; i < 9; i++) await high!.press("ArrowLeft");
      },
      async () => {
        await low!.press("Home");
        for (let i = 0; i < 3; i++) await low!.press("PageUp");
      },
    ]) {
      await move();
      const values = await Promise.all([low!, high!].map((slider) => slider.inputValue()));
      const thresholds = { low: Number(values[0]), high: Number(values[1]) };
      const par = parOf(config);
      const refined = refinePseudoLabel(pixels, cam, image.tags, { ...thresholds, par });
      const expected = [...refined.data];
      await expect.poll(() => drawnLabels(side)).toEqual(expected);
      seen.add(expected.join());
    }
    // PAR and the thresholds make a difference, or this would show nothing.
    expect(seen.size).toBe(3);
    expect(new Set([...seen].flatMap((labels) => labels.split(","))).size).toBeGreaterThan(2);
    await page.getByText(`at half of the network's input, ${side / 2} × ${side / 2}`).waitFor();

    await page.getByRole("application").hover();
    const why = page.getByRole("region", { name: "Why this pixel is what it is" });
    for (const step of [
      "activations after PAR, β low",
      "activations after PAR, β high",
      "pseudo label of the activations, after PAR",
    ]) {
      await why.getByRole("rowheader", { name: step }).waitFor();
    }
    await page.getByRole("radio", { name: "before PAR", exact: true }).check();
    const values = await Promise.all([low!, high!].map((slider) => slider.inputValue()));
    const thresholds = { low: Number(values[0]), high: Number(values[1]) };
    const before = [...pseudoLabel(stored, image.tags, thresholds).data];
    await expect.poll(() => drawnLabels()).toEqual(before);
    expect(complaints).toEqual([]);
  });

  test("all drafts are made anew with the thresholds that are shown, once a person agrees", async () => {
    const project = () => studio().get<Project>("/api/project");
    const made = async () => (await project()).models[0]!.drafts;
    await expect.poll(made).toBe(6);
    await page.getByRole("button", { name: "Those of the model" }).click();
    await page.getByRole("slider", { name: "β low" }).press("ArrowLeft");
    const values = await Promise.all(["β low", "β high"].map((name) => page.getByRole("slider", { name }).inputValue())); // prettier-ignore
    const [low, high] = values.map(Number);
    const button = page.getByRole("button", { name: "Relabel all with these …" });
    await button.click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(`6 drafts of this model are made anew with β ${low!.toFixed(2)} and ${high!.toFixed(2)}`).waitFor(); // prettier-ignore
    await dialog.getByRole("button", { name: "Cancel" }).click();
    expect((await project()).models[0]!.method).toBeNull();
    await button.click();
    await dialog.getByRole("radio", { name: "the activations after the affinity" }).check();
    await dialog.getByRole("button", { name: "Relabel all" }).click();
    await expect.poll(async () => (await project()).models[0]!.method).toEqual({ from: "affinity", low, high }); // prettier-ignore
    await expect.poll(made).toBe(6);
    await page.getByRole("button", { name: "Usual drafts again …" }).click();
    await dialog.getByRole("button", { name: "Make them" }).click();
    await expect.poll(async () => (await project()).models[0]!.method).toBeNull();
    await expect.poll(made).toBe(6);
    expect(complaints).toEqual([]);
  });

  test("a token, chosen by click or by keyboard, shows its row of the affinity, what it spreads and what it receives", async () => {
    const { affinity } = await activations();
    const { width, height } = affinity;
    const radius = windowRadius(segmenter.model.config.pseudo.radius, affinity);
    const canvas = page.getByRole("application");
    const box = (await canvas.boundingBox())!;
    const scale = Math.min(8, (box.width - 24) / side, (box.height - 24) / side);
    const clicked = 1 * width + 2;
    const click = async (): Promise<void> => {
      const at = (space: number, i: number, count: number) =>
        (space - side * scale) / 2 + ((i + 0.5) / count) * side * scale;
      const position = { x: at(box.width, 2, width), y: at(box.height, 1, height) };
      await canvas.click({ position });
    };
    const press = async (): Promise<void> => {
      // From the place that was clicked, a token further to the left and one down.
      await canvas.focus();
      for (let i = 0; i < Math.round(side / width); i++) await page.keyboard.press("ArrowLeft");
      for (let i = 0; i < Math.round(side / height); i++) await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Space");
    };
    for (const [choose, token] of [
      [click, clicked],
      [press, clicked - 1 + width],
    ] as const) {
      await choose();
      const expected = tokenAffinity(affinity, token, radius);
      const place = `${token % width}, ${Math.floor(token / width)}`;
      const panel = page.getByRole("region", { name: `Token (${place})` });
      const share = expected.receives[token]!.toLocaleString("en", {
        ...{ style: "percent", maximumFractionDigits: 1 },
      });
      await panel.getByText(`keeps ${share} of its own score`).waitFor();
      for (const [name, of] of [
        ["affinity", "affinity"],
        ["spreads to", "spreads"],
        ["receives from", "receives"],
      ] as const) {
        await page.getByRole("radio", { name: `token: ${name}` }).check();
        const row = expected[of];
        const highest = Math.max(...row);
        const alphas = async () => (await drawn(width)).map((cell) => cell[3]!);
        const worst = async () =>
          Math.max(...(await alphas()).map((a, i) => Math.abs(a - (255 * row[i]!) / highest)));
        // The canvas is smooth between the middles of the tokens, and rounds.
        await expect.poll(worst).toBeLessThanOrEqual(2);
      }
    }
    expect(complaints).toEqual([]);
  });

  test("the images before and after are those of the names, wherever in the list", async () => {
    const name = page.locator(".inspect-head h1");
    // A list of which the first answer does not have the image, as of more than 10,000.
    const list = { total: 10_006, next: 10_000, records: [] };
    await page.route("**/api/images?*", (route) =>
      route.fulfill({
        contentType: "application/octet-stream",
        body: Buffer.from(encodeRecords(list)),
      }),
    );
    await page.evaluate(`location.hash = "#/tag"`);
    await page.evaluate(`location.hash = "#/inspect/4"`);
    await expect.poll(() => name.innerText()).toBe("scene-004.png");
    const [before, after] = [/Previous image/, /Next image/].map((one) => page.getByRole("button", { name: one })); // prettier-ignore
    await expect.poll(() => after!.isEnabled()).toBe(true);
    await page.keyboard.press("PageDown");
    await expect.poll(() => name.innerText()).toBe("scene-005.png");
    await expect.poll(() => before!.isEnabled()).toBe(true);
    expect(await after!.isEnabled()).toBe(false);
    await page.keyboard.press("PageUp");
    await expect.poll(() => name.innerText()).toBe("scene-004.png");
  });
});
