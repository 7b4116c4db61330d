import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { launchChromium, waitLimit } from "../browser/launch.ts";

export { missing } from "../browser/chromium.ts";

/** A page of the studio, and what went wrong in it. */
export interface OpenedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors, and what broke the content security policy. */
  readonly complaints: string[];
}

export interface Browsers {
  /** Opens the address of a studio in a window of its own. */
  open(url: string, options?: Parameters<Browser["newContext"]>[0]): Promise<OpenedPage>;
  /** One more tab of a window. */
  tab(opened: OpenedPage, url: string): Promise<OpenedPage>;
}

/** One browser for the tests of a file; what its pages show is printed if a test fails. */
export function useBrowser(): Browsers {
  let browser: Browser | undefined;
  beforeAll(async () => void (browser = await launchChromium()));
  afterAll(async () => browser?.close());
  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail") return;
    for (const page of browser?.contexts().flatMap((context) => context.pages()) ?? []) {
      console.error(`${task.name}: ${page.url()} shows:\n${await textOf(page)}`);
    }
  });
  return {
    open: async (url, options = {}) => {
      const context = await browser!.newContext({
        viewport: { width: 1280, height: 800 },
        locale: "en",
        ...options,
      });
      context.setDefaultTimeout(waitLimit);
      return openTab(context, url);
    },
    tab: ({ context }, url) => openTab(context, url),
  };
}

async function openTab(context: BrowserContext, url: string): Promise<OpenedPage> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // Requests that fail while a server is away are what the tests are about.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  await page.addInitScript({
    content: `addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      console.error("content security policy: " + violatedDirective + " " + blockedURI));`,
  });
  await page.goto(url);
  return { page, context, complaints };
}

/** What a person reads on a page; the reason if it does not say so for 5 s. */
async function textOf(page: Page): Promise<string> {
  return page.locator("body").innerText({ timeout: 5000 }).catch(String);
}
