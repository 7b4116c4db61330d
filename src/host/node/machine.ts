import { availableParallelism, hostname } from "node:os";
import { setTimeout } from "node:timers/promises";
import type { Machine } from "../machine.ts";
import { thisProcess } from "./process-identity.ts";

/** The machine that Node runs on. */
export const nodeMachine: Machine = {
  cores: availableParallelism(),
  name: `${hostname().replace(/[^\w.-]/g, "_")}.${process.pid}`,
  get process() {
    return thisProcess();
  },
  freeMemory: () => process.availableMemory(),
  now: () => performance.now() / 1000,
  time: () => Date.now() / 1000,
  wait: (seconds) => setTimeout(1000 * seconds),
};
