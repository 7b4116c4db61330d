import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { browserBundle, bundleFiles } from "./bundle.ts";

/** In bytes: what a page downloads before the first weight. */
const largest = 91_000;

test("the built core needs nothing of Node and, with its packages, stays within 91 kB of gzip", async () => {
  const { first, later } = await bundleFiles('export * from "tag2mask/core"');
  const size = first.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
  console.log(`tag2mask/core: ${size / 1e3} kB of gzip`);
  for (const file of [...first, ...later])
    expect(Buffer.from(file).toString()).not.toMatch(/["']node:/);
  expect(size).toBeLessThanOrEqual(largest);
  expect(size).toBeGreaterThan(largest / 4); // the core, not an empty file
});

test("a bundle that does need Node is refused", async () => {
  const entry = 'export * from "tag2mask/core"; import "node:module";';
  await expect(browserBundle(entry)).rejects.toThrow(/Could not resolve "node:module"/);
});
