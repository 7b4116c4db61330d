import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPage, changePage, scriptOf } from "./built-page.ts";
import { launchChromium, missing, softwareGpu, waitLimit } from "./launch.ts";
import { StaticSite } from "./static-site.ts";

describe.skipIf(missing !== null)("the page as a static site, in Chromium", () => {
  let work: string;
  let browser: Browser;
  let outside: Server;
  /** Everything that any page, worker or service worker asked of other hosts. */
  const left: string[] = [];
  const sites: StaticSite[] = [];

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), "tag2mask-page-"));
    await buildPage(join(work, "old"), true);
    await changePage(join(work, "old"), join(work, "new"));
    outside = createServer((request, response) => {
      left.push(request.url!);
      response.end();
    });
    outside.on("connect", (request, socket) => {
      left.push(request.url!);
      socket.destroy();
    });
    await once(outside.listen(0, "127.0.0.1"), "listening");
    browser = await launchChromium(softwareGpu);
  });
  afterAll(async () => {
    await browser?.close();
    for (const site of sites) await site.stop();
    outside?.close();
    rmSync(work, { recursive: true, force: true });
  });

  async function serve(headers = {}): Promise<StaticSite> {
    const site = new StaticSite(join(work, "old"), headers);
    sites.push(site);
    await site.start();
    return site;
  }

  /** A visitor who has never been here. */
  async function visitor(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const server = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
    const proxy = { server, bypass: "127.0.0.1" };
    const context = await browser.newContext({ proxy, ...options });
    context.setDefaultTimeout(waitLimit);
    return context;
  }

  test("a host that sends no headers: after one reload WebAssembly has threads, and then no network is needed", async () => {
    const site = await serve();
    const context = await visitor();
    const page = await open(context, site);
    await page.getByText("Works offline.").waitFor();
    expect(page.loads).toBe(2);
    expect(await page.evaluate("crossOriginIsolated && typeof SharedArrayBuffer")).toBe("function");
    expect(await ask(page, "threads")).toBeGreaterThan(1);

    await site.stop();
    await context.setOffline(true);
    await page.reload();
    await page.getByRole("heading", { name: "Tags in, masks out" }).waitFor();
    expect(await page.evaluate("crossOriginIsolated")).toBe(true);
    expect(await ask(page, "threads")).toBeGreaterThan(1);
    expect(await ask(page, "compute", "cpu")).toBeGreaterThan(0);
    expect(await ask(page, "scene", 48)).toBe(48 * 48);
    const [licenses] = await Promise.all([
      context.waitForEvent("page"),
      page.getByRole("link", { name: "Licenses" }).click(),
    ]);
    await licenses.getByText(/^tag2mask .*\(MIT\)/).waitFor();
    await licenses.close();
    expect(page.problems).toEqual([]);
    expect(left).toEqual([]);
    await context.close();
  });

  test("nothing but the page's own host is asked, not by its workers either", async () => {
    const site = await serve();
    const context = await visitor();
    const page = await open(context, site);
    await page.getByText("Works offline.").waitFor();
    expect(await ask(page, "leave", "http://example.com/")).toMatch(/fetch/);
    const inPage = 'fetch("http://example.com/").then(() => "sent", ({ message }) => message)';
    expect(await page.evaluate(inPage)).toMatch(/fetch/);
    expect(left).toEqual([]);
    // The policy is what refused them, and the recorder would have seen them.
    expect(page.problems.join("\n")).toMatch(/Content Security Policy/);
    const free = await context.newPage();
    await free.goto("http://example.com/");
    expect(left.splice(0)).toContain("http://example.com/");
    await context.close();
  });

  test("where there is a GPU, its build of ONNX Runtime is kept too and computes offline", async () => {
    const site = await serve();
    const context = await visitor();
    await context.addInitScript(
      'Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { value: false })',
    );
    const page = await open(context, site);
    await page.getByText("Works offline.").waitFor();
    expect((await kept(page)).filter((name) => name.endsWith(".wasm"))).toHaveLength(2);
    await site.stop();
    await context.setOffline(true);
    await page.reload();
    expect(await ask(page, "compute", "webgpu")).toBeGreaterThan(0);
    expect(page.problems).toEqual([]);
    await context.close();
  });

  test("a new version is told and opens with a reload; pages of the old one keep their files", async () => {
    const site = await serve();
    const context = await visitor();
    const page = await open(context, site);
    await page.getByText("Works offline.").waitFor();
    const other = await open(context, site);
    await other.getByText("Works offline.").waitFor();
    const old = scriptOf(site.folder, "probe");

    site.folder = join(work, "new");
    site.requests.length = 0;
    await page.reload();
    await page.getByText("A new version of this page is ready.").waitFor();
    await other.getByText("A new version of this page is ready.").waitFor();
    expect(site.requests.filter((path) => path.endsWith(".wasm"))).toEqual([]);
    expect(await build(page)).toBeUndefined();

    await page.getByRole("button", { name: "Reload" }).click();
    await page.locator('html[data-build="new"]').waitFor();
    await page.getByText("Works offline.").waitFor();
    expect(await kept(page)).toContain(old);
    await loadProbe(other, old);
    expect(await build(other)).toBeUndefined();
    expect(await ask(other, "compute", "cpu")).toBeGreaterThan(0);

    await other.close();
    await page.reload();
    await page.getByText("Works offline.").waitFor();
    const inNew = filesOf(join(work, "new")).filter(
      (name) => !/\.(asyncify|jspi)-.*wasm$/.test(name),
    );
    expect((await kept(page)).sort()).toEqual(inNew.sort());
    expect(page.problems).toEqual([]);
    await context.close();
  });

  test("while a deployment is half done, the old version stays, online and offline", async () => {
    const site = await serve();
    const context = await visitor();
    const page = await open(context, site);
    await page.getByText("Works offline.").waitFor();
    site.folder = join(work, "half");
    await changePage(join(work, "old"), site.folder);
    // Some hosts send a page for what they do not have yet.
    writeFileSync(join(site.folder, "assets", scriptOf(site.folder, "index")), "<!doctype html>");
    await page.reload();
    await page.getByText("the server sends other bytes than were built").waitFor();
    await site.stop();
    await page.reload();
    await page.getByText("Works offline.").waitFor();
    expect(await build(page)).toBeUndefined();
    await context.close();
  });

  test("without service workers the page opens at once, with one thread, and says why", async () => {
    const site = await serve();
    const context = await visitor({ serviceWorkers: "block" });
    const page = await open(context, site);
    await page.getByText("Computing with one thread").waitFor();
    await page.getByText("this browser blocks service workers").waitFor();
    await page.getByRole("heading", { name: "Tags in, masks out" }).waitFor();
    expect(page.loads).toBe(1);
    expect(await ask(page, "threads")).toBe(1);
    expect(await ask(page, "compute", "cpu")).toBeGreaterThan(0);
    expect(page.problems).toEqual([]);
    await context.close();
  });

  test("a page that a service worker cannot isolate is reloaded once and no more", async () => {
    const site = await serve({ "cross-origin-opener-policy": "unsafe-none" });
    const context = await visitor();
    const page = await open(context, site);
    await page.getByText("this browser does not isolate the page").waitFor();
    await page.getByText("Works offline.").waitFor();
    expect(page.loads).toBe(2);
    await context.close();
  });

  test("a host that sends the headers isolates the page without a reload", async () => {
    const site = await serve({
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    const context = await visitor();
    const page = await open(context, site);
    await page.getByText("Works offline.").waitFor();
    expect(page.loads).toBe(1);
    expect(await page.evaluate("crossOriginIsolated")).toBe(true);
    expect(await page.getByText("Computing with one thread").count()).toBe(0);
    await context.close();
  });

  test("the JavaScript of the page, without ONNX Runtime's, takes at most 320 kB of gzip", () => {
    const folder = join(work, "old");
    const read = (name: string): Buffer => readFileSync(join(folder, "assets", name));
    // Files that others name, from the page on: its own code without what stands beside it for tests.
    const names = readdirSync(join(folder, "assets"));
    const found = new Set<string>();
    const follow = (text: string): void => {
      for (const name of names.filter((one) => !found.has(one) && text.includes(one))) {
        found.add(name);
        if (name.endsWith(".js")) follow(read(name).toString());
      }
    };
    follow(readFileSync(join(folder, "index.html"), "utf8"));
    expect([...found].filter((name) => name.endsWith(".wasm"))).toHaveLength(3);
    const own = [...found].filter((name) => name.endsWith(".js") && !name.startsWith("ort."));
    const total = own.reduce((sum, name) => sum + gzipSync(read(name)).length, 0);
    expect(total).toBeGreaterThan(100_000);
    expect(total).toBeLessThanOrEqual(320_000);
  });

  interface Watched extends Page {
    /** Number of times that the page was loaded. */
    loads: number;
    /** Errors, and what the content security policy refused. */
    problems: string[];
  }

  async function open(context: BrowserContext, site: StaticSite): Promise<Watched> {
    const page = Object.assign(await context.newPage(), { loads: 0, problems: [] as string[] });
    page.on("domcontentloaded", () => page.loads++);
    page.on("pageerror", (error) => page.problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") page.problems.push(message.text());
    });
    await page.goto(site.url);
    return page;
  }

  async function ask(page: Page, task: string, ...values: unknown[]): Promise<unknown> {
    if (!(await page.evaluate("'ask' in globalThis")))
      await loadProbe(page, scriptOf(join(work, "old"), "probe"));
    return page.evaluate(`ask(${[task, ...values].map((value) => JSON.stringify(value))})`);
  }

  async function loadProbe(page: Page, name: string): Promise<void> {
    await page.evaluate(`import(new URL("assets/${name}", location.href).href)`);
  }

  /** Names of all files that the browser keeps. */
  async function kept(page: Page): Promise<string[]> {
    const keys = `caches.keys().then(([name]) => caches.open(name)).then((cache) => cache.keys())`;
    const urls = await page.evaluate<string[]>(`${keys}.then((all) => all.map(({ url }) => url))`);
    return urls.map((url) => new URL(url).pathname.replace(/.*\//, ""));
  }

  function build(page: Page): Promise<string | undefined> {
    return page.evaluate("document.documentElement.dataset.build");
  }

  /** Names of all files of a site but its service worker. */
  function filesOf(folder: string): string[] {
    const names = [folder, join(folder, "assets")].flatMap((path) =>
      readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile()),
    );
    return names
      .map(({ name }) => name)
      .filter((name) => name !== "sw.js")
      .sort();
  }
});
