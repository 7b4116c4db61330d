import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "vite";
import type { Site } from "../../src/web/page/offline/site.ts";

/** What a page may load and run: files of its own site, and what it makes itself. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const serviceWorker = fileURLToPath(
  new URL("../../src/web/page/offline/service-worker.ts", import.meta.url),
);

/** Finishes a build of the page by `finishSite`. */
export const offlineSite: Plugin = {
  name: "offline-site",
  apply: "build",
  writeBundle: ({ dir }) => finishSite(dir!),
};

/**
 * Gives a built page in a folder its content security policy and its version, and the service worker `sw.js`, which knows the
 * hashes of all files.
 */
export async function finishSite(folder: string): Promise<void> {
  const hashes = await hashesOf(folder);
  const path = join(folder, "index.html");
  const html = await readFile(path, "utf8");
  const version = sha256(JSON.stringify([hashes, policy])).slice(0, 16);
  const metas = [
    `<meta http-equiv="Content-Security-Policy" content="${policy}" />`,
    `<meta name="version" content="${version}" />`,
  ];
  // A policy holds for what follows it.
  const page = html.replace(/<head>\s*<meta charset[^>]*>/, (start) => [start, ...metas].join("\n    ")); // prettier-ignore
  if (page === html) throw new Error("index.html: has no <head> that starts with its charset");
  await writeFile(path, page);
  const site: Site = { version, policy, files: { ...hashes, "index.html": sha256(page) } };
  await build({
    entryPoints: [serviceWorker],
    outfile: join(folder, "sw.js"),
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2023",
    define: { site: JSON.stringify(site) },
    logLevel: "warning",
  });
}

/** SHA-256 in hex of all files of a folder, by their paths in it, sorted. */
async function hashesOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path !== "sw.js")
    .sort();
  const hashes: Record<string, string> = {};
  for (const path of paths) hashes[path] = sha256(await readFile(join(folder, path)));
  return hashes;
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
