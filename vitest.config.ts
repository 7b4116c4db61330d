import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { takenForBuilt } from "./test/built.ts";

export default defineConfig({
  plugins: [takenForBuilt],
  test: {
    include: ["test/**/*.test.ts"],
    // No test is about time: these limits end what hangs.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 150_000 } },
    // Each on a core of its own; more than four would need much memory.
    maxWorkers: Math.min(4, availableParallelism()),
    globalSetup: ["test/build-sources.ts"],
    setupFiles: ["test/one-core.ts", "test/share-sessions.ts", "test/compare-bits.ts"],
  },
});
