import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveMillion } from "./generated-list.ts";
import { missing, useBrowser } from "./open-page.ts";
import { writeScenes } from "./scene-folder.ts";
import { startStudio, type StartedStudio } from "./start-studio.ts";

const total = 1_000_000;

interface Cell {
  readonly position: number;
  readonly label: string;
}

/** The cells that can be seen, by their places in the grid. */
const lookAtCells = `(() => {
  const grid = document.querySelector("[role=grid]");
  const { top, bottom } = grid.getBoundingClientRect();
  const columns = Number(grid.getAttribute("aria-colcount"));
  const cells = [...grid.querySelectorAll("[role=gridcell]:not([hidden])")].map((cell) => {
    const box = cell.getBoundingClientRect();
    const row = Number(cell.parentElement.getAttribute("aria-rowindex")) - 1;
    const column = Number(cell.getAttribute("aria-colindex")) - 1;
    return {
      position: row * columns + column,
      label: cell.getAttribute("aria-label") ?? "",
      isSeen: box.height > 0 && box.bottom > top && box.top < bottom,
    };
  });
  return cells.filter(({ isSeen }) => isSeen).sort((a, b) => a.position - b.position);
})()`;

describe.skipIf(missing !== null)("a list of a million images", () => {
  const browser = useBrowser();
  const folder = mkdtempSync(join(tmpdir(), "million-"));
  let studio: StartedStudio;
  let page: Page;

  beforeAll(async () => {
    await writeScenes(folder, 1, { size: 32 });
    studio = await startStudio(folder);
    await studio.indexed();
    ({ page } = await browser.open("about:blank"));
    await serveMillion(page, total);
    await page.goto(studio.url);
    await page.getByRole("gridcell").first().waitFor();
  });
  afterAll(async () => {
    await studio?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Every cell that can be seen names the image of its own place, and all places are there. */
  async function expectRightCells(): Promise<{ first: number; last: number }> {
    const expected = (position: number): string => `image-${position}.jpg`;
    let cells: Cell[] = [];
    const areRight = async (): Promise<boolean> => {
      cells = await page.evaluate<Cell[]>(lookAtCells);
      return cells.length > 0 && cells.every((c) => c.label.startsWith(expected(c.position)));
    };
    await expect.poll(areRight).toBe(true);
    const positions = cells.map(({ position }) => position);
    const [first, last] = [positions[0]!, positions.at(-1)!];
    expect(positions).toEqual(Array.from({ length: last - first + 1 }, (_, i) => first + i));
    return { first, last };
  }

  const scrollTo = (share: number): Promise<void> =>
    page.evaluate(`(() => {
      const grid = document.querySelector("[role=grid]");
      grid.scrollTop = Math.round(${share} * (grid.scrollHeight - grid.clientHeight));
    })()`);

  test("opens at its beginning", async () => {
    await page.getByText("1,000,000 images", { exact: true }).waitFor();
    expect((await expectRightCells()).first).toBe(0);
  });

  test("shows the right images wherever the scroll bar is put", async () => {
    for (const share of [0.5, 0.123, 0.987, 0.5001]) {
      await scrollTo(share);
      await expect.poll(async () => (await expectRightCells()).first / total).toBeCloseTo(share, 2);
    }
    await scrollTo(1);
    await expect.poll(async () => (await expectRightCells()).last).toBe(total - 1);
    await scrollTo(0);
    await expect.poll(async () => (await expectRightCells()).first).toBe(0);
  });

  test("a turn of the wheel moves the images by a few rows, and both ends are reached", async () => {
    await scrollTo(0.3);
    const { first } = await expectRightCells();
    await page.mouse.move(800, 400);
    await page.mouse.wheel(0, 300);
    await expect.poll(async () => (await expectRightCells()).first).toBeGreaterThan(first);
    expect((await expectRightCells()).first - first).toBeLessThan(60);
    await page.locator("[role=grid]").focus();
    await page.keyboard.press("Control+End");
    await expect.poll(async () => (await expectRightCells()).last).toBe(total - 1);
    await page.keyboard.press("PageUp");
    await page.keyboard.press("ArrowLeft");
    await expectRightCells();
    await page.keyboard.press("Control+Home");
    await expect.poll(async () => (await expectRightCells()).first).toBe(0);
  });

  test("takes fewer than 600 elements", async () => {
    await scrollTo(0.7);
    await expectRightCells();
    expect(await page.evaluate(`document.querySelectorAll('*').length`)).toBeLessThan(600);
  });
});
