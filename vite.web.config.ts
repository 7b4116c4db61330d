import { defineConfig } from "vite";

/** The page that computes in a browser: one folder of files for any static host, below any path. */
export default defineConfig({
  root: "src/web/page",
  base: "./",
  build: {
    outDir: "../../../dist/web",
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  worker: { format: "es" },
});
