import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { findings } from "../browser/axe.ts";
import { missing, useBrowser } from "./open-page.ts";
import { useSceneStudio } from "./scene-studio.ts";

const screens = ["start", "tag", "train", "inspect", "review", "export"] as const;

describe.skipIf(missing !== null)("everybody can use", () => {
  const browser = useBrowser();
  const { studio: started } = useSceneStudio(12, { size: 32, tagged: 6 });

  let page: Page;
  beforeAll(async () => void ({ page } = await browser.open(started().url)));

  async function show(screen: (typeof screens)[number]): Promise<void> {
    await page.evaluate(`location.hash = "#/${screen}"`);
    // What the screen itself shows, besides its heading and the words that it is being loaded.
    await page.locator(`main[data-screen=${screen}] > :not(h1, .loading)`).first().waitFor();
    if (screen === "tag") await page.getByRole("gridcell", { name: /scene-000/ }).waitFor();
  }

  describe.each(screens)("the screen %s:", (screen) => {
    test("axe finds nothing serious, light or dark, and it fits into 360 pixels", async () => {
      await page.setViewportSize({ width: 1280, height: 800 });
      await show(screen);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await findings(page)).toEqual([]);
      }
      // The second one is a usual window at twice the size.
      for (const viewport of [
        { width: 360, height: 740 },
        { width: 640, height: 400 },
      ]) {
        await page.setViewportSize(viewport);
        const overflow = await page.evaluate(
          "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        expect(overflow).toBeLessThanOrEqual(0);
      }
    });
  });

  test("dialogs: axe finds nothing serious, Escape closes them, and the focus goes back", async () => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await show("tag");
    for (const [key, name] of [
      ["?", "Keys"],
      ["Control+k", "Search commands and images"],
      ["Enter", "Choose a class"],
    ] as const) {
      await page.locator("[role=grid]").focus();
      await page.keyboard.press(key);
      await page.getByRole("dialog", { name }).waitFor();
      expect(await findings(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      expect(await page.evaluate("document.activeElement.getAttribute('role')")).toBe("grid");
    }
  });

  test("the focus is seen everywhere, also with forced colors", async () => {
    for (const forcedColors of ["none", "active"] as const) {
      await page.emulateMedia({ forcedColors });
      await show("tag");
      // From the start of the page through everything that can have the focus.
      await page.evaluate("document.activeElement.blur()");
      const unseen: unknown[] = [];
      for (let i = 0; i < 20; i++) {
        await page.keyboard.press("Tab");
        unseen.push(
          await page.evaluate(`(() => {
          const element = document.activeElement;
          if (element === document.body || element.getAttribute("role") === "grid") return null;
          const { outlineStyle, outlineWidth } = getComputedStyle(element);
          return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 ? null : element.outerHTML;
        })()`),
        );
      }
      expect(unseen.filter((one) => one !== null)).toEqual([]);
      await page.locator("[role=grid]").focus();
      const width = await page.evaluate(
        `getComputedStyle(document.querySelector(".cell.active"), "::before").borderTopWidth`,
      );
      expect(width).toBe("3px");
    }
  });

  test("nothing moves for those who asked for that", async () => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await show("tag");
    const moving = await page.evaluate(`[...document.querySelectorAll("*")].filter((element) => {
      const { animationName, transitionDuration } = getComputedStyle(element);
      return animationName !== "none" || transitionDuration.split(",").some((d) => parseFloat(d) > 0);
    }).length`);
    expect(moving).toBe(0);
  });
});
