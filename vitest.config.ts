import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // ONNX Runtime sessions use every core themselves; more files at once only fight for them.
    maxWorkers: 2,
    setupFiles: ["test/share-sessions.ts", "test/compare-bits.ts"],
  },
});
