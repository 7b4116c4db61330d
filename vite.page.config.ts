import { defineConfig } from "vite";
import { bundledLicenses } from "./scripts/licenses/bundled-licenses.ts";

const licenses = bundledLicenses();

/** The studio's page: one folder of files that the studio's server sends as they are. */
export default defineConfig({
  root: "src/studio/page",
  base: "./",
  plugins: [licenses.page],
  build: {
    outDir: "../../../dist/studio/page",
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  worker: { format: "es", plugins: () => [licenses.workers] },
});
