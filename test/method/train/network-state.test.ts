import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import { float32, type NdArray } from "../../../src/engine/graph/index.ts";
import { Afa } from "../../../src/method/model/index.ts";
import { NetworkState, WeightsMismatch } from "../../../src/method/train/network-state.ts";

const network = new Afa({ backbone: "mit_tiny", classes: 2, decoderWidth: 4 });
const initial = network.initialize(1);
const { train } = parseConfig();
const bn = "decoder.linear_fuse.bn";

type Tensors = Readonly<Record<string, NdArray>>;

/** Tensors with their values as bytes, which are compared much faster. */
function bytesOf(tensors: Tensors) {
  return Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
    return { name, dtype, shape, bytes };
  });
}

function stateOf(set: Partial<typeof train> = {}): NetworkState {
  const state = new NetworkState(network, { ...train, ...set });
  state.load(initial);
  return state;
}

describe("loading weights", () => {
  test("copies every tensor, and counts", () => {
    const state = stateOf();
    expect(state.loads).toBe(1);
    expect(bytesOf(state.parameters)).toEqual(bytesOf(initial));
    for (const [name, { data }] of Object.entries(state.parameters))
      expect(data === initial[name]!.data, name).toBe(false);
    state.restore(state.tensors());
    expect(state.loads).toBe(2);
  });

  const count = network.parameters.length;
  test.each<[string, string, NdArray | undefined, string]>([
    [
      "missing",
      "classifier.weight",
      undefined,
      `weights: classifier.weight is missing; the network has ${count} tensors`,
    ],
    [
      "of another shape",
      "attn_proj.bias",
      float32([2], [1, 2]),
      "weights: attn_proj.bias has shape [2], the network needs [1]",
    ],
    [
      "a scalar for one value",
      "attn_proj.bias",
      float32([], [1]),
      "weights: attn_proj.bias has shape [], the network needs [1]",
    ],
    [
      "of another type",
      `${bn}.num_batches_tracked`,
      float32([], [0]),
      `weights: ${bn}.num_batches_tracked is float32, the network needs int64`,
    ],
  ])("refuses a tensor that is %s", (_, name, tensor, message) => {
    const others = Object.entries(initial).filter(([other]) => other !== name);
    const tensors = Object.fromEntries(tensor ? [...others, [name, tensor]] : others);
    const load = () => stateOf().load(tensors);
    expect(load).toThrow(WeightsMismatch);
    expect(load).toThrow(message);
  });

  test("takes one value for a scalar, as some programs store it", () => {
    const state = stateOf();
    const name = `${bn}.num_batches_tracked`;
    const one: NdArray = { dtype: "int64", shape: [1], data: BigInt64Array.of(5n) };
    state.load({ ...initial, [name]: one });
    expect(state.parameters[name]).toEqual({ ...one, shape: [] });
    expect(() =>
      state.load({ ...initial, [name]: { ...one, data: new BigInt64Array(2) } }),
    ).toThrow(`${name} has shape [1], the network needs []`);
  });
});

test("a checkpoint holds weights, buffers, moments and counts of updates, and restores them", () => {
  const state = stateOf({ freezeNorms: true });
  const learned = network.trainable.filter(({ group }) => group !== "norms");
  expect(state.learned).toEqual(learned);
  expect(Object.keys(state.gradients)).toEqual(learned.map(({ name }) => `grad.${name}`));
  const { m, v, updates } = state.optimizer;
  const name = learned.at(-1)!.name;
  [m[name]![0], v[name]![0], updates[3]] = [7, 8, 9n];
  const tensors = state.tensors();
  expect(Object.keys(tensors)).toHaveLength(network.parameters.length + 2 * learned.length + 1);
  expect(tensors["optimizer.updates"]!.shape).toEqual([learned.length]);
  const other = stateOf({ freezeNorms: true });
  other.restore(tensors);
  expect(bytesOf(other.tensors())).toEqual(bytesOf(tensors));
  expect([other.optimizer.m[name]![0], other.optimizer.v[name]![0]]).toEqual([7, 8]);
  expect(stateOf({ freezeNorms: false }).learned).toEqual(network.trainable);
});

test.each([
  [1, 1],
  [2, 2],
  [5, 1.25],
])("running statistics move by a tenth, the variance of %i rows times %d", (rows, unbiased) => {
  const state = stateOf();
  const numbers = (...values: number[]) => Float32Array.from(values);
  state.moveStatistics(numbers(1, 2, 3, 4), numbers(5, 6, 7, 8), rows);
  const running = (name: string) => [...state.parameters[`${bn}.${name}`]!.data].map(Number);
  running("running_mean").forEach((value, i) => expect(value).toBeCloseTo(0.1 * (i + 1), 6));
  running("running_var").forEach((value, i) =>
    expect(value).toBeCloseTo(0.9 + 0.1 * unbiased * (i + 5), 6),
  );
  expect(running("num_batches_tracked")).toEqual([1]);
  state.moveStatistics(numbers(1, 2, 3, 4), numbers(5, 6, 7, 8), rows);
  expect(running("num_batches_tracked")).toEqual([2]);
});
