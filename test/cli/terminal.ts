import { runProgram } from "../../src/cli/program.ts";

/** Runs `tag2mask` in this process and collects what it prints. */
export async function tag2mask(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = "";
  let stderr = "";
  const code = await runProgram(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    color: false,
    now: () => performance.now(),
  });
  return { code, stdout, stderr };
}
