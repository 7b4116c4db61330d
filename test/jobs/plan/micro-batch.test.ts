import { expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import { fitMemory } from "../../../src/jobs/plan/micro-batch.ts";
import { Output } from "../../../src/cli/output.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";
import { trainingBytes } from "../../../src/jobs/plan/training-memory.ts";

const classes = ["cat", "dog"];
const cpu = { device: "cpu" } as const;

function listener(): { output: Output; told: () => string } {
  let text = "";
  const stream = { write: (more: string) => ((text += more), true) };
  const terminal = { stdout: stream, stderr: stream, color: false, now: () => 0 };
  const output = new Output(terminal, false, "tag2mask train");
  // What is noted for later is told with the next note.
  const told = (): string => (output.note("."), text);
  return { output, told };
}

const configOf = (set: Record<string, unknown> = {}) =>
  parseConfig({ set: { "model.backbone": "mit_b0", "data.crop": 256, "data.batch": 6, ...set } });
const needed = (microBatch: number): number =>
  trainingBytes(networkOf(configOf(), classes), configOf({ "train.microBatch": microBatch }));

test("with memory enough, the batch stays whole and nothing is said", async () => {
  const { output, told } = listener();
  const config = configOf();
  expect(await fitMemory(config, classes, cpu, output, 64e9)).toBe(config);
  expect(told()).toBe(".\n");
});

test("with memory short, the largest part of the batch that fits is computed at a time, and told", async () => {
  const { output, told } = listener();
  const free = (needed(3) + 1e6) / 0.9;
  const { train, data } = await fitMemory(configOf(), classes, cpu, output, free);
  expect([train.microBatch, data.batch]).toEqual([3, 6]);
  expect(told()).toMatch(/a batch of 6 crops of 256 pixels takes about .* GB, .* [GM]B are free: computing 3 at a time/); // prettier-ignore
});

test("what does not even fit crop by crop is tried so, with a warning", async () => {
  const { output, told } = listener();
  const { train } = await fitMemory(configOf(), classes, cpu, output, 1e8);
  expect(train.microBatch).toBe(1);
  expect(told()).toContain("; even so it takes about");
});

test("a part that was asked for is kept", async () => {
  const { output } = listener();
  const config = configOf({ "train.microBatch": 2 });
  expect(await fitMemory(config, classes, cpu, output, 1e8)).toBe(config);
});

test("the fewer crops at a time, the less memory", () => {
  const sizes = [1, 2, 3, 6].map(needed);
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  expect(sizes[3]! / sizes[0]!).toBeGreaterThan(1.5);
});

test("the dense energy has a pass of its own, which takes memory too", () => {
  const network = networkOf(configOf(), classes);
  const more = trainingBytes(network, configOf({ "loss.regularization": 0.01 }));
  expect(more).toBeGreaterThan(1.02 * needed(0));
});
