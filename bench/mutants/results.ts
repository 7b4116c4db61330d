import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "../../src/host/node/files/atomic-file.ts";
import type { Machine } from "../machine.ts";
import type { Mutation } from "./mutation.ts";

/** A test file run without a mutation. */
export interface Baseline {
  /** Digest of the test file and its imports. */
  readonly digest: string;
  readonly milliseconds: number;
  /** Why it cannot tell a mutant, null if it can: it fails without one. */
  readonly failed: string | null;
  /** Indices of the mutants whose code it executes. */
  readonly reached: readonly number[];
}

export interface MutantResult extends Mutation {
  /** "FILE: TEST", null as long as it survives. */
  killedBy: string | null;
  /** Why no test can tell it from the original, null if one can. */
  equivalent: string | null;
  /** Digests of the test files that pass with it. */
  readonly passed: Record<string, string>;
  /** All test files that execute it have been run, or one has failed. */
  isDone: boolean;
}

export interface MutationReport {
  readonly schema: 1;
  readonly machine: Machine;
  /** Digest of the mutants: baselines are those of these. */
  readonly key: string;
  readonly baselines: Record<string, Baseline>;
  readonly mutants: MutantResult[];
}

/** The mutants to run, with the results of an earlier report about the same ones. */
export function continueReport(
  path: string | undefined,
  mutations: readonly Mutation[],
  machine: Machine,
): MutationReport {
  const key = createHash("sha256").update(JSON.stringify(mutations)).digest("hex").slice(0, 16);
  if (path !== undefined && existsSync(path)) {
    const earlier = JSON.parse(readFileSync(path, "utf8")) as MutationReport;
    if (earlier.schema === 1 && earlier.key === key) return { ...earlier, machine };
    process.stderr.write(`${path} is about other mutants: starting again\n`);
  }
  const mutants = mutations.map((mutation) => {
    return { ...mutation, killedBy: null, equivalent: null, passed: {}, isDone: false };
  });
  return { schema: 1, machine, key, baselines: {}, mutants };
}

export async function saveReport(path: string | undefined, report: MutationReport): Promise<void> {
  if (path) await writeFileAtomic(path, `${JSON.stringify(report, null, 2)}\n`, { durable: false });
}

export function describeEnd({ equivalent, killedBy, isDone, passed }: MutantResult): string {
  if (equivalent !== null) return `EQUIVALENT: ${equivalent}`;
  if (killedBy !== null) return `killed by ${killedBy}`;
  const files = `${Object.keys(passed).length} test files`;
  return isDone ? `SURVIVED ${files}` : `not done, survives ${files}`;
}

/** Killed, surviving and equivalent mutants, and the share that is killed of those that can be. */
export function summarize(mutants: readonly MutantResult[]): string {
  const equivalent = mutants.filter((mutant) => mutant.equivalent !== null).length;
  const killed = mutants.filter((mutant) => mutant.killedBy !== null).length;
  const possible = mutants.length - equivalent;
  const open = mutants.filter((m) => !m.isDone && m.equivalent === null).length;
  const share = possible === 0 ? 0 : (100 * killed) / possible;
  return (
    `${killed} of ${possible} mutants killed (${share.toFixed(1)} %), ` +
    `${possible - killed - open} survive, ${equivalent} equivalent` +
    (open > 0 ? `, ${open} not done` : "")
  );
}
