import { browserFacts, chooseBuild, type BuildName } from "../../../host/web/ort/choice.ts";
import { Store } from "../app/store.ts";
import { lockName, type KeepRequest, type Notice } from "./site.ts";

/** What the page knows of its files in this browser. */
export interface Offline {
  /** Whether everything that it can need here is kept, so that it works without a network. */
  readonly isKept: boolean;
  /** Why it, or a new version of it, could not be kept. */
  readonly problem?: string;
  /** Why WebAssembly has one thread alone, though the browser could give more. */
  readonly oneThread?: string;
  /** What a reload would change: another version of the page, or more threads. */
  readonly reload?: "version" | "threads";
}

export const offline = new Store<Offline>({ isKept: false });

/** Milliseconds after which the page opens without the service worker, which goes on. */
const patience = 10_000;

const triedKey = "tag2mask: reloaded for threads";

/**
 * Keeps the files of the page in this browser. The promise is fulfilled once the page may open: where the server does not isolate
 * it, it is reloaded before, once.
 */
export async function keepOffline(): Promise<void> {
  const started = start().catch((error: unknown) => fail((error as Error).message));
  if (!crossOriginIsolated) await Promise.race([started, sleep(patience)]);
  isOpen = true;
}

/** Whether the page is in use, so that it must not be reloaded unasked. */
let isOpen = false;

async function start(): Promise<void> {
  if (!window.isSecureContext)
    return fail("the page came over plain http; open it over https or from localhost");
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (!container) return fail("this browser has no service workers, as in some private windows");
  const version = document.querySelector<HTMLMetaElement>('meta[name="version"]')!.content;
  await holdVersion(version);
  container.onmessage = ({ data }: MessageEvent<Notice>) => {
    if ("problem" in data) offline.set({ problem: data.problem });
    else if (data.version !== version) offline.set({ reload: "version" });
    else if (container.controller) void keepEverything(container.controller);
  };
  await container.register("./sw.js", { updateViaCache: "none" });
  const registration = await container.getRegistration("./");
  if (!registration) return fail("this browser blocks service workers");
  const worker = await activated(registration);
  if (!worker) return fail(offline.state.problem ?? "its service worker could not be installed");
  if (!crossOriginIsolated && isolate()) return new Promise(() => {});
  void keepEverything(worker);
}

/** Holds a lock until the page is closed, so that the service worker leaves the files of its version alone. */
function holdVersion(version: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const hold = (): Promise<never> => {
      resolve();
      return new Promise(() => {});
    };
    const name = lockName(new URL("./", location.href).href, version);
    navigator.locks.request(name, { mode: "shared" }, hold).catch(reject);
  });
}

/** The service worker of a registration, once one is active; undefined if it cannot be. */
async function activated({
  active,
  waiting,
  installing,
}: ServiceWorkerRegistration): Promise<ServiceWorker | undefined> {
  const worker = active ?? waiting ?? installing;
  while (worker && worker.state !== "activated" && worker.state !== "redundant")
    await new Promise((resolve) => worker.addEventListener("statechange", resolve, { once: true }));
  return worker?.state === "activated" ? worker : undefined;
}

/** Reloads the page, which the service worker then isolates, unless that was tried or the page is in use; returns whether it does. */
function isolate(): boolean {
  if (isOpen) {
    offline.set({ reload: "threads", oneThread: "the page was opened before it was isolated" });
    return false;
  }
  try {
    if (sessionStorage.getItem(triedKey) === null) {
      sessionStorage.setItem(triedKey, "1");
      location.reload();
      return true;
    }
  } catch {
    // A browser that remembers nothing might reload for ever.
  }
  offline.set({ oneThread: "this browser does not isolate the page" });
  return false;
}

async function keepEverything(worker: ServiceWorker): Promise<void> {
  const request: KeepRequest = { keep: await neededBuilds() };
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: MessageEvent<Notice>) => {
    if ("problem" in data) offline.set({ problem: data.problem });
    else offline.set({ isKept: true });
  };
  worker.postMessage(request, [port2]);
}

/** Builds of ONNX Runtime that may be used in this browser: of those for WebGPU one, where there is a GPU. */
async function neededBuilds(): Promise<BuildName[]> {
  const facts = browserFacts();
  const adapter = await facts.gpu?.requestAdapter().catch(() => null);
  const hasGpu = adapter && adapter.info?.isFallbackAdapter !== true;
  return [chooseBuild("cpu", facts), ...(hasGpu ? [chooseBuild("webgpu", facts)] : [])];
}

function fail(problem: string): void {
  offline.set({ problem, ...(!crossOriginIsolated && { oneThread: problem }) });
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
