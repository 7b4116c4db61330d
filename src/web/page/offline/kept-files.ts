import type { Site } from "./site.ts";

/** The name of the storage of a site's files; sites below other paths of an origin have their own. */
const cacheName = (root: string): string => `tag2mask page ${root}`;

const types: Readonly<Record<string, string>> = {
  css: "text/css",
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  mjs: "text/javascript",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
};

/**
 * The files of a site in the browser's storage, each under its address and its hash: versions lie side by side, and a file that
 * does not change is fetched once.
 */
export class KeptFiles {
  private readonly loading = new Map<string, Promise<Response>>();
  private opened: Promise<Cache> | undefined;

  /** @param root address of the site's folder, with a slash at its end */
  constructor(
    private readonly site: Site,
    private readonly root: string,
  ) {}

  /** A file of this version: the kept one, or that of the server, which is kept from then on. */
  async load(path: string): Promise<Response> {
    const kept = await (await this.cache()).match(this.key(path));
    if (kept) return kept;
    let loading = this.loading.get(path);
    if (!loading) {
      loading = this.fetch(path).finally(() => this.loading.delete(path));
      this.loading.set(path, loading);
    }
    return (await loading).clone();
  }

  /** A file of any version, which pages that were open before an update still need. */
  async loadOlder(path: string): Promise<Response | undefined> {
    return (await this.cache()).match(this.root + path, { ignoreSearch: true });
  }

  /** Paths of all kept files, those of older versions too. */
  async paths(): Promise<string[]> {
    const keys = await (await this.cache()).keys();
    return keys.map(({ url }) => url.slice(this.root.length).replace(/\?.*/, ""));
  }

  /** Removes the files of all versions but this one. */
  async tidy(): Promise<void> {
    const cache = await this.cache();
    const own = new Set(Object.keys(this.site.files).map((path) => this.key(path)));
    for (const key of await cache.keys()) if (!own.has(key.url)) await cache.delete(key);
  }

  private async fetch(path: string): Promise<Response> {
    const { body, headers } = await this.download(path);
    const response = new Response(body, { headers: this.headers(path, headers) });
    await (await this.cache()).put(this.key(path), response.clone());
    return response;
  }

  /** The bytes that were built: never those of another version, which servers send while they are updated. */
  private async download(path: string): Promise<{ body: ArrayBuffer; headers: Headers }> {
    const expected = this.site.files[path]!;
    let found = "";
    for (const cache of ["default", "reload"] as const) {
      const response = await fetch(this.root + path, { cache });
      if (!response.ok) throw new Error(`${path}: the server answers ${response.status}`);
      const body = await response.arrayBuffer();
      found = hex(await crypto.subtle.digest("SHA-256", body));
      if (found === expected) return { body, headers: response.headers };
    }
    throw new Error(
      `${path}: the server sends other bytes than were built, SHA-256 ${found} instead of ${expected}; it has to send all files as they are`,
    );
  }

  /** Headers of a response: those without which a page is not cross-origin isolated, unless the server sent its own. */
  private headers(path: string, sent: Headers): HeadersInit {
    const type = types[path.replace(/.*\./, "")];
    return {
      "content-type": type ?? sent.get("content-type") ?? "application/octet-stream",
      "content-security-policy": sent.get("content-security-policy") ?? this.site.policy,
      "cross-origin-opener-policy": sent.get("cross-origin-opener-policy") ?? "same-origin",
      "cross-origin-embedder-policy": sent.get("cross-origin-embedder-policy") ?? "require-corp",
      "cross-origin-resource-policy": sent.get("cross-origin-resource-policy") ?? "same-origin",
    };
  }

  private key(path: string): string {
    return `${this.root}${path}?sha256=${this.site.files[path]}`;
  }

  private cache(): Promise<Cache> {
    return (this.opened ??= caches.open(cacheName(this.root)));
  }
}

function hex(digest: ArrayBuffer): string {
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
