import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeSafetensors, generateScene, Segmenter } from "../../src/index.ts";
import { commandLine } from "../built.ts";
import { missing } from "./launch.ts";
import { expectAccessible } from "./axe.ts";
import { startDemo, tiny } from "./page-demo.ts";
import { isDone, steps } from "./page-progress.ts";
import { PageSite } from "./page-site.ts";

describe.skipIf(missing !== null)("trainings of the page in Chromium", () => {
  let site: PageSite;
  const file = (name: string): string => join(site.folder, name);
  const save = (page: Page, what: string) =>
    site.saved(page, () => page.getByRole("button", { name: what }).click());
  const unpack = (zip: Uint8Array, folder: string): void => {
    for (const [path, bytes] of Object.entries(unzipSync(zip))) {
      mkdirSync(dirname(file(`${folder}/${path}`)), { recursive: true });
      writeFileSync(file(`${folder}/${path}`), bytes);
    }
  };
  beforeAll(async () => void (site = await PageSite.open()), 180_000);
  afterAll(() => site?.close());

  test("without a network, pictures show what a training sees; its export segments in Node, and its run goes on in Node's command line", async () => {
    const page = await site.tab("#/demo");
    await page.getByText("Works offline.").waitFor();
    await site.context.setOffline(true);
    await startDemo(page, { name: "taken", steps: 150 });
    await page.getByRole("heading", { name: /What it sees after step \d+/ }).waitFor();
    expect(await page.getByAltText(/^Where it looks: /).count()).toBeGreaterThan(0);
    expect(await page.title()).toMatch(/^\d+ % · taken · tag2mask$/);
    await page.getByRole("button", { name: "Stop" }).click();
    const stopped = page.locator("[data-state=stopped]");
    await stopped.waitFor();
    const step = Number(/after step (\d+) of 150/.exec(await stopped.innerText())![1]);

    writeFileSync(file("taken.onnx"), await save(page, "Model for other programs"));
    const segmenter = await Segmenter.open(file("taken.onnx"), { device: "cpu" });
    const mask = await segmenter.segment(generateScene({ seed: 1, index: 0, size: 64 }).image);
    await segmenter.release();
    expect(mask.data).toHaveLength(64 * 64);
    expect(unzipSync(await save(page, "Files for transformers.js"))).toHaveProperty(
      "taken/onnx/model.onnx",
    );

    unpack(await save(page, "The whole run"), "run");
    unpack(await save(page, "The images"), "images");
    const log = execFileSync(
      process.execPath,
      [...commandLine, "train", "--resume", file("run"), "--data", file("images"), "--json"],
      { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
    );
    expect(log).toContain(`"step":${step}`);
    const weights = readFileSync(file("run/weights/last.safetensors"));
    expect(decodeSafetensors(weights, "last").metadata["step"]).toBe("150");

    // The model is used at once, and the run can be deleted.
    await page.getByRole("button", { name: "Use on photographs" }).click();
    await page.getByText(/^taken: 5 classes|^taken: \d+ classes/).waitFor();
    await page.getByRole("link", { name: "Start" }).click();
    const item = page.getByRole("listitem", { name: "taken" });
    await item.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete it" }).click();
    await item.waitFor({ state: "detached" });
    await site.context.setOffline(false);
    await page.close();
  });

  test("a dropped folder is copied, so that its training goes on after the visit; axe finds nothing while it runs and once it has stopped", async () => {
    const { writeScenes } = await import("../../src/index.ts");
    await writeScenes(file("animals"), { count: 6, size: 64, seed: 1, valCount: 2 });
    const page = await site.tab("#/train");
    await page.locator("input[webkitdirectory]").setInputFiles(file("animals"));
    await page.getByLabel("Steps", { exact: true }).fill("2000");
    await page.getByLabel("Crop", { exact: true }).fill("64");
    await page.getByLabel("Batch", { exact: true }).fill("2");
    await page.getByText("More settings").click();
    await page.getByLabel("Others").fill(tiny);
    const start = page.getByRole("button", { name: "Start the training" });
    await expect.poll(() => start.isEnabled()).toBe(true);
    await start.click();
    await steps(page, 4);
    await page.close({ runBeforeUnload: false });
    const again = await site.tab();
    const item = again.getByRole("listitem", { name: "animals" });
    await item.getByRole("button", { name: "Go on" }).click();
    await again.getByRole("heading", { name: /What it sees after step \d+/ }).waitFor();
    await expectAccessible(again);
    await again.getByRole("button", { name: "Stop" }).click();
    await again.locator("[data-state=stopped]").waitFor();
    await expectAccessible(again);
    const images = unzipSync(await save(again, "The images"));
    expect(Object.keys(images).filter((path) => path.startsWith("images/"))).toHaveLength(6);
    await again.close();
  });

  /** Goes on with a training from the start page, to its end. */
  async function goOn(page: Page, name: string): Promise<void> {
    await page.getByRole("link", { name: "Start" }).click();
    await page.getByRole("listitem", { name }).getByRole("button", { name: "Go on" }).click();
    await isDone(page);
  }

  test("a full storage ends a training in words, and it goes on from its last checkpoint once there is room", async () => {
    const page = await site.tab("#/demo");
    await startDemo(page, { name: "full", steps: 14 });
    await steps(page, 4);
    const session = await site.context.newCDPSession(page);
    const { origin } = new URL(page.url());
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1 });
    const failure = page.getByRole("alert");
    expect(await failure.innerText()).toContain("the browser gives this site no more storage");
    await session.send("Storage.overrideQuotaForOrigin", { origin });
    await goOn(page, "full");
    await page.close();
  });

  test("a training whose worker dies says so, and goes on from its last checkpoint", async () => {
    const page = await site.tab("#/demo");
    await startDemo(page, { name: "dying", steps: 14 });
    await steps(page, 4);
    const own = page.workers().filter((worker) => /\/main-[^/]*\.js$/.test(worker.url()));
    expect(own.length).toBeGreaterThan(0);
    // As where its memory is used up in the middle of what nobody waits for.
    const dying = 'setTimeout(() => { throw new Error("out of memory"); })';
    await Promise.all(own.map((worker) => worker.evaluate(dying)));
    expect(await page.getByRole("alert").innerText()).toContain("out of memory");
    await goOn(page, "dying");
    await page.close();
  });
});
