import { nodeHost } from "../../src/host/node/host.ts";
import { mergeShards } from "../../src/jobs/merge.ts";
import { peakMemory } from "../peak-memory.ts";

/** What a merge took. */
export interface MeasuredMerge {
  readonly seconds: number;
  /** Highest resident memory of the process in bytes, before and after. */
  readonly memoryBefore: number;
  readonly memory: number;
}

const out = process.argv[2]!;
const memoryBefore = peakMemory(process.pid);
const start = performance.now();
for await (const event of mergeShards(nodeHost, { out, keepShards: true })) void event;
const seconds = (performance.now() - start) / 1000;
const answer: MeasuredMerge = { seconds, memoryBefore, memory: peakMemory(process.pid) };
process.send!(answer);
process.disconnect();
