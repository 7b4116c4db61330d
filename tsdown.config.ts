import { defineConfig } from "tsdown";

export default defineConfig({
  entry: [
    "src/index.ts",
    "src/core.ts",
    "src/node/cli/main.ts",
    "src/node/load-worker.ts",
    "src/node/crf-worker.ts",
    "src/node/label-worker.ts",
    "src/node/scene-worker.ts",
    "src/node/session-lane.ts",
  ],
  format: "esm",
  // Whatever core.ts reaches runs in a browser too; for Node alone the bundler's helpers import node:module.
  platform: "neutral",
  deps: { neverBundle: [/^node:/] },
  dts: true,
  unbundle: true,
  clean: true,
  // package.json points to .js files.
  fixedExtension: false,
});
