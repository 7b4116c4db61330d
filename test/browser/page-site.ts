import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Download, Page } from "playwright-core";
import { build } from "vite";
import { launchChromium, waitLimit } from "./launch.ts";
import { isolation } from "./serve.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};

/** The page as a visitor has it: built, on a static host, in Chromium. */
export class PageSite {
  private constructor(
    /** For files of the tests. */
    readonly folder: string,
    private readonly server: Server,
    private readonly browser: Browser,
    /** All pages share its storage. */
    readonly context: BrowserContext,
  ) {}

  static async open(): Promise<PageSite> {
    const folder = mkdtempSync(join(tmpdir(), "tag2mask-page-"));
    const site = join(folder, "site");
    await build({
      configFile: fileURLToPath(new URL("../../vite.web.config.ts", import.meta.url)),
      logLevel: "error",
      build: { outDir: site },
    });
    const server = createServer(({ url = "/" }, response) => {
      const { pathname } = new URL(url, "http://localhost");
      const file = join(site, pathname === "/" ? "index.html" : pathname);
      if (!existsSync(file)) return void response.writeHead(404).end();
      const type = types[extname(file)] ?? "application/octet-stream";
      response.writeHead(200, { ...isolation, "content-type": type }).end(readFileSync(file));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const browser = await launchChromium();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    context.setDefaultTimeout(waitLimit);
    return new PageSite(folder, server, browser, context);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** Opens the page in a new tab. @param hash what it shows, such as "#/masks" */
  async tab(hash = ""): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(this.url + hash);
    await page.locator("main h1").waitFor({ state: "attached" });
    return page;
  }

  /** Saves a download of the page, whatever it is called, as bytes. */
  async saved(page: Page, press: () => Promise<void>): Promise<Uint8Array> {
    const [download] = await Promise.all([page.waitForEvent("download"), press()]);
    return readFileSync(await (download as Download).path());
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
