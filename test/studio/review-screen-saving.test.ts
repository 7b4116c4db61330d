import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { ImageDetails } from "../../src/studio/protocol.ts";
import { missing, useBrowser } from "./open-page.ts";
import {
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

/** Paints a short line across the middle, so many pixels of the image below it. */
async function paintLine(page: Page, below: number): Promise<void> {
  const { x, y, scale } = await middleOf(page);
  const at = y + (below + 0.5) * scale;
  await drag(page, [x - 6 * scale, at], [x + 6 * scale, at]);
}

describe.skipIf(missing !== null)("what is painted is not lost", () => {
  const browser = useBrowser();
  const { studio: started, restart } = useReviewStudio(6);

  /** The label in the middle of a row, so many pixels below the middle of the mask. */
  const labelsAt = async (id: number, rows: readonly number[]): Promise<(number | undefined)[]> => {
    const { map } = await maskOf(started(), id);
    return rows.map((row) => map?.data[(side / 2 + row) * side + side / 2]);
  };
  const labelOf = async (id: number): Promise<number> =>
    (await detailsOf(started(), id)).tags[0]! + 1;

  test("two tabs that change a mask at once are asked which one is right, and both can be kept", async () => {
    const first = await browser.open(started().url);
    const second = await browser.tab(first, started().url);
    const label = await labelOf(0);
    for (const { page } of [first, second]) {
      await openReview(page, 0);
      await setSize(page, 4);
    }
    // What the second tab paints is under way while the first one's stroke arrives.
    for (const [choice, rows, expected] of [
      ["Keep both", [-30, 30], [label, label]],
      ["Keep mine", [-20, 20], [255, label]],
      ["Keep the other", [-10, 10], [label, 255]],
    ] as const) {
      let letGo = (): void => undefined;
      const held = new Promise<void>((resolve) => (letGo = resolve));
      await second.page.route("**/strokes", async (route) => {
        await held;
        await route.continue();
      });
      await second.page.bringToFront();
      await paintLine(second.page, rows[1]);
      await first.page.bringToFront();
      await paintLine(first.page, rows[0]);
      await saved(first.page);
      letGo();
      await second.page.bringToFront();
      await second.page.unroute("**/strokes");
      const dialog = second.page.getByRole("dialog");
      await dialog.getByRole("button", { name: choice }).click();
      await dialog.waitFor({ state: "detached" });
      await saved(second.page);
      await expect.poll(() => labelsAt(0, rows)).toEqual(expected);
      // The other tab shows the outcome, so that its next stroke is on the right mask.
      const { maskRev } = await detailsOf(started(), 0);
      await expect.poll(() => revisionOf(first.page)).toBe(String(maskRev));
      await expect.poll(() => revisionOf(second.page)).toBe(String(maskRev));
    }
    expect([...first.complaints, ...second.complaints]).toEqual([]);
  });

  test("the server is killed in the middle of a stroke: the page goes on when it is back, and nothing is missing", async () => {
    const { page, complaints } = await browser.open(started().url);
    await openReview(page, 1);
    const label = await labelOf(1);
    await paintLine(page, -30);
    await saved(page);
    const { x, y, scale } = await middleOf(page);
    await page.mouse.move(x - 6 * scale, y);
    await page.mouse.down();
    await started().kill();
    await page.mouse.move(x + 6 * scale, y, { steps: 3 });
    await page.mouse.up();
    await page.locator(".saved-state.offline").waitFor();
    await paintLine(page, 30);
    await restart();
    await saved(page);
    expect(await labelsAt(1, [-30, 0, 30])).toEqual([label, label, label]);
    expect(complaints).toEqual([]);
  });

  test.each(["/api/images?*", "/api/images/details", "/api/images/0/mask", "/api/images/0/image*"])(
    "a request for %s that is lost while the server answers others is made again",
    async (path) => {
      const { page } = await browser.open(started().url);
      let lost = 0;
      await page.route(`**${path}`, (route) => (++lost === 1 ? route.abort() : route.continue()));
      await page.evaluate('location.hash = "#/review"');
      await page.locator(".review-image h2").waitFor();
      expect(lost).toBeGreaterThan(1);
      await page.close();
    },
  );

  test("a draft that is made anew while its image is open takes the place of the one before", async () => {
    const { page } = await browser.open(started().url);
    let masks = 0;
    await page.route("**/api/images/4/mask", (route) => {
      masks++;
      return route.continue();
    });
    await openReview(page, 4);
    expect(masks).toBe(1);
    await page.route("**/api/images/details", async (route) => {
      const response = await route.fetch();
      const details = (await response.json()) as ImageDetails[];
      await route.fulfill({ json: details.map((one) => ({ ...one, confidence: 0.5 })) });
    });
    const { tagsRev: rev } = await detailsOf(started(), 4);
    await started().send("PUT", "/api/tags", { changes: [{ id: 4, rev, tags: [0, 1] }] });
    await expect.poll(() => masks).toBe(2);
    await page.locator(".review-image h2").waitFor();
    // The next test kills the server, which a question under way would tell as an error of its own.
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.close();
  });

  test("strokes that could not be sent outlive their tab", async () => {
    const opened = await browser.open(started().url);
    await openReview(opened.page, 2);
    const label = await labelOf(2);
    await paintLine(opened.page, -30);
    await saved(opened.page);
    await started().kill();
    await paintLine(opened.page, 0);
    await paintLine(opened.page, 30);
    await opened.page.locator(".saved-state.offline").waitFor();
    await expect.poll(() => opened.page.evaluate(countKept)).toBe(2);
    await opened.page.close();
    const { url } = await restart();
    const { page } = await browser.tab(opened, url);
    await page.evaluate('location.hash = "#/review/3"');
    await page.getByText("2 changes that were not sent before are stored now").waitFor();
    await saved(page);
    expect(await labelsAt(2, [-30, 0, 30])).toEqual([label, label, label]);
  });
});

/** Number of changes that the browser's own database keeps. */
const countKept = `new Promise((resolve, reject) => {
  const opening = indexedDB.open("tag2mask-review");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const counting = opening.result.transaction("changes").objectStore("changes").count();
    counting.onerror = () => reject(counting.error);
    counting.onsuccess = () => resolve(counting.result);
  };
})`;

/** The revision of the mask that a page shows. */
function revisionOf(page: Page): Promise<string | null> {
  return page.locator(".review-image").getAttribute("data-revision");
}
