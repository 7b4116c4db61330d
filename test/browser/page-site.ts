import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { BrowserContext, Download, Page } from "playwright-core";
import { buildPage } from "./built-page.ts";
import { launchVisitor, waitLimit } from "./launch.ts";
import { isolation } from "./serve.ts";
import { StaticSite } from "./static-site.ts";

/** The page as a visitor has it: built, on a static host, in Chromium. */
export class PageSite {
  private constructor(
    /** For files of the tests. */
    readonly folder: string,
    private readonly site: StaticSite,
    /** All pages share its storage, on the disk as a visitor's. */
    readonly context: BrowserContext,
  ) {}

  /** @param more arguments of the browser */
  static async open(more: readonly string[] = []): Promise<PageSite> {
    const folder = mkdtempSync(join(tmpdir(), "tag2mask-page-"));
    const site = new StaticSite(join(folder, "site"), isolation);
    await buildPage(site.folder);
    await site.start();
    const context = await launchVisitor(join(folder, "profile"), more);
    context.setDefaultTimeout(waitLimit);
    return new PageSite(folder, site, context);
  }

  get url(): string {
    return this.site.url;
  }

  /** Opens the page in a new tab. @param hash what it shows, such as "#/masks" */
  async tab(hash = ""): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(this.url + hash);
    await page.locator("main h1").waitFor({ state: "attached" });
    return page;
  }

  /**
   * Follows the scripts that a page loads from now on, its workers' included.
   * @returns their bytes so far, each compressed by gzip, without ONNX Runtime's
   */
  countScripts(page: Page): () => number {
    const names = new Set<string>();
    page.on("request", (request) => {
      const name = basename(new URL(request.url()).pathname);
      if (name.endsWith(".js") && !name.startsWith("ort.")) names.add(name);
    });
    const read = (name: string): Buffer => readFileSync(join(this.site.folder, "assets", name));
    return () => [...names].reduce((sum, name) => sum + gzipSync(read(name)).length, 0);
  }

  /** Saves a download of the page, whatever it is called, as bytes. */
  async saved(page: Page, press: () => Promise<void>): Promise<Uint8Array> {
    const [download] = await Promise.all([page.waitForEvent("download"), press()]);
    return readFileSync(await (download as Download).path());
  }

  async close(): Promise<void> {
    await this.context.close();
    await this.site.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
