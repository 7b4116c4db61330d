import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LostDetails } from "../../src/files/formats/lost-details.ts";
import { ImageFiles, openMasks } from "../../src/files/formats/open.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { exportModel, generateScene, openModel, Segmenter, writeScenes } from "../../src/index.ts";
import { writeVocCheckpoint } from "../jobs/exported-model.ts";
import { expectAccessible } from "./axe.ts";
import { missing } from "./launch.ts";
import { PageSite } from "./page-site.ts";

/** Chooses files in the place for them that has this name. */
async function choose(page: Page, place: string | RegExp, files: string[]): Promise<void> {
  await page.getByRole("group", { name: place }).locator("input[multiple], input:not([webkitdirectory])").first().setInputFiles(files); // prettier-ignore
}

async function chooseFolder(page: Page, place: string | RegExp, folder: string): Promise<void> {
  await page
    .getByRole("group", { name: place })
    .locator("input[webkitdirectory]")
    .setInputFiles(folder);
}

describe.skipIf(missing !== null)("the page in Chromium", () => {
  let site: PageSite;
  let photos: string[];
  const scenes = [0, 1].map((index) => generateScene({ seed: 3, index, size: 80 }).image);
  const file = (name: string): string => join(site.folder, name);
  beforeAll(async () => {
    site = await PageSite.open();
    writeVocCheckpoint(file("a.safetensors"));
    await exportModel(await openModel(file("a.safetensors")), { out: file("a.onnx") });
    photos = await Promise.all(
      scenes.map(async (scene, i) => {
        writeFileSync(file(`photo-${i}.png`), await nodeHost.codec.encode(scene, "png"));
        return file(`photo-${i}.png`);
      }),
    );
    writeFileSync(file("broken.jpg"), "no picture");
    await writeScenes(file("animals"), { count: 6, size: 64, seed: 1, valCount: 2 });
  }, 180_000);
  afterAll(() => site?.close());

  test("photographs and a model give Node's pixels, as a zip that Node reads in every format; axe finds nothing", async () => {
    const page = await site.tab("#/masks");
    await choose(page, /Drop a model/, [file("a.onnx")]);
    await choose(page, /Drop photographs/, photos);
    await page.getByText("2 of 2 done").waitFor();
    await page.locator("[data-mask=shown]").waitFor();
    await expectAccessible(page);
    for (const name of ["COCO", "Label Studio", "CVAT", "YOLO", "Ultralytics PNG"]) {
      await page.getByLabel(name, { exact: true }).check();
    }
    const zip = await site.saved(page, () => page.getByRole("button", { name: /as a zip/ }).click()); // prettier-ignore
    for (const [path, bytes] of Object.entries(unzipSync(zip))) {
      mkdirSync(dirname(file(`masks/${path}`)), { recursive: true });
      writeFileSync(file(`masks/${path}`), bytes);
    }
    const segmenter = await Segmenter.open(file("a.onnx"), { device: "cpu" });
    const expected = await Promise.all(scenes.map((scene) => segmenter.segment(scene)));
    await segmenter.release();
    for (const format of ["voc", "coco", "ultralytics"] as const) {
      const masks = await openMasks(nodeHost, file(`masks/${format}`), {
        ...{
          images: await ImageFiles.find(nodeHost.store, site.folder, site.folder),
          instances: "regions",
        },
        losses: new LostDetails(),
      });
      expect(masks.classes).toEqual(expected[0]!.classes);
      const byName = new Map<string, Uint8Array>();
      for (const entry of masks.entries) byName.set(entry.name, (await entry.read()).data);
      await masks.close();
      for (const [i, { data }] of expected.entries()) {
        expect(new Set(data).size).toBeGreaterThan(1);
        expect(byName.get(`photo-${i}`), format).toEqual(data);
      }
    }
    await page.close();
  });

  test("masks take less than 148 kB of the page's own JavaScript, compressed by gzip", async () => {
    const page = await site.context.newPage();
    const loaded = site.countScripts(page);
    await page.goto(`${site.url}#/masks`);
    await choose(page, /Drop a model/, [file("a.onnx")]);
    await choose(page, /Drop photographs/, photos);
    await page.getByText("2 of 2 done").waitFor();
    expect(loaded()).toBeGreaterThan(100_000);
    expect(loaded()).toBeLessThan(148_000);
    await page.close();
  });

  test("known tags leave nothing else in a mask, and what is no image or no model says so in its place", async () => {
    const page = await site.tab("#/masks");
    await choose(page, /Drop a model/, [file("a.safetensors")]);
    await choose(page, /Drop photographs/, [...photos, file("broken.jpg")]);
    await page.getByText("2 of 3 done").waitFor();
    await page.getByRole("button", { name: "cow", exact: true }).click();
    await expect
      .poll(() => page.locator(".legend li span:nth-child(2)").allInnerTexts())
      .toSatisfy((names: string[]) => names.length > 0 && names.every((name) => ["background", "cow"].includes(name))); // prettier-ignore
    await page.getByRole("button", { name: /^broken.jpg/ }).click();
    const alert = page.getByRole("alert");
    expect(await alert.innerText()).toMatch(/broken\.jpg: .*(image|read)/i);
    await page.getByRole("button", { name: "Other model" }).click();
    await choose(page, /Drop a model/, [photos[0]!]);
    await page.getByText("photo-0.png: is no model").waitFor();
    await page.close();
  });

  test("a training that cannot fit is refused before it starts, with its size and a setting that fits", async () => {
    const page = await site.tab("#/train");
    await chooseFolder(page, /Drop a folder/, file("animals"));
    await page.getByText("4 images to train on, 2 images to check on").waitFor();
    const start = page.getByRole("button", { name: "Start the training" });
    await expect.poll(() => start.isEnabled()).toBe(true);
    await expectAccessible(page);
    await page.getByLabel("Crop").fill("2048");
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/memory: this training takes at least [\d.]+ GB, but a page may take 3\.9 GB .*make the crop smaller: \d+ fits/); // prettier-ignore
    expect(await start.isEnabled()).toBe(false);
    await page.getByRole("button", { name: /^Take \d+/ }).click();
    await expect.poll(() => start.isEnabled()).toBe(true);
    await page.getByText("More settings").click();
    await page.getByLabel("Others").fill("data.maxsides: 96");
    expect(await alert.innerText()).toContain("data.maxSide");
    expect(await start.isEnabled()).toBe(false);
    await page.close();
  });

  test("photographs without tags are tagged here, by keyboard too", async () => {
    const page = await site.tab("#/train");
    await choose(page, /Drop a folder/, [...photos, file("broken.jpg")]);
    await page.getByText(/^broken.jpg is left out/).waitFor();
    const name = page.getByLabel("New class");
    await name.fill("disk");
    await name.press("Enter");
    await page.getByRole("button", { name: "photo-0.png no class yet" }).focus();
    await page.keyboard.press("Enter");
    await name.fill("ring, thin");
    await name.press("Enter");
    for (const i of [0, 1]) await page.getByRole("button", { name: `photo-${i}.png` }).click();
    await page.getByText("2 of 2 photographs tagged").waitFor();
    await expectAccessible(page);
    await page.getByRole("button", { name: "Use these tags" }).click();
    await page.getByText("Found in photographs").waitFor();
    const counts = await page.locator(".class-counts li").allInnerTexts();
    expect(counts.map((text) => text.replace(/\s+/g, " ").trim())).toHaveLength(2);
    expect(counts.join()).toContain("ring, thin");
    await page.close();
  });

  test("axe finds nothing on the start page", async () => {
    const page = await site.tab();
    await page.getByText(/None yet/).waitFor();
    await expectAccessible(page);
    await page.close();
  });
});
