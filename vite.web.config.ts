import { defineConfig } from "vite";
import { offlineSite } from "./scripts/web/offline-site.ts";
import { oneWorkerBuild } from "./scripts/web/one-worker-build.ts";

/** The page that computes in a browser: one folder of files for any static host, below any path. */
export default defineConfig({
  root: "src/web/page",
  base: "./",
  plugins: [offlineSite],
  build: {
    outDir: "../../../dist/web",
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  worker: { format: "es", plugins: () => [oneWorkerBuild()] },
});
