import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { missing, useBrowser } from "./open-page.ts";
import {
  countLabels,
  detailsOf,
  drag,
  maskOf,
  middleOf,
  openReview,
  saved,
  setSize,
  side,
  useReviewStudio,
} from "./review-folder.ts";

describe.skipIf(missing !== null)("the review", () => {
  const browser = useBrowser();
  // Each test has an image of its own; the last one works through the queue.
  const { studio: started, folder } = useReviewStudio(6);

  test("a stroke lands on the pixels below the pointer, zoomed in, and zoomed on the way", async () => {
    const studio = started();
    const { page, complaints } = await browser.open(studio.url);
    await openReview(page, 0);
    await setSize(page, 1);
    const { x, y, scale } = await middleOf(page);
    const [label] = (await detailsOf(studio, 0)).tags.map((tag) => tag + 1);
    // Twice as large around the middle, which stays in its place.
    await page.mouse.move(x, y);
    await page.keyboard.press("+");
    await drag(page, [x + 0.5, y + 0.5], [x + 10 * 1.5 * scale + 0.5, y + 0.5]);
    await saved(page);
    const middle = side / 2;
    const across = (row: readonly number[]) => row.flatMap((one, i) => (one === label ? i : []));
    const first = (await maskOf(studio, 0)).map!;
    expect(across([...first.data.subarray(middle * side, (middle + 1) * side)])).toEqual(
      Array.from({ length: 11 }, (_, i) => middle + i),
    );
    expect(countLabels(first).get(label!)).toBe(11);

    // The wheel zooms around the pointer while the stroke goes on: the pixel below it stays the same.
    await page.keyboard.press("0");
    await page.mouse.move(x + 0.5, y + 20 * scale + 0.5);
    await page.mouse.down();
    await page.mouse.move(x + 5 * scale + 0.5, y + 20 * scale + 0.5, { steps: 3 });
    await page.mouse.wheel(0, -Math.log(2) / 0.0016);
    await page.mouse.move(x + 5 * scale + 0.5 + 5 * 2 * scale, y + 20 * scale + 0.5, { steps: 3 });
    await page.mouse.up();
    await saved(page);
    const second = (await maskOf(studio, 0)).map!;
    const row = middle + 20;
    expect(across([...second.data.subarray(row * side, (row + 1) * side)])).toEqual(
      Array.from({ length: 11 }, (_, i) => middle + i),
    );
    expect(complaints).toEqual([]);
  });

  test("a hundred strokes undone and made again leave the same bytes on the server", async () => {
    const studio = started();
    const { page } = await browser.open(studio.url);
    await openReview(page, 1);
    await setSize(page, 8);
    const { x, y, scale } = await middleOf(page);
    const reach = (side / 2) * scale;
    for (let i = 0; i < 100; i++) {
      if (i % 10 === 0) await page.keyboard.press(["1", "n", "e", "b"][(i / 10) % 4]!);
      const angle = i * 2.4;
      const far = reach * ((i % 7) / 7);
      await page.mouse.move(x + far * Math.cos(angle), y + far * Math.sin(angle));
      await page.mouse.down();
      await page.mouse.move(x - far * Math.sin(angle), y + far * Math.cos(angle));
      await page.mouse.up();
    }
    await saved(page);
    const { map: painted } = await maskOf(studio, 1);
    const undo = page.getByRole("button", { name: "Undo" });
    const redo = page.getByRole("button", { name: "Redo" });
    let undone = 0;
    // A stroke that changed no pixel is no step.
    for (; await undo.isEnabled(); undone++) await page.keyboard.press("z");
    expect(undone).toBeGreaterThan(80);
    await saved(page);
    const { map: before } = await maskOf(studio, 1);
    expect(countLabels(before!)).toEqual(new Map([[255, side * side]]));
    for (let i = 0; i < undone; i++) await page.keyboard.press(i % 2 ? "Shift+Z" : "Control+y");
    expect(await redo.isEnabled()).toBe(false);
    await saved(page);
    expect((await maskOf(studio, 1)).map!.data).toEqual(painted!.data);
  });

  test("with known tags on, no pixel of another class can be painted", async () => {
    const studio = started();
    const { page } = await browser.open(studio.url);
    await openReview(page, 2);
    const { tags } = await detailsOf(studio, 2);
    const labels = page.getByRole("button", { name: /^Paint with/ });
    await expect.poll(() => labels.count()).toBe(tags.length + 2);
    const { x, y, scale } = await middleOf(page);
    // Every key and every tool: nothing but the tags, background and "not known" comes out.
    for (const [i, key] of ["1", "2", "3", "4", "5", "6", "7", "8", "9", "n"].entries()) {
      await page.keyboard.press(key);
      await page.keyboard.press(["b", "l", "g"][i % 3]!);
      const at = y + (i - 5) * 8 * scale;
      await drag(page, [x - 30 * scale, at], [x + 30 * scale, at], [x, at + 4 * scale]);
    }
    await saved(page);
    const allowed = [0, 255, ...tags.map((tag) => tag + 1)];
    const shown = [...countLabels((await maskOf(studio, 2)).map!).keys()];
    expect(shown.filter((label) => !allowed.includes(label))).toEqual([]);
    expect(shown).toContain(tags[0]! + 1);

    await page.getByLabel("Only the image's tags").uncheck();
    await expect.poll(() => labels.count()).toBeGreaterThan(tags.length + 2);
  });

  test("the brush is moved and pressed by keyboard alone, and says where it is", async () => {
    const studio = started();
    const { page } = await browser.open(studio.url);
    await openReview(page, 4);
    await setSize(page, 4);
    const [label] = (await detailsOf(studio, 4)).tags.map((tag) => tag + 1);
    await page.keyboard.press("k");
    // From one press of Space to the next.
    await page.keyboard.press("Space");
    for (let i = 0; i < 20; i++) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Space");
    for (let i = 0; i < 20; i++) await page.keyboard.press("ArrowDown");
    await expect
      .poll(() => page.locator("[aria-live=polite]").allInnerTexts())
      .toContainEqual(expect.stringMatching(/^\d+, \d+: /));
    // While it is held.
    await page.keyboard.down("Space");
    for (let i = 0; i < 20; i++) await page.keyboard.press("ArrowLeft");
    await page.keyboard.up("Space");
    await saved(page);
    const { map } = await maskOf(studio, 4);
    const rows = Array.from({ length: side }, (_, row) => map!.data.subarray(row * side, (row + 1) * side)); // prettier-ignore
    const painted = rows.map((row) => row.filter((one) => one === label).length);
    // Two bars as high as the brush, whose middle is that of a pixel, with a gap between.
    const bars = painted.map((pixels) => pixels > 10);
    expect(bars.filter(Boolean)).toHaveLength(2 * 5);
    expect(bars.lastIndexOf(true) - bars.indexOf(true)).toBeGreaterThan(2 * 5);
    await page.keyboard.press("Escape");
    expect(await page.getByRole("button", { name: "Undo" }).isEnabled()).toBe(true);
  });

  test("Enter accepts and goes on to the next image of the queue; its mask is a correction then", async () => {
    const studio = started();
    const { page, complaints } = await browser.open(studio.url);
    const accept = page.getByRole("button", { name: "Accept and next" });
    // There is nothing to accept yet.
    await openReview(page, 5);
    expect(await accept.isEnabled()).toBe(false);
    await page.evaluate('location.hash = "#/review"');
    await page.waitForURL(/#\/review\/\d+$/);
    await page.locator(".review-image h2").waitFor();
    const first = Number(/\d+$/.exec(page.url())![0]);
    const { x, y } = await middleOf(page);
    await drag(page, [x - 20, y], [x + 20, y]);
    await page.keyboard.press("Enter");
    await expect.poll(() => page.url()).not.toMatch(new RegExp(`/${first}$`));
    await saved(page);
    expect(await detailsOf(studio, first)).toMatchObject({ verdict: "accepted" });
    await expect.poll(() => page.locator(".queue-item.accepted").count()).toBe(1);
    expect(readdirSync(`${folder()}/.tag2mask/corrections`)).toContain(
      `${(await detailsOf(studio, first)).name}.png`,
    );
    expect(complaints).toEqual([]);
  });
});
