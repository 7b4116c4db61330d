import type { Page } from "playwright-core";
import { launchChromium } from "./launch.ts";
import { isolation, serve } from "./serve.ts";
import { sourcesBundle } from "./sources-bundle.ts";
import { askingScript, openAsking } from "./worker-page.ts";

const root = new URL("../../", import.meta.url);

/** A page whose worker has tag2mask/web. */
export interface WebPage {
  readonly page: Page;
  ask(task: string, ...values: unknown[]): Promise<unknown>;
}

export interface WebSite {
  /** Opens a page; all share the storage of the site. */
  open(): Promise<WebPage>;
  close(): Promise<void>;
}

/**
 * A site in Chromium with the sources of tag2mask/web.
 * @param worker file of test/browser/web whose tasks its pages do
 * @param files what else is served, by path
 */
export async function openSite(
  worker: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<WebSite> {
  const site = await serve(
    {
      ...files,
      "/page.js": askingScript,
      "/worker.js": await sourcesBundle(new URL(`test/browser/web/${worker}`, root)),
      "/entry.js": await sourcesBundle(new URL("src/host/web/workers/entry.ts", root)),
    },
    isolation,
  );
  const browser = await launchChromium();
  const context = await browser.newContext();
  return {
    async open() {
      const { page, ask } = await openAsking(context, site.url);
      return { page, ask: (task, ...values) => ask("worker", task, ...values) };
    },
    async close() {
      await browser.close();
      site.close();
    },
  };
}
