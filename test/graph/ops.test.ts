import { expect, test } from "vitest";
import * as graph from "../../src/graph/index.ts";
import { evaluate } from "../network.ts";
import { compareWithFormula } from "./central-differences.ts";
import { opTable } from "./op-table.ts";

/** Relative to the largest value; float64's is that of central differences. */
const tolerance = { float32: 2e-6, float64: 1e-8 };

test.each(opTable.map((row) => [row.name, row.dtype, row] as const))(
  "%s equals its formula and its gradients central differences, in %s",
  async (_, dtype, row) => {
    const errors = await compareWithFormula(row, "cpu", dtype);
    expect(errors.value).toBeLessThan(tolerance[dtype]);
    for (const [i, error] of errors.gradients.entries()) {
      expect(error, `gradient of input ${i}`).toBeLessThan(tolerance[dtype]);
    }
  },
);

test("every op that the graph exports is in the table or tested by itself", () => {
  const sizes = ["addDim", "divDim", "mulDim", "isStatic", "staticShape", "sizeOf", "product"];
  const shapes = ["broadcast", "unbroadcast", "normalizeAxes", "reduced", "shapeTensor"];
  const grids = ["channelsOf", "tokenCount", "withTokens"];
  const graphs = [
    "Tensor",
    "input",
    "constant",
    "scalar",
    "int64",
    "float32",
    "composite",
    "gradients",
  ];
  const models = ["encodeModel", "opset", "peakBytes", "writeModel", "transferModel"];
  const places = ["hasMemory", "isOnDevice"];
  const elsewhere = ["stopGradient", "depthwise3x3Maps"];
  const blocked = ["toBlocked", "fromBlocked", "blockedLinear", "blockedDepthwise3x3"];
  const rewriting = ["quantizeProducts", "toInt8", "weightProducts", "rewrite", "constantOf"];
  const counting = ["floatingPointOperations"];
  const others = new Set([
    ...rewriting,
    ...counting,
    ...sizes,
    ...shapes,
    ...grids,
    ...graphs,
    ...models,
    ...places,
    ...elsewhere,
    ...blocked,
  ]);
  const tested = new Set(opTable.map((row) => row.name.split(/[ ,']/)[0]));
  expect(Object.keys(graph).filter((name) => !others.has(name) && !tested.has(name))).toEqual([]);
});

test("of equal maxima the first takes the whole gradient", async () => {
  const x = graph.input("x", [2, 4]);
  const [dx] = graph.gradients(
    graph.sumAll(graph.mul(graph.reduceMax(x, 1), graph.constant([2], [10, 20]))),
    [x],
  );
  const { y } = await evaluate({ y: dx! }, { x: graph.float32([2, 4], [1, 3, 3, 2, 5, 5, 5, 5]) });
  expect([...y!.data]).toEqual([0, 10, 0, 0, 20, 0, 0, 0]);
});

test("of two equal operands of maximum the first takes the whole gradient", async () => {
  const [a, b] = [graph.input("a", [3]), graph.input("b", [3])];
  const [da, db] = graph.gradients(graph.sumAll(graph.maximum(a, b)), [a, b]);
  const feeds = { a: graph.float32([3], [1, 2, 3]), b: graph.float32([3], [3, 2, 1]) };
  const results = await evaluate({ da: da!, db: db! }, feeds);
  expect([...results["da"]!.data]).toEqual([0, 1, 1]);
  expect([...results["db"]!.data]).toEqual([1, 0, 0]);
});
