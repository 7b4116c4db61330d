import { defineConfig } from "vite";
import { bundledLicenses } from "./scripts/licenses/bundled-licenses.ts";
import { offlineSite } from "./scripts/web/offline-site.ts";
import { oneWorkerBuild } from "./scripts/web/one-worker-build.ts";

const licenses = bundledLicenses();

/** The page that computes in a browser: one folder of files for any static host, below any path. */
export default defineConfig({
  root: "src/web/page",
  base: "./",
  plugins: [licenses.page, offlineSite],
  // Half of what the page would start with is React: preact does the same for it in a fifth of the bytes.
  resolve: {
    alias: [
      { find: /^react$/, replacement: "preact/compat" },
      { find: /^react-dom\/client$/, replacement: "preact/compat/client" },
      { find: /^react\/jsx-runtime$/, replacement: "preact/jsx-runtime" },
    ],
  },
  build: {
    outDir: "../../../dist/web",
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  worker: {
    format: "es",
    plugins: () => [oneWorkerBuild(), licenses.workers],
  },
});
