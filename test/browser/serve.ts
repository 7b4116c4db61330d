import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, extname } from "node:path";

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

/** Headers of a page in which WebAssembly has threads. */
export const isolation: OutgoingHttpHeaders = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

export interface Site {
  /** Address of its page, with a slash at the end. */
  readonly url: string;
  close(): void;
}

/**
 * A server on this machine of a page that loads `/page.js`, and of golden files and the files of onnxruntime-web.
 * @param scripts content by path
 */
export async function serve(
  scripts: Readonly<Record<string, Uint8Array>>,
  headers: OutgoingHttpHeaders = {},
): Promise<Site> {
  const html = '<!doctype html><script type="module" src="/page.js"></script>';
  const server = createServer(({ url = "/" }, response) => {
    const folder = Object.keys(folders).find((prefix) => url.startsWith(prefix));
    const file = folder && new URL(basename(url), folders[folder]);
    if (file && !existsSync(file)) return void response.writeHead(404).end();
    const type = types[extname(url) || ".html"] ?? "application/octet-stream";
    response.writeHead(200, { ...headers, "content-type": type });
    response.end(file ? readFileSync(file) : (scripts[url] ?? html));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => void server.close(),
  };
}
