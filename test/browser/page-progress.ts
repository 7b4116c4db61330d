import type { Page } from "playwright-core";
import { expect } from "vitest";

/** Waits until a training has done some steps. */
export async function steps(page: Page, least: number): Promise<void> {
  const done = `Number(document.querySelector("[data-step]")?.dataset.step ?? 0)`;
  await expect.poll(() => page.evaluate(done)).toBeGreaterThanOrEqual(least);
}

/** Waits until a training is done. */
export function isDone(page: Page): Promise<void> {
  return page.locator("[data-state=done]").waitFor();
}
