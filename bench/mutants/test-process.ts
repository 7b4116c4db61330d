import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createVitest } from "vitest/node";
import type { TestReport, TestRequest } from "./test-runner.ts";

// One long-lived Vitest in a copy of the repository: only what a mutation changes is transformed anew.
const root = process.argv[2]!;
process.chdir(root);
const vitest = await createVitest("test", {
  root,
  watch: false,
  bail: 1,
  maxWorkers: 1,
  reporters: [{}],
});
await vitest.standalone();
const builds = pathToFileURL(join(root, "test/build-sources.ts")).href;
const { buildSources } = (await import(builds)) as typeof import("../../test/build-sources.ts");

async function run({ test, changed }: TestRequest): Promise<TestReport> {
  for (const path of changed) vitest.invalidateFile(path);
  // Threads and processes that the tests start run what is built.
  if (changed.length > 0) await buildSources();
  const specifications = vitest.getModuleSpecifications(test);
  if (specifications.length === 0) throw new Error(`Vitest does not know the test file ${test}`);
  // Vitest's state is of all its runs: an earlier failure would end this one.
  vitest.state.filesMap.clear();
  vitest.state.idMap.clear();
  const begin = performance.now();
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  const milliseconds = performance.now() - begin;
  for (const module of testModules) {
    for (const failed of module.children.allTests("failed"))
      return { milliseconds, failed: failed.fullName };
    if (!module.ok())
      return { milliseconds, failed: module.errors()[0]?.message ?? "the file itself" };
  }
  if (unhandledErrors.length > 0) return { milliseconds, failed: String(unhandledErrors[0]) };
  return { milliseconds, failed: null };
}

process.on("message", (request: TestRequest) => {
  void run(request).then(
    (report) => process.send!(report),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit(0));
process.send!("ready");
