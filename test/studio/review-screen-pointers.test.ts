import type { CDPSession, Page } from "playwright-core";
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

describe.skipIf(missing !== null)("pen and fingers in the review", () => {
  const browser = useBrowser();
  const { studio: started } = useReviewStudio(4);

  /** Number of pixels of the image's first class on the server. */
  const painted = async (id: number): Promise<number> => {
    const { map } = await maskOf(started(), id);
    const label = (await detailsOf(started(), id)).tags[0]! + 1;
    return map ? (countLabels(map).get(label) ?? 0) : 0;
  };

  test("one finger paints; a second one, put down at once, takes that back, and both zoom", async () => {
    const { page, context } = await browser.open(started().url, { hasTouch: true });
    await openReview(page, 0);
    await setSize(page, 4);
    const { x, y, scale } = await middleOf(page);
    const touch = touchOf(await context.newCDPSession(page));
    await touch("touchStart", [x, y]);
    await touch("touchMove", [x + 10 * scale, y]);
    await touch("touchEnd");
    await saved(page);
    const line = await painted(0);
    expect(line).toBeGreaterThan(30);

    await touch("touchStart", [x - 20, y + 100]);
    await touch("touchStart", [x - 20, y + 100], [x + 20, y + 100]);
    await touch("touchMove", [x - 80, y + 100], [x + 80, y + 100]);
    await touch("touchEnd");
    await saved(page);
    expect(await painted(0)).toBe(line);
    const { depth } = await undone(page);
    expect(depth).toBe(1);

    // Four times as large: a line of the mouse that is as long on the screen has a quarter of its length.
    await setSize(page, 1);
    await drag(page, [x - 10 * scale, y + 100], [x + 10 * scale, y + 100]);
    await saved(page);
    expect(Math.abs((await painted(0)) - line - 5)).toBeLessThanOrEqual(1);
  });

  test("a pen that is pressed lightly paints a thinner line", async () => {
    const { page, context } = await browser.open(started().url);
    await openReview(page, 1);
    await setSize(page, 20);
    const cdp = await context.newCDPSession(page);
    const { x, y, scale } = await middleOf(page);
    const heights: number[] = [];
    for (const [force, row] of [
      [0.1, -24],
      [1, 24],
    ] as const) {
      const at = { x, y: y + row * scale, pointerType: "pen", force } as const;
      const pressed = { ...at, button: "left", buttons: 1 } as const;
      await cdp.send("Input.dispatchMouseEvent", { ...pressed, type: "mousePressed" });
      await cdp.send("Input.dispatchMouseEvent", { ...pressed, type: "mouseMoved", x: x + 10 });
      await cdp.send("Input.dispatchMouseEvent", { ...pressed, type: "mouseReleased", buttons: 0 });
      await saved(page);
      const { map } = await maskOf(started(), 1);
      const column = Array.from({ length: side / 2 }, (_, i) => {
        const top = row < 0 ? 0 : side / 2;
        return map!.data[(top + i) * side + side / 2];
      });
      heights.push(column.filter((label) => label !== 255).length);
    }
    expect(heights[0]).toBeLessThanOrEqual(8);
    expect(heights[1]).toBeGreaterThanOrEqual(20);
  });
});

/** Sends events of fingers, at places of the page. */
function touchOf(cdp: CDPSession) {
  return async (
    type: "touchStart" | "touchMove" | "touchEnd",
    ...points: readonly (readonly [number, number])[]
  ): Promise<void> => {
    const touchPoints = points.map(([x, y], id) => ({ x, y, id }));
    await cdp.send("Input.dispatchTouchEvent", { type, touchPoints });
  };
}

/** Takes everything back and makes it again; tells how many steps there were. */
async function undone(page: Page): Promise<{ depth: number }> {
  const undo = page.getByRole("button", { name: "Undo" });
  let depth = 0;
  for (; await undo.isEnabled(); depth++) await page.keyboard.press("z");
  for (let i = 0; i < depth; i++) await page.keyboard.press("Shift+Z");
  await saved(page);
  return { depth };
}
