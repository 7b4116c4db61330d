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
  platform: "node",
  dts: true,
  unbundle: true,
  clean: true,
  // package.json points to .js files.
  fixedExtension: false,
});
