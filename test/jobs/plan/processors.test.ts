import { expect, test } from "vitest";
import { readStoredConfig, storedConfig } from "../../../src/files/run/settings.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { describeThreads, trainingThreads } from "../../../src/jobs/plan/processors.ts";
import { parseConfig } from "../../../src/method/config.ts";
import { pretendExchange } from "../../pretend-exchange.ts";

test("the threads of all processes are known to each", async () => {
  const all = pretendExchange(2).map((exchange, rank) =>
    trainingThreads({ machine: { ...nodeHost.machine, cores: 3 + rank } }, exchange),
  );
  expect(await Promise.all(all)).toEqual([
    [3, 4],
    [3, 4],
  ]);
});

test.each([
  [[2, 2], undefined, undefined],
  [[2, 2], 2, undefined],
  [
    [1, 1],
    2,
    "the run was started with 2 threads for each process, and goes on with 1: results may",
  ],
  [[4], 1, "the run was started with 1 thread for each process, and goes on with 4: results may"],
  [[2, 4], 2, "processes compute in 2 to 4 threads each, on whose number the last bits"],
])("processes with %j threads, of a run with %s: %s", (threads, before, told) => {
  const message = describeThreads(threads, before);
  if (told === undefined) expect(message).toBeUndefined();
  else expect(message).toContain(told);
});

test("a run knows the number of threads that it was started with, and one of an older version none", () => {
  const stored = (threads: number | undefined) => {
    const origin = { data: "photos", strict: false, device: "cpu", threads } as const;
    const config = parseConfig({ preset: "small" });
    const file = storedConfig(nodeHost.store, config, origin);
    return readStoredConfig("config.yaml", JSON.parse(JSON.stringify(file))).origin.threads;
  };
  expect([stored(3), stored(undefined)]).toEqual([3, undefined]);
});
