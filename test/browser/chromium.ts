import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { test } from "vitest";
import { browserBundle } from "./bundle.ts";
import { launchChromium, missing } from "./launch.ts";

export { missing };

if (missing !== null) console.warn(`the tests in Chromium are skipped: ${missing}`);
test.runIf(process.env["TAG2MASK_REQUIRE_CHROMIUM"] === "1")(
  "Chromium is there, as TAG2MASK_REQUIRE_CHROMIUM asks",
  () => {
    if (missing !== null) throw new Error(missing);
  },
);

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

const folders: Readonly<Record<string, URL>> = {
  "/golden/": new URL("../golden/", import.meta.url),
  "/ort/": new URL("../../node_modules/onnxruntime-web/dist/", import.meta.url),
};

/** A page of its own server on this machine, with test/browser/page.ts loaded in it. */
export async function openPage(): Promise<{ page: Page; close(): Promise<void> }> {
  const script = fileURLToPath(new URL("./page.ts", import.meta.url));
  const code = await browserBundle(`import ${JSON.stringify(script)};`);
  const server = createServer(({ url = "/" }, response) => {
    const folder = Object.keys(folders).find((prefix) => url.startsWith(prefix));
    const file = folder && new URL(basename(url), folders[folder]);
    if (file && !existsSync(file)) return void response.writeHead(404).end();
    const html = '<!doctype html><script type="module" src="/page.js"></script>';
    const body = file ? readFileSync(file) : url === "/page.js" ? code : html;
    response.setHeader(
      "content-type",
      types[extname(url) || ".html"] ?? "application/octet-stream",
    );
    response.end(body);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const browser = await launchChromium();
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("'tasks' in globalThis");
  return {
    page,
    async close() {
      await browser.close();
      server.close();
    },
  };
}
