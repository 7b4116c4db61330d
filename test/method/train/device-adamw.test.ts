import { expect, test } from "vitest";
import { type NdArray, float32 } from "../../../src/engine/graph/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { adamwModel, blocksOf, lane, type Block } from "../../../src/method/train/device-adamw.ts";
import { ParameterArena } from "../../../src/method/train/arena.ts";
import { AdamW, updateFactors } from "../../../src/method/train/optimizer.ts";

const rates = { learningRate: 1e-2, weightDecay: 0.1 };

function partsOf(sizes: readonly number[], groups: readonly string[]) {
  return sizes.map((size, index) => ({ name: `p${index}`, size, index, group: groups[index]! }));
}

/** Numbers that repeat, around 0. */
function wave(size: number, phase: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(1.3 * i + phase));
}

/** Two updates by the graph of a block, and by the optimizer in place. */
async function bothWays(sizes: readonly number[], spoil?: (gradients: Float32Array[]) => void) {
  const groups = sizes.map(() => "a");
  const [block] = blocksOf(partsOf(sizes, groups), () => "all") as [Block];
  const specs = sizes.map((size, i) => ({ name: `p${i}`, size, group: "a" }));
  const optimizer = new AdamW(new ParameterArena(specs));
  const { model } = adamwModel([block], optimizer);
  const session = await nodeRuntime().createSession(model);
  const feeds: Record<string, NdArray> = {};
  for (const moment of ["m.0", "v.0"])
    feeds[moment] = float32([block.rows, lane], new Float32Array(block.rows * lane));
  sizes.forEach((size, i) => {
    optimizer.values[`p${i}`]!.set(wave(size, i));
    feeds[`value.p${i}`] = float32([size], wave(size, i));
  });
  let poison = 0;
  for (const t of [1, 2]) {
    const gradients = sizes.map((size, i) => wave(size, 100 * t + i));
    spoil?.(gradients);
    gradients.forEach((gradient, i) => {
      optimizer.gradients[`p${i}`]!.set(gradient);
      feeds[`gradient.p${i}`] = float32([gradient.length], gradient);
    });
    optimizer.step({ a: rates });
    for (const [name, factor] of Object.entries(updateFactors(t, rates, optimizer.betas)))
      feeds[`${name}.0`] = float32([1], [factor as number]);
    const names = ["m.0", "v.0", ...sizes.map((_, i) => `value.p${i}`)];
    const wanted = Object.fromEntries(
      [...names.map((name) => `new.${name}`), "poison.0"].map((name) => [name, null]),
    );
    const results = await session.run(feeds, wanted);
    for (const name of names) feeds[name] = results[`new.${name}`]!;
    poison = Number(results["poison.0"]!.data[0]);
  }
  await session.release();
  return { optimizer, feeds, poison };
}

// 60 parts are more than one Split could write, 1024 elements fill a row without padding.
test.each([[[3, 40, 1]], [[1024, 1024]], [Array.from({ length: 60 }, (_, i) => 5 + i)]])(
  "the graph moves parameters of %j elements as the optimizer in place does",
  async (sizes) => {
    const { optimizer, feeds, poison } = await bothWays(sizes);
    expect(poison).toBe(0);
    sizes.forEach((_, i) => {
      const value = feeds[`value.p${i}`]!.data as Float32Array;
      optimizer.values[`p${i}`]!.forEach((expected, k) =>
        expect(value[k]).toBeCloseTo(expected, 6),
      );
    });
  },
);

test.each([NaN, Infinity, -Infinity])("a gradient of %d poisons its block", async (bad) => {
  const { poison } = await bothWays([5, 6], ([, second]) => (second![2] = bad));
  expect(poison).toBeNaN();
});

test("parameters with the same key are one block, in their order, as long as it fits into a buffer", () => {
  const sizes = [10, 2 ** 24 - 5, 7, 2, 3];
  const blocks = blocksOf(partsOf(sizes, ["a", "a", "b", "a", "a"]), ({ group }) => group);
  const names = blocks.map(({ parts }) => parts.map(({ name }) => name));
  expect(names).toEqual([["p0"], ["p1", "p3", "p4"], ["p2"]]);
  expect(blocks.map(({ group, rows }) => [group, rows])).toEqual([
    ["a", 1],
    ["a", 2 ** 14],
    ["b", 1],
  ]);
});
