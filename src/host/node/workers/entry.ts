import { workerData } from "node:worker_threads";
import { doTask } from "../../../method/tasks.ts";
import { nodeMachine } from "../machine.ts";
import { moved } from "./moved.ts";
import type { LaneSetup } from "./session-lane.ts";
import type { ThreadSetup } from "./workers.ts";

// Tinypool passes its threads a pair: its own data, and the data given to the pool.
const setup = (Array.isArray(workerData) ? workerData[1] : workerData) as ThreadSetup | LaneSetup;

if ("lane" in setup) {
  const { startLane } = await import("./session-lane.ts");
  startLane(setup.lane);
}

/** Does one task of this thread's kind. The arrays of the reply move to the caller instead of being copied. */
export default async function run(input: unknown): Promise<unknown> {
  if ("lane" in setup) throw new Error("worker: this thread runs sessions and takes no tasks");
  const { reply, transfer } = await doTask(setup.task, input, {
    now: () => nodeMachine.now(),
    // Each task loads what it needs: threads that decode no images start without sharp.
    async codec() {
      const { nodeCodec } = await import("../images/codec.ts");
      return nodeCodec;
    },
    async runtime(options) {
      const { nodeRuntime } = await import("../ort/runtime.ts");
      return nodeRuntime(options);
    },
  });
  return moved(reply, transfer);
}
