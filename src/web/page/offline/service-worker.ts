import { mapAtOnce } from "../../../files/datasets/map-at-once.ts";
import type { BuildName } from "../../../host/web/ort/choice.ts";
import { KeptFiles } from "./kept-files.ts";
import { buildOf, lockName, type KeepRequest, type Notice, type Site } from "./site.ts"; // prettier-ignore

// Keeps the files of the page in the browser, so that it works offline, and gives them the headers without which WebAssembly has
// one thread. A new version takes over at once: pages that are open go on with their own files, which stay until they are closed.

/** Put here by the build. */
declare const site: Site;

interface ExtendableEvent {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface Client {
  readonly url: string;
  postMessage(notice: Notice): void;
}

/** The part of a service worker's global scope that is used; TypeScript's declarations of pages lack it. */
interface Scope {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    matchAll(options: { type: "window"; includeUncontrolled: true }): Promise<readonly Client[]>;
    claim(): Promise<void>;
  };
  skipWaiting(): Promise<void>;
  oninstall: ((event: ExtendableEvent) => void) | null;
  onactivate: ((event: ExtendableEvent) => void) | null;
  onfetch: ((event: FetchEvent) => void) | null;
  onmessage: ((event: ExtendableEvent & MessageEvent<KeepRequest>) => void) | null;
}

const scope = globalThis as unknown as Scope;
const root = scope.registration.scope;
const files = new KeptFiles(site, root);

scope.oninstall = (event) => event.waitUntil(install());
scope.onactivate = (event) => event.waitUntil(takeOver());
scope.onmessage = (event) => event.waitUntil(answer(event.data, event.ports[0]));

scope.onfetch = (event) => {
  const { method, url } = event.request;
  if (method !== "GET" || !url.startsWith(root)) return;
  const path = new URL(url).pathname.slice(new URL(root).pathname.length) || "index.html";
  if (path in site.files) event.respondWith(load(path, event.request));
  else if (path.startsWith("assets/")) {
    event.respondWith(files.loadOlder(path).then((kept) => kept ?? fetch(event.request)));
  }
};

/** A file from the storage or, where that fails, as the server sends it. */
async function load(path: string, request: Request): Promise<Response> {
  return files.load(path).catch(() => fetch(request));
}

/** Fetches all files but builds of ONNX Runtime, of which a version takes along what the one before it had. */
async function install(): Promise<void> {
  try {
    const before = new Set((await files.paths()).map(buildOf));
    await keep((build) => build === undefined || before.has(build));
  } catch (error) {
    await tell({ problem: (error as Error).message });
    throw error;
  }
  await scope.skipWaiting();
}

async function takeOver(): Promise<void> {
  await scope.clients.claim();
  await tell({ version: site.version });
}

async function answer({ keep: builds }: KeepRequest, port: MessagePort | undefined): Promise<void> {
  const reply = (text: Notice): void => port?.postMessage(text);
  try {
    await tidy();
    await keep((build) => build === undefined || builds.includes(build));
    reply({ version: site.version });
  } catch (error) {
    reply({ problem: (error as Error).message });
  }
}

/** Files that are fetched at the same time. Browsers have six connections to a host of HTTP/1.1; two are left to the page itself. */
const fetchedAtOnce = 4;

/** Keeps files of this version, by the builds that they belong to. */
async function keep(isWanted: (build: BuildName | undefined) => boolean): Promise<void> {
  const paths = Object.keys(site.files).filter((path) => isWanted(buildOf(path)));
  await mapAtOnce(paths, fetchedAtOnce, (path) => files.load(path));
}

/** Removes older versions, unless a page of one is open. */
async function tidy(): Promise<void> {
  const { held = [] } = await navigator.locks.query();
  // Locks name their holders otherwise than clients are named, but each page has one.
  const own = held.filter(({ name }) => name === lockName(root, site.version));
  if (own.length >= (await pages()).length) await files.tidy();
}

async function tell(notice: Notice): Promise<void> {
  for (const page of await pages()) page.postMessage(notice);
}

async function pages(): Promise<readonly Client[]> {
  const all = await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  return all.filter(({ url }) => url.startsWith(root));
}
