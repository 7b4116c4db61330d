import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { takenForBuilt } from "./test/built.ts";

/** Tests that leave nothing behind in their process: those of a process share its modules and compiled graphs. */
const sharing = ["engine", "files", "jobs", "method"].map((room) => `test/${room}/**/*.test.ts`);

const each = {
  // No test is about time: these limits end what hangs.
  testTimeout: 180_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 150_000 } },
  setupFiles: ["test/one-core.ts", "test/share-sessions.ts", "test/compare-bits.ts"],
};

export default defineConfig({
  test: {
    // Each on a core of its own; more than four would need much memory.
    maxWorkers: Math.min(4, availableParallelism()),
    globalSetup: ["test/build-sources.ts"],
    projects: [
      {
        plugins: [takenForBuilt],
        test: { ...each, name: "sharing a process", include: sharing, isolate: false },
      },
      {
        plugins: [takenForBuilt],
        test: {
          ...each,
          name: "each in its process",
          include: ["test/**/*.test.ts"],
          exclude: sharing,
        },
      },
    ],
  },
});
