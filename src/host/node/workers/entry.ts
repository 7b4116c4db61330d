import { workerData } from "node:worker_threads";
import { doTask } from "../../../method/tasks.ts";
import { nodeCodec } from "../images/codec.ts";
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
    codec: nodeCodec,
    now: () => nodeMachine.now(),
    async runtime(options) {
      const { nodeRuntime } = await import("../ort/runtime.ts");
      return nodeRuntime(options);
    },
  });
  return moved(reply, transfer);
}
