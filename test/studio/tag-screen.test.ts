import { readFile, writeFile } from "node:fs/promises";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import type { ImageDetails, TagChanges } from "../../src/studio/protocol.ts";
import { missing, useBrowser } from "./open-page.ts";
import { writeScenes } from "./scene-folder.ts";
import { startStudio, waitUntil, type StartedStudio } from "./start-studio.ts";

const folders: string[] = [];
const studios: StartedStudio[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tag-screen-"));
  folders.push(folder);
  return folder;
}

async function start(folder: string): Promise<StartedStudio> {
  const studio = await startStudio(folder);
  studios.push(studio);
  await studio.indexed();
  return studio;
}

afterAll(async () => {
  await Promise.all(studios.map((studio) => studio.stop()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The cell that has the keyboard, as a screen reader names it. */
function activeLabel(page: Page): Promise<string | null> {
  return page.evaluate(`(() => {
    const id = document.querySelector("[role=grid]")?.getAttribute("aria-activedescendant");
    return document.getElementById(id ?? "")?.getAttribute("aria-label") ?? null;
  })()`);
}

async function saved(page: Page): Promise<void> {
  await page.locator(".saved-state.saved").waitFor();
}

function cellNamed(page: Page, name: RegExp) {
  return page.getByRole("gridcell", { name });
}

describe.skipIf(missing !== null)("the tag screen", () => {
  const browser = useBrowser();

  test("twenty scenes are tagged by keyboard alone, and tags.csv has exactly their tags", async () => {
    const folder = newFolder();
    const { scenes } = await writeScenes(folder, 20);
    const studio = await start(folder);
    const { page, complaints } = await browser.open(studio.url);
    await cellNamed(page, /scene-000/).waitFor();
    const known: string[] = [];
    for (const { file, tags } of scenes) {
      await expect.poll(() => activeLabel(page)).toContain(file);
      for (const tag of tags) {
        const number = known.indexOf(tag);
        if (number >= 0) await page.keyboard.press(String(number + 1));
        else {
          // Typing the name of a class that there is not yet makes it.
          known.push(tag);
          await page.keyboard.press(tag[0]!);
          await page.getByRole("combobox", { name: "Class", exact: true }).waitFor();
          await page.keyboard.type(tag.slice(1));
          await page.keyboard.press("Enter");
          await page.getByRole("button", { name: new RegExp(tag), pressed: true }).waitFor();
        }
        await expect.poll(() => activeLabel(page)).toContain(tag);
      }
      await page.keyboard.press("ArrowRight");
    }
    await saved(page);
    const lines = scenes.map(({ file, tags }) => {
      const inOrder = [...tags].sort((a, b) => known.indexOf(a) - known.indexOf(b));
      return `${file},${inOrder.join(";")}\n`;
    });
    const path = join(folder, "tags.csv");
    const text = (): Promise<string> => readFile(path, "utf8").catch(() => "");
    await waitUntil(async () => (await text()).split("\n").length > 20);
    expect(await text()).toBe(`file,tags\n${lines.join("")}`);
    expect(complaints).toEqual([]);
  });

  describe("of tagged scenes", () => {
    const started = (async () => {
      if (missing !== null) return undefined;
      const folder = newFolder();
      const { scenes } = await writeScenes(folder, 60, { size: 32, tagged: 60 });
      return { folder, scenes, studio: await start(folder) };
    })();

    test("a change of all images is taken back and made again as one", async () => {
      const { scenes, studio } = (await started)!;
      const { page } = await browser.open(studio.url);
      await cellNamed(page, /scene-000/).waitFor();
      const all = await studio.send<ImageDetails[]>("POST", "/api/images/details", {
        ids: scenes.map((_, i) => i),
      });
      const tagsNow = async (): Promise<number[][]> => {
        const ids = scenes.map((_, i) => i);
        const details = await studio.send<ImageDetails[]>("POST", "/api/images/details", { ids });
        return details.map(({ tags }) => tags);
      };
      const before = all.map(({ tags }) => tags);
      const after = before.map((tags) => [...new Set([0, ...tags])].sort((a, b) => a - b));
      await page.keyboard.press("Control+a");
      await page.getByText("60 images chosen").first().waitFor();
      await page.keyboard.press("1");
      await expect.poll(tagsNow).toEqual(after);
      await page.keyboard.press("Control+z");
      await expect.poll(tagsNow).toEqual(before);
      await page.keyboard.press("Control+y");
      await expect.poll(tagsNow).toEqual(after);
      await page.keyboard.press("Control+z");
      await expect.poll(tagsNow).toEqual(before);
    });

    test("tags that another tab gave at the same moment are kept, and the person is told", async () => {
      const { studio } = (await started)!;
      const { page } = await browser.open(studio.url);
      await cellNamed(page, /scene-003/).click();
      const read = async (): Promise<ImageDetails> => {
        const ids = { ids: [3] };
        return (await studio.send<ImageDetails[]>("POST", "/api/images/details", ids))[0]!;
      };
      const { tags, tagsRev } = await read();
      const [first, second] = [0, 1, 2, 3].filter((tag) => !tags.includes(tag));
      const missingTags =
        first === undefined ? [] : [first, ...(second === undefined ? [] : [second])];
      const foreign = missingTags[0] ?? tags[0]!;
      const theirs = tags.includes(foreign)
        ? tags.filter((tag) => tag !== foreign)
        : [...tags, foreign];
      const own = [0, 1, 2, 3].find((tag) => tag !== foreign)!;
      await page.route(
        "**/api/tags",
        async (route) => {
          const changes: TagChanges = { changes: [{ id: 3, rev: tagsRev, tags: theirs }] };
          await studio.send("PUT", "/api/tags", changes);
          await route.continue();
        },
        { times: 1 },
      );
      await page.keyboard.press(String(own + 1));
      await page.getByText("changed elsewhere").waitFor();
      await saved(page);
      const merged = tags.includes(own) ? theirs.filter((tag) => tag !== own) : [...theirs, own];
      expect(new Set((await read()).tags)).toEqual(new Set(merged));
    });

    test("images are chosen by mouse: one, several with Ctrl, a range with Shift or a drag", async () => {
      const { studio } = (await started)!;
      const { page } = await browser.open(studio.url);
      const cell = (i: number) =>
        cellNamed(page, new RegExp(`scene-0${String(i).padStart(2, "0")}`));
      const chosen = () => page.locator(".cell[aria-selected=true]").count();
      await cell(2).click();
      await expect.poll(() => activeLabel(page)).toContain("scene-002");
      expect(await chosen()).toBe(0);
      await cell(3).click({ modifiers: ["Control"] });
      await cell(5).click({ modifiers: ["Control"] });
      await expect.poll(chosen).toBe(2);
      await cell(8).click({ modifiers: ["Shift"] });
      await expect.poll(chosen).toBe(5);
      await cell(0).click();
      await expect.poll(chosen).toBe(0);
      await cell(0).hover();
      await page.mouse.down();
      await cell(4).hover();
      await page.mouse.up();
      await expect.poll(chosen).toBe(5);
      await page.keyboard.press("Escape");
      await expect.poll(chosen).toBe(0);
    });

    test("filters show the images of a class, those without tags, and those whose names match", async () => {
      const { studio, scenes } = (await started)!;
      const { page } = await browser.open(studio.url);
      const { classes } = await studio.get<{ classes: string[] }>("/api/project");
      const leaf = classes.indexOf("leaf");
      const details = await studio.send<ImageDetails[]>("POST", "/api/images/details", {
        ids: scenes.map((_, i) => i),
      });
      const count = details.filter(({ tags }) => tags.includes(leaf)).length;
      await page.getByLabel("With the class").selectOption("leaf");
      await page.getByText(`${count} images`, { exact: true }).waitFor();
      await page.getByLabel("With the class").selectOption("Any class");
      await page.keyboard.press("Escape");
      await page.getByLabel("Search file names").fill("SCENE-01");
      await page.getByText("10 images", { exact: true }).waitFor();
      await page.getByLabel("Search file names").fill("nothing like it");
      await page.getByText("No image matches").waitFor();
    });
  });

  test("names of files and tags are shown as text, whatever is in them", async () => {
    const folder = newFolder();
    const hostile = `<img src=x onerror="hacked=1">`;
    const names = [`${hostile}.png`, "javascript:alert(1).png", "‮gnp.evil.png", "&lt;b&gt;.png"];
    await writeScenes(folder, names.length, { size: 32, name: (i) => names[i]! });
    const tags = [`<script>hacked=1</script>`, `{n} | {name}`, `url(javascript:hacked=1)`];
    const rows = names.map((name) => `"${name.replaceAll('"', '""')}","${tags.join(";")}"\n`);
    await writeFile(join(folder, "tags.csv"), `file,tags\n${rows.join("")}`);
    const studio = await start(folder);
    const { page, complaints } = await browser.open(studio.url);
    await page.getByRole("button", { name: tags[0]! }).first().waitFor();
    await expect.poll(() => page.locator(".image-panel .file-name").textContent()).not.toBe("");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("<img");
    await page.getByRole("option", { name: hostile }).click();
    await expect
      .poll(() => page.locator(".image-panel .file-name").textContent())
      .toBe(`${hostile}.png`);
    expect(await page.evaluate("typeof hacked")).toBe("undefined");
    expect(complaints).toEqual([]);
  });
});
