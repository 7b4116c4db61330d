import { unzipSync } from "fflate";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeSafetensors } from "../../src/index.ts";
import { missing } from "./launch.ts";
import { startDemo } from "./page-demo.ts";
import { isDone, steps } from "./page-progress.ts";
import { PageSite } from "./page-site.ts";

describe.skipIf(missing !== null)("a training of the page on all cores, in Chromium", () => {
  let site: PageSite;
  const save = (page: Page) =>
    site.saved(page, () => page.getByRole("button", { name: "The whole run" }).click());
  beforeAll(async () => void (site = await PageSite.open()), 180_000);
  afterAll(() => site?.close());

  test("a training whose tab is closed in the middle goes on to the bits of one that was never stopped", async () => {
    const whole = await site.context.newPage();
    const loaded = site.countScripts(whole);
    await whole.goto(`${site.url}#/demo`);
    await startDemo(whole, { name: "whole", steps: 16 });
    // Looking changes nothing either.
    await whole.getByLabel("Look while it learns").uncheck();
    await isDone(whole);
    // The page's own JavaScript, compressed by gzip.
    expect(loaded()).toBeLessThan(250_000);
    const expected = unzipSync(await save(whole));
    await whole.close();

    const closed = await site.tab("#/demo");
    await startDemo(closed, { name: "closed", steps: 16 });
    await steps(closed, 5);
    const again = await site.tab();
    const item = again.getByRole("listitem", { name: "closed" });
    await item.getByText("is being trained").waitFor();
    await closed.close({ runBeforeUnload: false });
    // The other tab sees that nobody trains any more.
    await item.getByRole("button", { name: "Go on" }).click();
    await isDone(again);
    const found = unzipSync(await save(again));
    const weights = "weights/last.safetensors";
    expect(Buffer.compare(found[weights]!, expected[weights]!)).toBe(0);
    const { tensors, metadata } = decodeSafetensors(found[weights]!, weights);
    expect(metadata["step"]).toBe("16");
    expect(Object.keys(tensors).some((name) => name.startsWith("optimizer.m."))).toBe(true);
    await again.close();
    // Three trainings start.
  }, 400_000);
});
