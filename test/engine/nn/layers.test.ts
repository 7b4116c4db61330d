import { describe, expect, test } from "vitest";
import { float32, input } from "../../../src/engine/graph/index.ts";
import {
  BatchNorm,
  Conv2d,
  DepthwiseConv,
  LayerNorm,
  Linear,
  fanInUniform,
  nameParameters,
  pointwiseWeight,
  type Parameter,
} from "../../../src/engine/nn/index.ts";
import { Random } from "../../../src/engine/random.ts";
import { evaluate } from "../../network.ts";

function initial(parameter: Parameter): Float32Array {
  return parameter.initial(Random.at(1, "layers")).data as Float32Array;
}

/** Root of the mean square. */
function deviation(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
}

describe("initial weights", () => {
  test.each<[string, Parameter, number[], number]>([
    ["linear", new Linear(64, 100).weight, [100, 64], 0.02],
    ["conv", new Conv2d(16, 40, 3, 2, 1).weight, [40, 16, 3, 3], Math.sqrt(2 / (9 * 40))],
    ["patch", new Conv2d(3, 64, 7, 4, 3).weight, [64, 3, 7, 7], Math.sqrt(2 / (49 * 64))],
    ["depthwise", new DepthwiseConv(900).weight, [900, 1, 3, 3], Math.sqrt(2 / 9)],
  ])("of a %s layer are normal", (_, weight, shape, expected) => {
    const values = initial(weight);
    expect([weight.shape, values.length]).toEqual([shape, shape.reduce((a, b) => a * b)]);
    expect(deviation(values) / expected).toBeCloseTo(1, 1);
    // A uniform one of this deviation ends at √3 of it.
    expect(Math.max(...values.map(Math.abs)) / expected).toBeGreaterThan(2.5);
  });

  test.each<[string, Parameter, number]>([
    ["pointwise weight", pointwiseWeight(64, 50), 64],
    ["linear weight", new Linear(25, 80, fanInUniform(25)).weight, 25],
    ["linear bias", new Linear(25, 800, fanInUniform(25)).bias, 25],
  ])("of a %s are uniform between plus and minus 1/√fan_in", (_, weight, fanIn) => {
    const values = initial(weight);
    const bound = 1 / Math.sqrt(fanIn);
    expect(Math.max(...values) / bound).toBeCloseTo(1, 1);
    expect(Math.min(...values) / bound).toBeCloseTo(-1, 1);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound);
  });

  test("are 0 for biases and running means, 1 for gains and running variances", () => {
    const norm = new BatchNorm(3);
    const zeros = [new Linear(2, 3).bias, new Conv2d(2, 3, 1, 1, 0).bias, norm.bias];
    zeros.push(new DepthwiseConv(3).bias, new LayerNorm(3, 1e-6).bias, norm.running_mean);
    for (const parameter of zeros) expect([...initial(parameter)]).toEqual([0, 0, 0]);
    for (const parameter of [norm.weight, norm.running_var, new LayerNorm(3, 1e-6).weight])
      expect([...initial(parameter)]).toEqual([1, 1, 1]);
    expect(norm.num_batches_tracked.initial(Random.at(1))).toEqual({
      ...{ dtype: "int64", shape: [], data: BigInt64Array.of(0n) },
    });
    const trained = Object.entries(norm).flatMap(([name, p]) => {
      return (p as Parameter | number) instanceof Object && (p as Parameter).trainable
        ? [name]
        : [];
    });
    expect(trained).toEqual(["weight", "bias"]);
  });
});

/** A module with its parameters named "norm.…", and their initial values. */
function named<T extends object>(norm: T) {
  const parameters = nameParameters({ norm }, () => "all");
  const entries = parameters.map((p) => [p.name, p.initial(Random.at(1, p.name))] as const);
  return { norm, weights: Object.fromEntries(entries) };
}

describe("norms", () => {
  const x = input("x", [2, 1]);
  const rows = float32([2, 1], [0, 2e-3]);

  test("of a batch add 1e-5 to its variance, or to the running one", async () => {
    const { norm, weights } = named(new BatchNorm(1));
    const feeds = { ...weights, x: rows, "norm.running_var": float32([1], [3e-5]) };
    const { y, statistics } = norm.forwardTraining(x);
    const results = await evaluate({ y, ...statistics, running: norm.forward(x) }, feeds);
    const part = 1e-3 / Math.sqrt(1e-6 + 1e-5);
    expect(results["mean"]!.data[0]).toBeCloseTo(1e-3, 9);
    expect(results["variance"]!.data[0]).toBeCloseTo(1e-6, 11);
    expect(results["y"]!.data[0]).toBeCloseTo(-part, 5);
    expect(results["y"]!.data[1]).toBeCloseTo(part, 5);
    expect(results["running"]!.data[1]).toBeCloseTo(2e-3 / Math.sqrt(4e-5), 5);
  });

  test("of a row add their epsilon to its variance", async () => {
    const { norm, weights } = named(new LayerNorm(2, 3e-6));
    const y = norm.forward(input("x", [1, 2]));
    const feeds = { ...weights, x: float32([1, 2], [0, 2e-3]) };
    const { data } = (await evaluate({ y }, feeds))["y"]!;
    expect(data[1]).toBeCloseTo(1e-3 / Math.sqrt(1e-6 + 3e-6), 5);
    expect(data[0]).toBeCloseTo(-0.5, 5);
  });
});
