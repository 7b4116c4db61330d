import { join } from "node:path";
import type { ImportGraph } from "./import-graph.ts";
import type { Baseline, MutantResult, MutationReport } from "./results.ts";
import type { TestRunner } from "./test-runner.ts";
import type { Workspace } from "./workspace.ts";

/** Milliseconds that a test file may take beyond five times what it takes without a mutation. */
const patience = 20_000;
const baselineLimit = 600_000;

export interface Hunt {
  readonly workspace: Workspace;
  readonly runner: TestRunner;
  readonly graph: ImportGraph;
  readonly report: MutationReport;
  /** Test files, from the root. */
  readonly tests: readonly string[];
  readonly log: (line: string) => void;
  readonly save: () => Promise<void>;
}

/** Runs every test file that imports a mutated one, to learn which mutants it executes and how long it takes. */
export async function measureBaselines(hunt: Hunt): Promise<void> {
  const { workspace, runner, graph, report, tests, log } = hunt;
  const files = new Set(report.mutants.map(({ file }) => file));
  const outdated = tests.filter((test) => {
    if (![...graph.distances(test).keys()].some((file) => files.has(file))) return false;
    const known = report.baselines[test];
    return known === undefined || known.failed !== null || known.digest !== graph.digest(test);
  });
  if (outdated.length === 0) return;
  await workspace.instrument(report.mutants);
  for (const [i, test] of outdated.entries()) {
    const request = { test: join(workspace.root, test), changed: workspace.takeChanged() };
    const { milliseconds, failed } = await runner.run(request, baselineLimit);
    const reached = await workspace.takeReached();
    report.baselines[test] = { digest: graph.digest(test), milliseconds, failed, reached };
    const time = `${(milliseconds / 1000).toFixed(1)} s`;
    log(`without mutation ${i + 1}/${outdated.length} ${test}: ${time}, ${reached.length} mutants`);
    if (failed !== null) log(`  left out, since it fails: ${failed}`);
    await hunt.save();
  }
  for (const file of files) await workspace.restore(file);
}

/** The test files that execute a mutant: those that import its file directly come first, then the fast and near. */
export function relatedTests({ graph, report }: Hunt, index: number): [string, Baseline][] {
  const { file } = report.mutants[index]!;
  const related = Object.entries(report.baselines)
    .filter(([, { failed, reached }]) => failed === null && reached.includes(index))
    .map(([test, baseline]) => {
      const distance = graph.distances(test).get(file) ?? 10;
      return { test, baseline, isDirect: distance === 1, cost: distance * baseline.milliseconds };
    });
  related.sort((a, b) => Number(b.isDirect) - Number(a.isDirect) || a.cost - b.cost);
  return related.map(({ test, baseline }) => [test, baseline]);
}

/**
 * Runs the related tests of one mutant until one fails.
 * @param most test files to run; if there are more, the mutant is done only in the last round
 */
export async function hunt(
  hunt: Hunt,
  index: number,
  { most, isLast }: { readonly most: number; readonly isLast: boolean },
): Promise<void> {
  const { workspace, runner, report } = hunt;
  const mutant: MutantResult = report.mutants[index]!;
  const related = relatedTests(hunt, index);
  await workspace.mutate(mutant);
  try {
    for (const [test, { digest, milliseconds }] of related.slice(0, most)) {
      if (mutant.passed[test] === digest) continue;
      const request = { test: join(workspace.root, test), changed: workspace.takeChanged() };
      const { failed } = await runner.run(request, patience + 5 * milliseconds);
      if (failed !== null) {
        mutant.killedBy = `${test}: ${failed}`;
        break;
      }
      mutant.passed[test] = digest;
    }
    mutant.isDone = mutant.killedBy !== null || isLast || related.length <= most;
  } finally {
    await workspace.restore(mutant.file);
  }
}
