import type { Runtime } from "../src/engine/graph/index.ts";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";

/** The CPU's runtime, with the number of its sessions that are not released. */
export function countingRuntime(): { readonly runtime: Runtime; readonly open: () => number } {
  let open = 0;
  const cpu = nodeRuntime();
  const runtime: Runtime = {
    device: "cpu",
    createSession: async (model, options) => {
      const session = await cpu.createSession(model, options);
      open++;
      const release = async () => {
        await session.release();
        open--;
      };
      return { inputNames: session.inputNames, run: session.run.bind(session), release };
    },
  };
  return { runtime, open: () => open };
}
