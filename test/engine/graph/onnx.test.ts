import { expect, test } from "vitest";
import {
  type NdArray,
  type Tensor,
  add,
  constant,
  encodeModel,
  exp,
  float32,
  gelu,
  gradients,
  input,
  linear,
  matmul,
  mul,
  reshape,
  split,
  stopGradient,
  sumAll,
  writeModel,
} from "../../../src/engine/graph/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { evaluate, worstError } from "../../network.ts";
import { type OnnxModel, readModel } from "./onnx-reader.ts";

const operators = (model: OnnxModel): string[] => model.nodes.map((n) => n.operator);
const written = (outputs: Record<string, Tensor>): OnnxModel => readModel(writeModel(outputs));

test("initializers become part of the model, other inputs are fed", async () => {
  const [x, weight, bias] = [input("x", ["rows", 2]), input("weight", [3, 2]), input("bias", [3])];
  const initializers = {
    weight: float32([3, 2], [1, 0, 0, 1, 1, 1]),
    bias: float32([3], [0, 10, 100]),
  };
  const bytes = writeModel({ y: linear(x, weight, bias) }, { initializers });
  expect(readModel(bytes)).toMatchObject({
    inputs: ["x"],
    outputs: ["y"],
    initializers: ["weight", "bias"],
  });
  const session = await nodeRuntime().createSession(bytes);
  expect(session.inputNames).toEqual(["x"]);
  const { y } = await session.run({ x: float32([2, 2], [1, 2, 3, 4]) }, { y: null });
  expect(y!.shape).toEqual([2, 3]);
  expect([...y!.data]).toEqual([1, 12, 103, 3, 14, 107]);
  await session.release();
});

test("an initializer of another shape or type is an error that names both", () => {
  const y = exp(input("weight", [3, 2]));
  const write = (weight: NdArray): unknown => writeModel({ y }, { initializers: { weight } });
  expect(() => write(float32([2, 3], Array(6).fill(0)))).toThrow(
    "initializer weight is float32 [2,3], but its input is float32 [3,2]",
  );
  expect(() => write({ dtype: "int32", shape: [3, 2], data: new Int32Array(6) })).toThrow(
    "is int32 [3,2], but its input is float32 [3,2]",
  );
});

test("metadata and operator sets are stored with the model", () => {
  const bytes = writeModel(
    { y: gelu(input("x", [2])) },
    { metadata: { classes: '["cat","Straße"]', empty: "" } },
  );
  const model = readModel(bytes);
  expect(model.metadata).toEqual({ classes: '["cat","Straße"]', empty: "" });
  expect(model.opsets).toEqual({ "": 17, "com.microsoft": 1 });
  expect(model.nodes[0]).toMatchObject({
    operator: "Gelu",
    domain: "com.microsoft",
    inputs: ["x"],
  });
});

test("descriptions of the model, its inputs and outputs are stored with it", () => {
  const description = "Doubles numbers.";
  const descriptions = { x: "any number", y: "twice the number", z: "not there" };
  const y = mul(input("x", [2]), 2);
  const model = readModel(writeModel({ y }, { description, descriptions }));
  expect(model.description).toBe(description);
  expect(model.descriptions).toEqual({ x: "any number", y: "twice the number" });
});

test("a portable model has Gelu in parts of the ONNX standard that give the same numbers", async () => {
  const y = gelu(input("x", [5]));
  const bytes = writeModel({ y, z: gelu(y) }, { portable: true });
  const model = readModel(bytes);
  expect(model.opsets).toEqual({ "": 17 });
  const parts = ["Div", "Erf", "Add", "Mul", "Mul"];
  expect(operators(model)).toEqual([...parts, ...parts, "Identity", "Identity"]);
  const feeds = { x: float32([5], [-3, -1, 0, 0.5, 2]) };
  const session = await nodeRuntime().createSession(bytes);
  const actual = await session.run(feeds, { y: null, z: null });
  const expected = await evaluate({ y, z: gelu(y) }, feeds);
  for (const name of ["y", "z"])
    expect(worstError(actual[name]!.data, expected[name]!.data)).toBeLessThan(1e-6);
  await session.release();
});

test("large tensors are written to a second file, small ones stay in the model", () => {
  const [x, large, small] = [input("x", [1, 500]), input("large", [500, 500]), input("small", [2])];
  const more = input("more", [500, 1]);
  const initializers = {
    large: float32([500, 500], new Float32Array(250_000).fill(7)),
    more: float32([500, 1], new Float32Array(500).fill(9)),
    small: float32([2], [1, 2]),
  };
  const outputs = { y: mul(matmul(matmul(x, large), more), small) };
  const { model, externalData } = encodeModel(outputs, { initializers, externalData: "w.bin" });
  const place = (offset: number, length: number): Record<string, string> => ({
    ...{ location: "w.bin", offset: String(offset), length: String(length) },
  });
  const { external, initializers: names } = readModel(Buffer.concat(model));
  expect(names).toEqual(["large", "more", "small"]);
  expect(external).toEqual({ large: place(0, 1_000_000), more: place(1_003_520, 2000) });
  const file = Buffer.concat(externalData);
  expect([file.readFloatLE(999_996), file.readFloatLE(1_000_000)]).toEqual([7, 0]);
  expect([file.readFloatLE(1_003_520), file.length % 4096]).toEqual([9, 0]);
});

test("equal small constants of one type are written once", () => {
  const [x, d] = [input("x", [2]), input("d", [2], "float64")];
  const model = written({ y: add(mul(add(x, 1), 1), constant([], [1])), z: mul(add(d, 1), 2) });
  expect(model.initializers).toHaveLength(3); // 1 as float32 and as float64, 2 as float64
});

test("only nodes that lead to an output are written", () => {
  const [x, w] = [input("x", [4, 2]), input("w", [3, 2])];
  exp(x);
  const [, dw] = gradients(sumAll(linear(x, w)), [x, w]);
  // The weight's gradient needs no product with the weight, and no forward pass.
  const model = written({ dw: dw! });
  expect(operators(model).filter((operator) => operator === "Gemm")).toHaveLength(1);
  expect(model.inputs).toEqual(["x"]);
});

test("a node is written once, after all that it reads", () => {
  const x = input("x", [4]);
  const [a, b] = split(exp(x), [2, 2], 0) as [Tensor, Tensor];
  const model = written({ y: add(mul(a, b), a), z: stopGradient(b) });
  expect(operators(model).sort()).toEqual(["Add", "Exp", "Identity", "Identity", "Mul", "Split"]);
  const known = new Set(["", ...model.inputs, ...model.initializers]);
  for (const { inputs, outputs } of model.nodes) {
    for (const name of inputs) expect(known).toContain(name);
    for (const name of outputs) known.add(name);
  }
});

test("names of inputs and outputs never collide with those of inner values", async () => {
  const [x, t0, c0] = [input("x", [2]), input("t0", [2]), input("c0", [2])];
  const feeds = Object.fromEntries(["x", "t0", "c0"].map((name) => [name, float32([2], [1, 2])]));
  const { t1 } = await evaluate({ t1: add(mul(add(x, 3), t0), c0) }, feeds);
  expect([...t1!.data]).toEqual([5, 12]);
});

test("an output can be an input, a constant, or two names of one value", async () => {
  const x = input("x", [2]);
  const y = exp(x);
  const outputs = { same: x, seven: constant([1], [7]), y, again: y };
  const results = await evaluate(outputs, { x: float32([2], [0, 1]) });
  expect([...results["same"]!.data]).toEqual([0, 1]);
  expect([...results["seven"]!.data]).toEqual([7]);
  expect(results["again"]!.data).toEqual(results["y"]!.data);
});

test("two inputs with the same name are an error", () => {
  expect(() => written({ y: add(input("x", [2]), input("x", [2])) })).toThrow(
    "x is the name of two inputs",
  );
  expect(() => written({ x: exp(input("x", [2])) })).toThrow(
    "x is the name of an input and of an output",
  );
});

test("scalars, empty shapes and symbolic sizes survive the file", async () => {
  const x = input("x", ["n", 2]);
  const y = reshape(x, [x.shape[0]!, 1, 2]);
  const results = await evaluate(
    { y, total: sumAll(input("z", [3])) },
    { x: float32([3, 2], [1, 2, 3, 4, 5, 6]), z: float32([3], [1, 2, 3]) },
  );
  expect(results["y"]!.shape).toEqual([3, 1, 2]);
  expect(results["total"]!.shape).toEqual([]);
});
