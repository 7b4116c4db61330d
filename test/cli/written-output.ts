import { Output } from "../../src/cli/output.ts";

/** An output that is no terminal, and what has been written to it so far. */
export function writtenOutput(): { readonly output: Output; readonly text: () => string } {
  let text = "";
  const stream = { write: (line: string) => (text += line) };
  const io = { stdout: stream, stderr: stream, color: false, now: () => 0 };
  return { output: new Output(io, false, "x"), text: () => text };
}
