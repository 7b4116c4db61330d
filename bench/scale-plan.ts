import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readItems, writeItems } from "../src/files/shards/item-list.ts";
import { planFile, planText, readPlan } from "../src/files/shards/plan.ts";
import { nodeStore } from "../src/host/node/files/store.ts";
import { plannedItems } from "../src/jobs/mask-shards.ts";

// What the plan of a job costs the task that makes it, and what the images of a shard cost every other task: time and memory must
// not depend on the number of all images there.
const { values } = parseArgs({
  options: {
    images: { type: "string", default: "10000,100000,1000000" },
    "shard-size": { type: "string", default: "1000" },
  },
});
const shardSize = Number(values["shard-size"]);

console.log(
  "    images   plan made   list     plan read   images of a shard read   memory for that",
);
for (const images of values.images.split(",").map(Number)) {
  const out = mkdtempSync(join(tmpdir(), "tag2mask-plan-"));
  try {
    const [made, bytes] = await makePlan(out, images);
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    const start = performance.now();
    const plan = (await readPlan(nodeStore, out))!;
    const planned = performance.now();
    const items = await readItems(nodeStore, out, plan, Math.floor(images / shardSize / 2));
    const end = performance.now();
    const memory = (process.memoryUsage().heapUsed - before) / 2 ** 20;
    console.log(
      [
        String(images).padStart(10),
        `${(made / 1000).toFixed(1)} s`.padStart(11),
        `${(bytes / 1e6).toFixed(0)} MB`.padStart(8),
        `${(planned - start).toFixed(1)} ms`.padStart(12),
        `${(end - planned).toFixed(1)} ms (${items.length})`.padStart(24),
        `${memory.toFixed(1)} MB`.padStart(17),
      ].join(" "),
    );
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Makes the plan of so many images; returns the milliseconds, and the bytes of the list. */
async function makePlan(out: string, count: number): Promise<readonly [number, number]> {
  const found = Array.from({ length: count }, (_, i) => {
    const name = `${String(i % 1000).padStart(3, "0")}/photo-${String(i).padStart(7, "0")}`;
    return { name, file: `photos/images/${name}.jpg`, tags: [i % 20, 20 + (i % 7)] };
  });
  const start = performance.now();
  const list = await writeItems(
    nodeStore,
    out,
    plannedItems(nodeStore, out, found, undefined),
    shardSize,
  );
  const about = { job: "label", settings: {}, classes: ["cat"], items: count, shardSize, tasks: 8 };
  await nodeStore.write([{ path: planFile(out), data: planText({ ...about, list }) }]);
  return [performance.now() - start, list.offsets.at(-1)!];
}
