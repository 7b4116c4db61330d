import type { Browser, BrowserContext, Page } from "playwright-core";
import { launchChromium, softwareGpu, waitLimit } from "./launch.ts";
import { isolation, serve } from "./serve.ts";
import { sourcesBundle } from "./sources-bundle.ts";

/** A page that starts workers and hands their answers on. */
const pageScript = `
const workers = new Map();
const start = (name) => {
  const worker = new Worker("/worker.js", { type: "module", name });
  const ready = new Promise((resolve, reject) => {
    // What is sent before its modules have been evaluated would be lost.
    worker.onmessage = () => resolve(worker);
    worker.onerror = (event) => reject(new Error(name + ": " + event.message));
  });
  return { ready, terminate: () => worker.terminate() };
};
globalThis.ask = async (name, task, values) => {
  if (!workers.has(name)) workers.set(name, start(name));
  const worker = await workers.get(name).ready;
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ task, values, port: port2 }, [port2]);
  const { data } = await new Promise((resolve) => (port1.onmessage = resolve));
  if ("error" in data) throw new Error(data.error);
  return data.result;
};
globalThis.end = (name) => {
  workers.get(name)?.terminate();
  workers.delete(name);
};
`;

/** The script of a page that `openAsking` opens. */
export const askingScript: Uint8Array = new TextEncoder().encode(pageScript);

/** A page that hands tasks on to the module workers of `/worker.js`, which answer by `answerTasks`. */
export interface AskingPage {
  readonly page: Page;
  /** Runs a task of a worker, which is started with the first one. */
  ask(worker: string, task: string, ...values: unknown[]): Promise<unknown>;
}

/** Opens a page of a site whose `/page.js` is `askingScript`. */
export async function openAsking(
  browser: Browser | BrowserContext,
  url: string,
): Promise<AskingPage> {
  const page = await browser.newPage();
  page.setDefaultTimeout(waitLimit);
  page.on("pageerror", (error) => console.error(error));
  await page.goto(url);
  await page.waitForFunction("'ask' in globalThis");
  return {
    page,
    ask: (...[worker, task, ...values]) =>
      page.evaluate(`ask(${[worker, task, values].map((value) => JSON.stringify(value))})`),
  };
}

export interface WorkerPage extends AskingPage {
  /** Ends a worker and frees what it holds. */
  end(worker: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * A cross-origin isolated page in Chromium, with WebGPU on a software adapter, whose module workers run `entry`: a file that
 * answers by `answerTasks`.
 */
export async function openWorkerPage(entry: URL): Promise<WorkerPage> {
  const scripts = {
    "/page.js": askingScript,
    "/worker.js": await sourcesBundle(entry),
  };
  const site = await serve(scripts, isolation);
  const browser = await launchChromium(softwareGpu);
  const asking = await openAsking(browser, site.url);
  const { page } = asking;
  return {
    ...asking,
    end: async (worker) => void (await page.evaluate(`end(${JSON.stringify(worker)})`)),
    async close() {
      await browser.close();
      site.close();
    },
  };
}
