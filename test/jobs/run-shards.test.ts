import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ShardPlan } from "../../src/files/shards/plan.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { runShards } from "../../src/jobs/run-shards.ts";

test("who makes a shard elsewhere is told once, however long it is waited for", async () => {
  const out = mkdtempSync(join(tmpdir(), "tag2mask-run-"));
  mkdirSync(join(out, "shards"));
  const plan: ShardPlan = { version: 1, job: "segment", settings: {}, classes: ["cat"], items: 2, shardSize: 2, tasks: 1 }; // prettier-ignore
  const machine = { ...nodeHost.machine, wait: () => Promise.resolve() };
  let looks = 0;
  // eslint-disable-next-line require-yield -- a shard that is held has no events
  const make = async function* () {
    looks++;
    if (looks === 5) return { end: "complete" } as const;
    return { end: "held", owner: `another machine, last heard of ${2 * looks} s ago` } as const;
  };
  const told = [];
  for await (const event of runShards(
    { store: nodeHost.store, machine },
    out,
    plan,
    { task: 0, tasks: 1 },
    make,
  )) {
    if (event.type === "waiting") told.push(event.message);
  }
  rmSync(out, { recursive: true });
  expect(looks).toBe(5);
  expect(told).toEqual(["for shard 0: another machine, last heard of 2 s ago"]);
});
