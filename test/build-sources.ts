import { copyFileSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "tsdown";
import type { TestProject } from "vitest/node";
import config from "../tsdown.config.ts";
import { builtFolder, runFolder } from "./built.ts";

// Threads and processes that the sources start register a TypeScript loader first, which takes each of them about a second,
// many times what they do in a test. While tests run they are therefore started from JavaScript, which is built once.

const root = join(import.meta.dirname, "..");

/** Builds the sources before the first test, and again before tests that are watched run again. */
export default async function setUp(project: TestProject): Promise<() => void> {
  // A run that was killed may have left one of this name.
  rmSync(runFolder, { recursive: true, force: true });
  mkdirSync(runFolder);
  await buildSources();
  project.onTestsRerun(buildSources);
  return () => {
    for (const folder of [dirname(builtFolder), runFolder]) {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

/** Builds the sources as they are now. */
export async function buildSources(): Promise<void> {
  rmSync(builtFolder, { recursive: true, force: true });
  await build({ ...config, config: false, dts: false, outDir: builtFolder, logLevel: "error" });
  // What the sources look for beside themselves: the version and the page.
  copyFileSync(join(root, "package.json"), join(dirname(builtFolder), "package.json"));
  symlinkSync(join(root, "dist/studio/page"), join(builtFolder, "studio/page"), "junction");
}
