import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { launchChromium } from "./launch.ts";
import { isolation, serve } from "./serve.ts";

const root = new URL("../../", import.meta.url);

/** A page that hands tasks on to its worker. */
const pageScript = `
const worker = new Worker("/worker.js", { type: "module" });
await new Promise((resolve, reject) => {
  worker.onmessage = resolve;
  worker.onerror = (event) => reject(new Error(event.message));
});
globalThis.ask = async (task, values) => {
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ task, values, port: port2 }, [port2]);
  const { data } = await new Promise((resolve) => (port1.onmessage = resolve));
  if ("error" in data) throw new Error(data.error);
  return data.result;
};
`;

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
  const bundle = async (path: string): Promise<Uint8Array> => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL(path, root))],
      conditions: ["onnxruntime-web-use-extern-wasm"],
      bundle: true,
      format: "esm",
      platform: "browser",
      target: "es2023",
      write: false,
      logLevel: "silent",
    });
    return outputFiles[0]!.contents;
  };
  const site = await serve(
    {
      ...files,
      "/page.js": new TextEncoder().encode(pageScript),
      "/worker.js": await bundle(`test/browser/web/${worker}`),
      "/entry.js": await bundle("src/host/web/workers/entry.ts"),
    },
    isolation,
  );
  const browser = await launchChromium();
  const context = await browser.newContext();
  return {
    async open() {
      const page = await context.newPage();
      page.on("pageerror", (error) => console.error(error));
      await page.goto(site.url);
      await page.waitForFunction("'ask' in globalThis");
      const ask: WebPage["ask"] = (task, ...values) =>
        page.evaluate(`ask(${JSON.stringify(task)}, ${JSON.stringify(values)})`);
      return { page, ask };
    },
    async close() {
      await browser.close();
      site.close();
    },
  };
}
