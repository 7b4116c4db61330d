import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { browserBundle } from "./bundle.ts";

/** In bytes: what a page downloads before the first weight. */
const largest = 93_000;

test("the built core needs nothing of Node and, with its packages, stays within 93 kB of gzip", async () => {
  const code = await browserBundle('export * from "tag2mask/core"');
  const size = gzipSync(code, { level: 9 }).length;
  console.log(`tag2mask/core: ${(code.length / 1e3).toFixed(1)} kB, ${size / 1e3} kB gzip`);
  expect(Buffer.from(code).toString()).not.toMatch(/["']node:/);
  expect(size).toBeLessThanOrEqual(largest);
  expect(size).toBeGreaterThan(largest / 4); // the core, not an empty file
});

test("a bundle that does need Node is refused", async () => {
  const entry = 'export * from "tag2mask/core"; import "node:module";';
  await expect(browserBundle(entry)).rejects.toThrow(/Could not resolve "node:module"/);
});
