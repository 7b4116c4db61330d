import { availableParallelism, hostname } from "node:os";
import type { Machine } from "../machine.ts";

/** The machine that Node runs on. */
export const nodeMachine: Machine = {
  cores: availableParallelism(),
  name: `${hostname().replace(/[^\w.-]/g, "_")}.${process.pid}`,
  freeMemory: () => process.availableMemory(),
  now: () => performance.now() / 1000,
  time: () => Date.now() / 1000,
};
