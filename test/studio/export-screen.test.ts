import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { maskFormats } from "../../src/files/formats/formats.ts";
import { encodePatch } from "../../src/studio/patches.ts";
import type { Export, ExportRequest, Project, Run } from "../../src/studio/protocol.ts";
import { missing, useBrowser, type OpenedPage } from "./open-page.ts";
import { useSceneStudio } from "./scene-studio.ts";
import { waitUntil } from "./start-studio.ts";
import { tinyRun } from "./tiny-run.ts";

const side = 32;

describe.skipIf(missing !== null)("the export screen", () => {
  const browser = useBrowser();
  const { studio, folder } = useSceneStudio(4, { size: side, tagged: 4 });
  const exportsFolder = () => join(folder(), ".tag2mask/exports");
  const folders = () =>
    existsSync(exportsFolder())
      ? readdirSync(exportsFolder()).filter((name) => !name.startsWith("."))
      : [];

  beforeAll(async () => {
    if (missing !== null) return;
    // Two masks, one with pixels that are not known; the third is rejected, of the fourth there is none.
    for (const id of [0, 1, 2]) {
      const labels = new Uint8Array(side * side).fill(id === 1 ? 255 : 0);
      labels.fill(1, 0, 10 * side);
      await studio().request(`/api/images/${id}/strokes`, {
        method: "POST",
        headers: { "content-type": "application/octet-stream", "if-match": "0" },
        body: encodePatch({ x: 0, y: 0, width: side, height: side, labels }),
      });
      const verdict = id === 2 ? "rejected" : "accepted";
      await studio().send("POST", `/api/images/${id}/verdict`, { rev: 1, verdict });
    }
  });

  async function openExport(): Promise<OpenedPage> {
    const opened = await browser.open(studio().url);
    await opened.page.getByRole("link", { name: /^Export/ }).waitFor();
    await opened.page.keyboard.press("Alt+5");
    await opened.page.getByText("2 images will be written.").waitFor();
    return opened;
  }

  /** Goes on with Tab until something has the focus. */
  async function tabTo(page: Page, name: string): Promise<void> {
    const focused = `(() => {
      const { activeElement: element } = document;
      return (element.labels?.[0] ?? element).textContent.trim();
    })()`;
    for (let presses = 0; presses < 40; presses++) {
      if ((await page.evaluate<string>(focused)).startsWith(name)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`Tab does not lead to ${name}`);
  }

  const written = (page: Page, id: string) =>
    page.getByRole("listitem").filter({ has: page.getByText(id, { exact: true }) });

  test("each format is chosen by keyboard, what it loses is told before anything is written, and the files are there", async () => {
    const { page, complaints } = await openExport();
    for (const [i, format] of maskFormats.entries()) {
      await page.getByRole("radio", { name: /^Those that were accepted/ }).focus();
      // The first one is chosen already; then the one before gives way to the next.
      if (i > 0) {
        await tabTo(page, maskFormats[i - 1]!);
        await page.keyboard.press("Space");
        await page.getByText("Choose a format.").waitFor();
        await tabTo(page, format);
        await page.keyboard.press("Space");
      }
      const check = page.locator(".export-check");
      await check.getByText("2 images will be written.").waitFor();
      await check.getByText("1 left out: rejected").waitFor();
      await check.getByText("1 left out: no mask").waitFor();
      const losses = await check.locator(".warning").allInnerTexts();
      expect(losses).toEqual(
        format === "yolo" ? ["yolo: in 1 of 2 masks: ignored pixels became background"] : [],
      );
      expect(await check.getByText("Nothing is lost").isVisible()).toBe(format !== "yolo");
      expect(folders()).toEqual([...maskFormats.slice(0, i)].sort());
      await page.keyboard.press("Control+Enter");
      await written(page, format)
        .getByText(/\d+ files?$/)
        .waitFor();
      const path = join(exportsFolder(), format);
      expect(await written(page, format).getByText(path, { exact: true }).isVisible()).toBe(true);
      expect(readdirSync(path).length).toBeGreaterThan(0);
      expect(await written(page, format).locator(".warning").allInnerTexts()).toEqual(losses);
    }
    expect(complaints).toEqual([]);
  });

  test("a folder of that name, and one that cannot be written, are told in words that help", async () => {
    const { page } = await openExport();
    await page.route("**/api/export", (route) => {
      const request = { ...(route.request().postDataJSON() as ExportRequest), name: "taken" };
      return route.continue({ postData: JSON.stringify(request) });
    });
    const start = page.getByRole("button", { name: /^Export masks/ });
    await start.click();
    await written(page, "taken")
      .getByText(/files?$/)
      .waitFor();
    await start.click();
    await page.getByText("there is an export of this name already").waitFor();
    await page.unroute("**/api/export");

    // A file in the place of the folder keeps even those out who may write everywhere.
    const aside = `${exportsFolder()}-aside`;
    renameSync(exportsFolder(), aside);
    writeFileSync(exportsFolder(), "");
    try {
      await start.click();
      // The message before names a folder in it, and stands until someone closes it.
      await page
        .locator(".toast.error")
        .getByText(`${exportsFolder()}: the folder cannot be created`)
        .waitFor();
    } finally {
      rmSync(exportsFolder());
      renameSync(aside, exportsFolder());
    }
    await start.click();
    await expect.poll(() => folders().length).toBe(maskFormats.length + 2);
  });

  test("the model is exported with its card, and a choice that cannot be had is told", async () => {
    await studio().send("POST", "/api/runs", { ...tinyRun, steps: 2 });
    await waitUntil(async () => {
      const run = await studio().get<Run>("/api/runs/run-1");
      if (run.state === "failed") throw new Error(run.error!);
      return run.state === "done";
    });
    const { page, complaints } = await openExport();
    const format = page.getByRole("combobox", { name: "Format" });
    const precision = page.getByRole("combobox", { name: "Numbers" });
    const start = page.getByRole("button", { name: "Export the model" });
    await format.focus();
    await page.keyboard.type("trans");
    await precision.selectOption("fp16");
    await start.focus();
    await page.keyboard.press("Enter");
    await page.getByText("takes weights of 32 bits only").waitFor();
    await format.focus();
    await page.keyboard.type("onnx");
    await expect.poll(() => format.inputValue()).toBe("onnx");
    await start.focus();
    await page.keyboard.press("Enter");
    await written(page, "run-1-onnx")
      .getByText(/\d+ files?$/)
      .waitFor();
    const [one] = await studio().get<Export[]>("/api/exports");
    expect(one).toMatchObject({ id: "run-1-onnx", state: "done", error: null });
    const files = readdirSync(one!.path);
    expect(files.some((name) => name.endsWith(".onnx"))).toBe(true);
    // What those need to know who get the model and nothing else.
    const card = readFileSync(join(one!.path, "README.md"), "utf8");
    expect(card).toContain("library_name: onnx");
    expect(card).toContain("in 2 steps");
    expect(card).toContain("Weights are float16");
    expect(card).toContain("random weights: no license of others applies");
    const { classes } = await studio().get<Project>("/api/project");
    const told = [...card.matchAll(/^\| (\d+) \| (\S+) \|/gm)].map(([, label, name]) => `${label} ${name}`); // prettier-ignore
    expect(told).toEqual(["background", ...classes].map((name, label) => `${label} ${name}`));
    expect(complaints).toEqual([]);
  });
});
