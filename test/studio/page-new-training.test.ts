import { describe, expect, test } from "vitest";
import type { NewRun } from "../../src/studio/protocol.ts";
import { missing, useBrowser } from "./open-page.ts";
import { useSceneStudio } from "./scene-studio.ts";

describe.skipIf(missing !== null)("the form of a new training", () => {
  const browser = useBrowser();
  const { studio } = useSceneStudio(4, { size: 32, tagged: 4 });
  const openForm = async () => {
    const { page } = await browser.open(studio().url);
    await page.getByRole("gridcell").first().waitFor();
    await page.keyboard.press("Alt+2");
    await page.getByRole("heading", { name: "New training" }).waitFor();
    return page;
  };

  test("is sent off by Ctrl+Enter from one of its fields, and Alt with a digit leaves it", async () => {
    const page = await openForm();
    // What is asked for is seen here; a training would take long.
    await page.route("**/api/runs", (route) =>
      route.request().method() === "POST" ? route.abort() : route.continue(),
    );
    const steps = page.getByRole("spinbutton", { name: "Steps" });
    await steps.focus();
    await page.keyboard.type("12?");
    expect(await steps.inputValue()).toBe("12");
    const asked = page.waitForRequest((request) => request.method() === "POST");
    await page.keyboard.press("Control+Enter");
    expect((await asked).postDataJSON() as NewRun).toMatchObject({ preset: "small", steps: 12 });
    await page.keyboard.press("Alt+1");
    await page.getByRole("gridcell").first().waitFor();
  });

  test("has the recipe of the command line: small from random weights, own from published ones", async () => {
    const page = await openForm();
    const recipe = page.getByLabel("Recipe");
    expect(await recipe.inputValue()).toBe("small");
    const begin = page.getByLabel("Begin with");
    const published = begin.getByRole("option", { name: /^pvt_v2_b1/ });
    await published.waitFor({ state: "attached" });
    // It is still the same once it is known what there is to choose.
    expect(await recipe.inputValue()).toBe("small");
    await begin.selectOption(await published.getAttribute("value"));
    expect(await recipe.inputValue()).toBe("own");
  });
});
