import { defineConfig } from "vite";

/** Headers without which WebAssembly computes in one thread; the server of the built page has to send them too. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  base: "./",
  build: { target: "es2023" },
  worker: { format: "es" },
  server: { headers: isolation },
  preview: { headers: isolation },
  // Prebundling would part the worker and the .wasm files from the modules that look for them beside themselves.
  optimizeDeps: { exclude: ["tag2mask-web", "onnxruntime-web"] },
});
