/** Folders of the checks, all of which the nodes share. */
export interface Bench {
  readonly work: string;
  /** A data set of small scenes. */
  readonly data: string;
  /** The scripts for SLURM. */
  readonly deploy: string;
  /** The run of one process, which the first check makes. */
  readonly model: string;
  /** A disk that is soon full: `mount -o remount,size=…` makes it larger. */
  readonly small: string;
}

export interface Check {
  readonly name: string;
  /** Throws if the check fails. Returns what was seen. */
  readonly run: () => Promise<string>;
}

/** Runs checks in order, and says how each ends. Returns whether none failed. */
export async function runChecks(checks: readonly Check[]): Promise<boolean> {
  let failed = 0;
  for (const { name, run } of checks) {
    const start = performance.now();
    const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;
    try {
      console.log(`ok: ${name} (${await run()}; ${seconds()})`);
    } catch (error) {
      failed++;
      console.log(
        `FAILED: ${name} (${seconds()}): ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  return failed === 0;
}
