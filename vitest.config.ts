import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { takenForBuilt } from "./test/built.ts";

/** Tests of threads in pages, and of the studio's servers with their browsers. */
const onAllCores = [
  "studio/**/*",
  "browser/ort",
  "browser/web-page-resume",
  "browser/web-page-shell",
].map((files) => `test/${files}.test.ts`);

const setupFiles = ["test/share-sessions.ts", "test/compare-bits.ts"];
const shared = {
  // The test files of a process share its modules and compiled graphs, which would be a quarter of the work: no file leaves
  // anything behind, and a module that several import registers hooks in a function that each of them calls.
  isolate: false,
  restoreMocks: true,
  unstubEnvs: true,
  // No test is about time: these limits end what hangs.
  testTimeout: 180_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 150_000 } },
};

export default defineConfig({
  test: {
    // More than four would need much memory.
    maxWorkers: Math.min(4, availableParallelism()),
    globalSetup: ["test/build-sources.ts"],
    // They run one after the other, in the order of their names.
    projects: [
      {
        plugins: [takenForBuilt],
        test: { ...shared, name: "on all cores", include: onAllCores, setupFiles },
      },
      {
        plugins: [takenForBuilt],
        test: {
          ...shared,
          name: "on one core",
          include: ["test/**/*.test.ts"],
          exclude: onAllCores,
          setupFiles: ["test/one-core.ts", ...setupFiles],
        },
      },
    ],
  },
});
