import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page, Request } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ImageDetails, Preferences } from "../../src/studio/protocol.ts";
import { holdingProxy } from "./holding-proxy.ts";
import { missing, useBrowser } from "./open-page.ts";
import { useSceneStudio } from "./scene-studio.ts";
import { startStudio, type StartedStudio } from "./start-studio.ts";

const built = join(import.meta.dirname, "../../dist/studio/page");

test("all files of the page take at most 350 kB packed", () => {
  const files = readdirSync(built, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  expect(files.length).toBeGreaterThan(2);
  const packed = files.map((path) => gzipSync(readFileSync(path)).length);
  expect(packed.reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(350_000);
});

describe.skipIf(missing !== null)("the page of a studio", () => {
  const browser = useBrowser();
  const { studio: started } = useSceneStudio(12, { size: 32, tagged: 6 });

  const firstCell = (page: Page) => page.getByRole("gridcell").first();
  const tagsOf = async (id: number): Promise<readonly number[]> => {
    const ids = { ids: [id] };
    const [image] = await started().send<ImageDetails[]>("POST", "/api/images/details", ids);
    return image!.tags;
  };
  const storedPreferences = () => started().get<Preferences>("/api/preferences");
  const resetLooks = async () => {
    const looks = { language: null, theme: "system" } satisfies Partial<Preferences>;
    await started().send("PUT", "/api/preferences", { ...(await storedPreferences()), ...looks });
  };

  test("shows every screen without an error or anything that its security policy forbids", async () => {
    const { page, complaints } = await browser.open(started().url);
    await firstCell(page).waitFor();
    const tabs = page.getByRole("navigation").getByRole("link");
    for (const tab of await tabs.all()) {
      await tab.click();
      await expect.poll(() => tab.getAttribute("aria-current")).toBe("page");
      await page.getByRole("heading", { level: 1 }).first().waitFor({ state: "attached" });
    }
    await page.getByTitle("About these data").click();
    await page.getByRole("heading", { name: "The data", exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  test("the token stands in no address, and a page without it is told where to get one", async () => {
    const { page } = await browser.open(started().url);
    await firstCell(page).waitFor();
    expect(page.url()).not.toContain(started().token);
    const stranger = await browser.open(new URL("/", started().url).href);
    await stranger.page.getByText("Open the address").waitFor();
  });

  test("changes wait while the server is away, and are stored when it is back", async () => {
    const { page, context } = await browser.open(started().url);
    await firstCell(page).click();
    const before = await tagsOf(0);
    await context.setOffline(true);
    await page.keyboard.press("1");
    await page.getByText("does not answer").waitFor();
    expect(await page.getByText("Offline").isVisible()).toBe(true);
    expect(await tagsOf(0)).toEqual(before);
    await context.setOffline(false);
    await page.getByText("does not answer").waitFor({ state: "detached" });
    await expect.poll(async () => (await tagsOf(0)).includes(0)).toBe(!before.includes(0));
    await page.locator(".saved-state.saved").waitFor();
  });

  test("all tabs share one stream of events, which the next tab takes over", async () => {
    const first = await browser.open("about:blank");
    let streams = 0;
    first.context.on("request", (request) => {
      if (request.url().endsWith("/api/events")) streams++;
    });
    await first.page.goto(started().url);
    await firstCell(first.page).waitFor();
    const second = await browser.tab(first, started().url);
    await firstCell(second.page).waitFor();
    expect(streams).toBe(1);
    const changeElsewhere = async (): Promise<string> => {
      const ids = { ids: [11] };
      const [image] = await started().send<ImageDetails[]>("POST", "/api/images/details", ids);
      const isGiven = image!.tags.includes(1);
      await started().send("PUT", "/api/tags", {
        changes: [{ id: 11, rev: image!.tagsRev, tags: isGiven ? [] : [1] }],
      });
      return isGiven ? "None of the classes" : (await classes())[1]!;
    };
    const classes = async () =>
      (await started().get<{ classes: string[] }>("/api/project")).classes;
    const cell = second.page.getByRole("gridcell", { name: /scene-011/ });
    const shows = (text: string) =>
      expect.poll(() => cell.getAttribute("aria-label")).toContain(text);
    await shows(await changeElsewhere());
    await first.page.close();
    await expect.poll(() => streams).toBe(2);
    await shows(await changeElsewhere());
  });

  test("a key can be changed, conflicts are told, and the choice is kept", async () => {
    const { page } = await browser.open(started().url);
    await firstCell(page).waitFor();
    await page.keyboard.press("?");
    const keys = page.getByRole("dialog", { name: "Keys" });
    await keys.getByRole("button", { name: /Next image without tags/ }).click();
    await page.keyboard.press("1");
    await keys
      .getByText(/“1” also runs/)
      .first()
      .waitFor();
    await keys.getByRole("button", { name: /Next image without tags/ }).click();
    await page.keyboard.press("n");
    await keys
      .getByText(/also runs/)
      .first()
      .waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await expect.poll(async () => (await storedPreferences()).keys).toEqual({ "tag.next": "N" });
    await page.reload();
    await firstCell(page).waitFor();
    await page.locator("[role=grid]").focus();
    await page.keyboard.press("n");
    await page.locator(".image-panel").getByText("Tags not known").waitFor();
    await started().send("PUT", "/api/preferences", { ...(await storedPreferences()), keys: {} });
  });

  test("whoever goes elsewhere while a screen is on its way, or looks for its image, stays there", async () => {
    const { page } = await browser.open(started().url);
    await firstCell(page).waitFor();
    // The code of a screen comes after the address has changed again, and before the page is told so.
    await page.addInitScript({
      content: `addEventListener("hashchange", (event) => { if (globalThis.isHeld) event.stopImmediatePropagation(); });`,
    });
    const code = hold();
    await page.route("**/assets/screen-*.js", async (route) => {
      await code.isOpen;
      await route.continue();
    });
    await page.reload();
    await page.getByRole("banner").waitFor();
    await page.evaluate('globalThis.isHeld = true; location.hash = "#/review/3"');
    code.open();
    // The page may hear of something else meanwhile, and then sees the new address without being told.
    await firstCell(page).or(page.locator(".review-image h2")).first().waitFor();
    await page.evaluate(
      'globalThis.isHeld = false; dispatchEvent(new HashChangeEvent("hashchange"))',
    );
    await page.locator(".review-image h2").waitFor();

    const details = hold();
    await page.route("**/api/images/details", async (route) => {
      await details.isOpen;
      await route.continue();
    });
    const isAbout7 = (request: Request): boolean => request.postData() === '{"ids":[7]}';
    // Loaded anew in another screen, the page knows nothing of the image yet.
    await page.evaluate('location.hash = "#/export"');
    await page.reload();
    await page.locator("main[data-screen=export]").waitFor();
    const asked = page.waitForRequest(isAbout7);
    await page.evaluate('location.hash = "#/tag/7"');
    await asked;
    await page.evaluate('location.hash = "#/export"');
    await page.locator("main[data-screen=export]").waitFor();
    const answered = page.waitForResponse((response) => isAbout7(response.request()));
    details.open();
    await answered;
    // What the answer sets off is done before that of a later question.
    await page.evaluate('fetch("/").then((response) => response.text())');
    expect(page.url()).toMatch(/#\/export$/);
  });

  test("commands and images are found by typing", async () => {
    const { page } = await browser.open(started().url);
    await firstCell(page).waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("settings");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Settings" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("scene-007");
    await page.getByRole("option", { name: /scene-007/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".file-name").getByText("scene-007.png").waitFor();
  });

  test("speaks Chinese, and is dark, for those who want it", async () => {
    const { page } = await browser.open(started().url);
    await firstCell(page).waitFor();
    const background = () =>
      page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
    const isDark = () =>
      page.evaluate("getComputedStyle(document.documentElement).colorScheme === 'dark'");
    expect(await isDark()).toBe(false);
    const light = await background();
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByLabel("Theme").selectOption("Dark");
    await expect.poll(isDark).toBe(true);
    await page.getByLabel("Language").selectOption("中文");
    await page.getByRole("heading", { name: "设置" }).waitFor();
    expect(await page.evaluate("document.documentElement.lang")).toBe("zh");
    await expect.poll(storedPreferences).toMatchObject({ language: "zh", theme: "dark" });
    await page.reload();
    await page.getByRole("link", { name: "标注" }).waitFor();
    expect(await isDark()).toBe(true);
    expect(await background()).not.toBe(light);
    await resetLooks();
  });

  test("a choice is stored even if the page is loaded anew while it is on its way", async () => {
    const proxy = await holdingProxy((method) => method === "PUT");
    // Chromium leaves out this computer unless it is told not to.
    const { page } = await browser.open(started().url, {
      proxy: { server: proxy.server, bypass: "<-loopback>" },
    });
    await firstCell(page).waitFor();
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByLabel("Theme").selectOption("Dark");
    await proxy.held;
    await page.reload();
    expect((await storedPreferences()).theme).toBe("system");
    proxy.letGo();
    await expect.poll(async () => (await storedPreferences()).theme).toBe("dark");
    proxy.close();
    await resetLooks();
  });
});

describe.skipIf(missing !== null)("the page of an empty folder", () => {
  const browser = useBrowser();
  const folder = mkdtempSync(join(tmpdir(), "page-empty-"));
  let studio: StartedStudio;
  beforeAll(async () => void (studio = await startStudio(folder)));
  afterAll(async () => {
    await studio?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("explains what to do, and shows a sample at a click", async () => {
    const { page, complaints } = await browser.open(studio.url);
    await page.getByRole("heading", { name: "This folder has no images yet" }).waitFor();
    expect(await page.getByText(folder, { exact: true }).first().isVisible()).toBe(true);
    await page.getByRole("button", { name: "Put a sample here" }).click();
    await page.getByRole("gridcell").first().waitFor();
    expect(complaints).toEqual([]);
  });
});

/** Holds up whoever waits for it, until it is opened. */
function hold(): { readonly isOpen: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const isOpen = new Promise<void>((resolve) => (open = resolve));
  return { isOpen, open: () => open() };
}
