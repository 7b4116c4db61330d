import { expect, test } from "vitest";
import {
  type NdArray,
  type Tensor,
  add,
  float32,
  fromChannelsFirst,
  conv2d,
  gemm,
  input,
  matmul,
  quantizeProducts,
  rewrite,
  toChannelsFirst,
  toInt8,
  transpose,
  weightProducts,
  writeModel,
} from "../../../src/engine/graph/index.ts";
import { Random } from "../../../src/engine/random.ts";
import { evaluate, worstError } from "../../network.ts";
import { readModel } from "./onnx-reader.ts";

function values(...shape: number[]): NdArray {
  const random = Random.at(1, "quantize", ...shape);
  const length = shape.reduce((a, b) => a * b, 1);
  return float32(
    shape,
    Float32Array.from({ length }, () => random.normal()),
  );
}

/** The graph in 8 bits; the only weights are `w` and `b`. */
async function quantized(y: Tensor, weights: Record<string, NdArray>): Promise<Tensor> {
  const products = weightProducts([y], (name) => name in weights);
  expect(products).toHaveLength(1);
  const { node, matrix } = products[0]!;
  const { m } = await evaluate({ m: matrix }, weights);
  return quantizeProducts({ y }, new Map([[node, toInt8(m!)]])).y;
}

test("columns are rounded to multiples of 1/63 of their largest value, of either sign", () => {
  const { values: whole, scales } = toInt8(float32([2, 3], [1, -6.3, 0, -0.5, 0.1, 0]));
  expect(whole).toMatchObject({ dtype: "int8", shape: [2, 3] });
  expect([...whole.data]).toEqual([63, -63, 0, -31, 1, 0]);
  expect(worstError(scales.data as Float32Array, [1 / 63, 0.1, 1])).toBeLessThan(1e-6);
});

const [x, w, b] = [values(40, 24), values(24, 16), values(16)];
const inputs = { x: input("x", ["rows", 24]), b: input("b", [16]) };
test.each([
  ["Gemm", gemm(inputs.x, input("w", [24, 16]), { bias: inputs.b })],
  [
    "Gemm of a transposed weight",
    gemm(inputs.x, transpose(input("w", [24, 16])), { transB: true, bias: inputs.b }),
  ],
  ["MatMul", add(matmul(inputs.x, input("w", [24, 16])), inputs.b)],
])("%s in 8 bits is near to what it was", async (_, y) => {
  // transposed once too often: a square weight would hide it
  const weight = y.source.kind === "node" && y.source.node.attributes["transB"] === 1 ? null : w;
  const weights = { w: weight ?? w, b };
  const small = await quantized(y, weights).catch((error: unknown) => error);
  if (small instanceof Error) throw small;
  const feeds = { x, ...weights };
  const [{ y: expected }, { y: actual }] = [
    await evaluate({ y }, feeds),
    await evaluate({ y: small as Tensor }, feeds),
  ];
  const error = worstError(actual!.data as Float32Array, expected!.data as Float32Array);
  expect(error).toBeGreaterThan(1e-5);
  expect(error).toBeLessThan(0.02);
});

test.each([
  [1, 9, 7],
  [2, 9, 7],
  [2, 8, 6],
])(
  "a 3×3 convolution of stride %i on %i × %i is near to what it was",
  async (stride, height, width) => {
    const weights = { w: values(16, 8, 3, 3), b: values(16) };
    const grid = fromChannelsFirst(input("x", ["n", 8, "h", "w"]));
    const options = { kernel: 3, stride, padding: 1 };
    const y = toChannelsFirst(conv2d(grid, input("w", [16, 8, 3, 3]), input("b", [16]), options));
    const feeds = { x: values(2, 8, height, width), ...weights };
    const { y: expected } = await evaluate({ y }, feeds);
    const { y: actual } = await evaluate({ y: await quantized(y, weights) }, feeds);
    expect(actual!.shape).toEqual(expected!.shape);
    expect(worstError(actual!.data as Float32Array, expected!.data as Float32Array)).toBeLessThan(
      0.03,
    );
  },
);

test("rows that are read by two products are quantized once", () => {
  const [first, second] = ["v", "w"].map((name) => gemm(inputs.x, input(name, [24, 16])));
  const outputs = { first: first!, second: second! };
  const products = weightProducts(Object.values(outputs), (name) => name !== "x");
  const matrix = toInt8(w);
  const small = quantizeProducts(outputs, new Map(products.map(({ node }) => [node, matrix])));
  const operators = readModel(writeModel(small)).nodes.map(({ operator }) => operator);
  expect(operators.filter((name) => name === "DynamicQuantizeLinear")).toHaveLength(1);
  expect(operators.filter((name) => name === "MatMulInteger")).toHaveLength(2);
});

test("products of two activations, and of weights alone, stay as they are", () => {
  const weight = matmul(input("v", [8, 24]), input("w", [24, 24]));
  const between = matmul(inputs.x, transpose(inputs.x));
  const found = weightProducts(
    [between, gemm(inputs.x, weight, { transB: true })],
    (name) => name !== "x",
  );
  expect(found.map(({ matrix }) => matrix.shape)).toEqual([[24, 8]]);
});

test("a rewritten graph without changes is the same graph", () => {
  const y = gemm(inputs.x, input("w", [24, 16]));
  expect(rewrite({ y }, {}).y).toBe(y);
});
