import { expect, test } from "vitest";
import { readStoredConfig, storedConfig } from "../../../src/files/run/settings.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import {
  describeThreads,
  sameDevice,
  trainingDevice,
  trainingThreads,
} from "../../../src/jobs/plan/processors.ts";
import type { DeviceChoice, DeviceName } from "../../../src/host/devices.ts";
import type { Host } from "../../../src/host/host.ts";
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

/** A process of a machine on which GPUs work. @param chosen what "auto" is */
function processOn(localRank: number, chosen: DeviceName): Pick<Host, "machine" | "resolveDevice"> {
  return {
    machine: { ...nodeHost.machine, localRank },
    async resolveDevice(name, { localRank: number } = {}): Promise<DeviceChoice> {
      const device = name === "auto" ? chosen : name;
      return { device, ...(device === "cuda" && number !== undefined && { number }) };
    },
  };
}

/** Devices of processes with these numbers on their machines; rank 0 wants one, of which "auto" is "cuda". */
function devicesOf(localRanks: readonly number[], wanted: DeviceName): Promise<DeviceChoice[]> {
  return Promise.all(
    pretendExchange(localRanks.length).map((exchange, rank) =>
      rank === 0
        ? trainingDevice(processOn(localRanks[rank]!, "cuda"), wanted, exchange)
        : sameDevice(processOn(localRanks[rank]!, "cpu"), exchange),
    ),
  );
}

test.each(["cuda", "auto"] as const)(
  "each process of a machine has a GPU of its own, of the device that rank 0 decides on: %s",
  async (wanted) => {
    const all = await devicesOf([0, 1, 0, 1], wanted);
    const note =
      "device cuda: the processes compute on GPUs 0, 1, 0, 1 of those that each of them sees";
    expect(all).toEqual([0, 1, 0, 1].map((number) => ({ device: "cuda", number, note })));
  },
);

test("processes that may share a GPU, as WebGPU cannot tell them apart, say so", async () => {
  const [first] = await devicesOf([0, 1], "webgpu");
  expect(first).toMatchObject({ device: "webgpu" });
  expect(first!.note).toMatch(
    /^device webgpu: cannot be told which GPU to use, its driver chooses/,
  );
  for (const device of ["webgpu", "cpu"] as const)
    expect(await devicesOf([0, 0], device)).toEqual([{ device }, { device }]);
});
