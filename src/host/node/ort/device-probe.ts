import { fileURLToPath } from "node:url";
import type { RuntimeOptions } from "../../host.ts";
import { probeRuntime, type ProbeResult } from "../../probe.ts";
import { nodeRuntime } from "./runtime.ts";

/** Message of the child process. */
export type ProbeAnswer = { readonly result: ProbeResult } | { readonly problem: string };

/** Tries a device; never rejects. */
export async function answerFor(options: RuntimeOptions): Promise<ProbeAnswer> {
  try {
    return { result: await probeRuntime(nodeRuntime(options), () => performance.now() / 1000) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

// Run as a child process: tries the device of the command line, with its number if there is one, and sends the answer to the parent.
if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) {
  const [device = "cpu", number] = process.argv.slice(2);
  const answer = await answerFor({
    device,
    ...(number !== undefined && { deviceNumber: Number(number) }),
  });
  process.send(answer, () => process.exit(0));
}
