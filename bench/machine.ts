import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { env } from "onnxruntime-node";
import { packageVersion } from "../src/host/node/version.ts";

/** The machine and software that measurements ran on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly system: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly tag2mask: string;
  /** ISO 8601. */
  readonly date: string;
  /** Processes that wanted a core in the last minute, before measuring: near 0 on an idle machine. */
  readonly load: number;
}

/** @param date now, ISO 8601 */
export function describeMachine(date: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    // A container may have less memory than the machine; 0 or a huge number means no limit.
    memory: Math.min(totalmem(), process.constrainedMemory() || Infinity),
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    onnxruntime: env.versions.node ?? env.versions.common,
    tag2mask: packageVersion(),
    date,
    load: loadavg()[0]!,
  };
}
