import { runProgram } from "../../src/cli/program.ts";
import { nodeMachine } from "../../src/host/node/machine.ts";

// One time for everything that is written: what a command leaves then follows from its input alone. And no threads, which take
// longer to start than these small jobs.
Object.assign(nodeMachine, { cores: 1, now: () => 0, time: () => 1_700_000_000 });

/** What a command printed and how it ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  /** What was written to stderr, a piece for each call. */
  readonly stderr: readonly string[];
}

/** Runs `tag2mask` in this process. */
export async function tag2mask(args: readonly string[]): Promise<CommandResult> {
  let stdout = "";
  const stderr: string[] = [];
  const code = await runProgram(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => stderr.push(text) },
    color: false,
    now: () => 0,
  });
  return { code, stdout, stderr };
}
