import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { nodeWorkers } from "../../../../src/host/node/workers/workers.ts";

test("an idle thread of a pool waits for events, by which a task may come in other runtimes than Node", async () => {
  const started = once(process, "worker") as Promise<[Worker]>;
  const pool = nodeWorkers.pool("scene", 1);
  const scene = { seed: 1, index: 0, size: 32 };
  await pool.run(scene);
  const [{ performance }] = await started;
  const before = performance.eventLoopUtilization();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
  await pool.close();
});
