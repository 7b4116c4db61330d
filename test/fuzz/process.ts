import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { UserError } from "../../src/user-error.ts";
import { damage, damaged } from "./mutate.ts";
import { makeGroups, type Subject } from "./subjects.ts";

// Reads damaged files of all kinds and tells its parent of each, so that a hang or a crash has a name.

/** What came of one file. */
export interface CaseReport {
  readonly extension: string;
  readonly subject: string;
  /** From 0; -1 is the file as it is. */
  readonly index: number;
  /** Refused with a UserError; else read. */
  readonly refused: boolean;
  readonly milliseconds: number;
  /** Peak resident memory so far, bytes. */
  readonly peak: number;
  /** What should not have happened. */
  readonly wrong?: string;
}

const [count, seed] = process.argv.slice(2).map(Number) as [number, number];
const work = mkdtempSync(join(tmpdir(), "tag2mask-fuzz-"));

async function readOne(subject: Subject, bytes: Uint8Array): Promise<Partial<CaseReport>> {
  const start = performance.now();
  let refused = false;
  let wrong: string | undefined;
  try {
    await subject.read(bytes);
  } catch (error) {
    if (error instanceof UserError && error.message !== "") refused = true;
    else wrong = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const milliseconds = performance.now() - start;
  if (Object.keys(Object.prototype).length > 0) wrong = "Object.prototype was changed";
  return { refused, milliseconds, ...(wrong !== undefined && { wrong }) };
}

process.on("exit", () => rmSync(work, { recursive: true, force: true }));
const groups = await makeGroups(work);
for (const { extension, subjects } of groups) {
  const each = Math.ceil(count / groups.length);
  for (const [i, subject] of subjects.entries()) {
    const share = Math.floor(each / subjects.length) + Number(i < each % subjects.length);
    const changes = fc.sample(damage(subject.kind), { seed: seed + i, numRuns: share });
    for (const [at, change] of [[], ...changes].entries()) {
      const name = { extension, subject: subject.name, index: at - 1 };
      process.send!({ begun: name });
      const result = await readOne(subject, damaged(subject.whole, change, subject.span));
      const peak = process.resourceUsage().maxRSS * 1024;
      process.send!({ report: { ...name, ...result, peak } });
    }
  }
}
process.disconnect();
