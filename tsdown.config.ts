import { defineConfig } from "tsdown";

export default defineConfig({
  entry: [
    "src/index.ts",
    "src/core.ts",
    "src/web.ts",
    "src/host/web/workers/entry.ts",
    "src/cli/main.ts",
    "src/host/node/workers/entry.ts",
    // Started as processes and threads of their own.
    "src/studio/server/**/*-{process,thread}.ts",
  ],
  format: "esm",
  // Whatever core.ts reaches runs in a browser too; for Node alone the bundler's helpers import node:module.
  platform: "neutral",
  // onnxruntime-web is a development dependency of this repository, and one of the users of the entry for browsers.
  deps: { neverBundle: [/^node:/, /^onnxruntime-/] },
  dts: true,
  unbundle: true,
  clean: true,
  // package.json points to .js files.
  fixedExtension: false,
});
