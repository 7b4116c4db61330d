import type { Page } from "playwright-core";
import type { LabelMap } from "../../src/method/images/image.ts";
import { decodeMask } from "../../src/studio/patches.ts";
import type { ImageDetails } from "../../src/studio/protocol.ts";
import { useSceneStudio, type SceneStudio } from "./scene-studio.ts";
import type { StartedStudio } from "./start-studio.ts";

/** Side of the scenes: fitted into the canvas, each pixel takes several of the screen. */
export const side = 96;

/** A studio of a folder with tagged scenes, for the tests of a file. */
export function useReviewStudio(count: number): SceneStudio {
  return useSceneStudio(count, { size: side, tagged: count });
}

export async function detailsOf(studio: StartedStudio, id: number): Promise<ImageDetails> {
  const body = { ids: [id] };
  return (await studio.send<ImageDetails[]>("POST", "/api/images/details", body))[0]!;
}

/** The mask that the server has, and its revision. */
export async function maskOf(
  studio: StartedStudio,
  id: number,
): Promise<{ rev: number; map: LabelMap | undefined }> {
  const response = await studio.request(`/api/images/${id}/mask`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return {
    rev: Number(response.headers.get("x-mask-rev")),
    map: bytes.length > 0 ? decodeMask(bytes) : undefined,
  };
}

/** Goes to an image of the review and waits until it can be painted. */
export async function openReview(page: Page, id: number): Promise<void> {
  await page.evaluate(`location.hash = "#/review/${id}"`);
  await page.locator(".review-image h2").waitFor();
}

/** Waits until everything is on the disk of the server. */
export async function saved(page: Page): Promise<void> {
  await page.locator(".saved-state.saved").waitFor();
}

/** Where the middle of the canvas is, in CSS pixels of the page. */
export async function middleOf(page: Page): Promise<{ x: number; y: number; scale: number }> {
  const { x, y, width, height } = (await page.locator(".canvas").boundingBox())!;
  // The image has a margin of 12 pixels and is enlarged up to 8 times.
  const scale = Math.min(8, (Math.min(width, height) - 24) / side);
  return { x: x + width / 2, y: y + height / 2, scale };
}

/** Draws a line with the mouse, through points in CSS pixels of the page. */
export async function drag(
  page: Page,
  ...points: readonly (readonly [number, number])[]
): Promise<void> {
  const [first, ...others] = points;
  await page.mouse.move(...first!);
  await page.mouse.down();
  for (const point of others) await page.mouse.move(...point, { steps: 4 });
  await page.mouse.up();
}

/** Sets the size of the brush by its keys, in pixels of the image: 1 to 6, 8, 10, 13, 16 or 20 come up from either side. */
export async function setSize(page: Page, wanted: number): Promise<void> {
  const shown = page.locator(".slider output").first();
  for (let presses = 0; presses < 40; presses++) {
    const size = Number.parseInt(await shown.innerText(), 10);
    if (size === wanted) return;
    await page.keyboard.press(size > wanted ? "[" : "]");
  }
  throw new Error(`the brush does not get to ${wanted} pixels`);
}

/** How many pixels have each label. */
export function countLabels({ data }: LabelMap): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of data) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}
