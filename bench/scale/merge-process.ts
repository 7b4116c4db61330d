import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { nodeHost } from "../../src/host/node/host.ts";
import { mergeShards } from "../../src/jobs/merge.ts";
import { peakMemory } from "../peak-memory.ts";

/** What a merge took. */
export interface MeasuredMerge {
  readonly seconds: number;
  /** Highest resident memory of the process in bytes, much of it garbage that V8 has yet to collect. */
  readonly memory: number;
  /** Most memory in use, in bytes, after garbage was collected. */
  readonly used: number;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Times that each stage of a merge is looked at. */
const looks = 10;

const out = process.argv[2]!;
const start = performance.now();
let [used, looking, last] = [0, 0, ""];
for await (const event of mergeShards(nodeHost, { out, keepShards: true })) {
  if (event.type !== "progress") continue;
  const place = `${event.stage} ${Math.floor((looks * event.done) / event.total)}`;
  if (place === last) continue;
  last = place;
  const begun = performance.now();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  used = Math.max(used, heapUsed + external);
  looking += performance.now() - begun;
}
const seconds = (performance.now() - start - looking) / 1000;
const answer: MeasuredMerge = { seconds, memory: peakMemory(process.pid), used };
process.send!(answer);
process.disconnect();
