import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { browserBundle } from "./bundle.ts";
import { launchChromium, missing, waitLimit } from "./launch.ts";
import { serve } from "./serve.ts";

export { missing };

if (missing !== null) {
  // Every file of tests that imports this fails.
  if (process.env["TAG2MASK_REQUIRE_CHROMIUM"] === "1") throw new Error(missing);
  console.warn(`the tests in Chromium are skipped: ${missing}`);
}

/** A page of its own server on this machine, with test/browser/page.ts loaded in it. */
export async function openPage(): Promise<{ page: Page; close(): Promise<void> }> {
  const script = fileURLToPath(new URL("./page.ts", import.meta.url));
  const code = await browserBundle(`import ${JSON.stringify(script)};`);
  const site = await serve({ "/page.js": code });
  const browser = await launchChromium();
  const page = await browser.newPage();
  page.setDefaultTimeout(waitLimit);
  page.on("pageerror", (error) => console.error(error));
  await page.goto(site.url);
  await page.waitForFunction("'tasks' in globalThis");
  return {
    page,
    async close() {
      await browser.close();
      site.close();
    },
  };
}
