import { expect, test } from "vitest";
import {
  type Tensor,
  add,
  constant,
  fewerKernels,
  float32,
  gemm,
  gradients,
  input,
  kernelCounts,
  layerNorm,
  linear,
  mul,
  reshape,
  sumAll,
  sumOfRows,
  transpose,
} from "../../../src/engine/graph/index.ts";
import { evaluate, worstError } from "../../network.ts";

const wave = (shape: readonly number[], pitch: number) =>
  float32(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(pitch * i + 0.3)),
  );
const [x, w, b] = [input("x", [6, 4]), input("w", [5, 4]), input("b", [5])];
const [gain, bias] = [input("gain", [4]), input("bias", [4])];
const feeds = {
  x: wave([6, 4], 0.9),
  w: wave([5, 4], 1.7),
  b: wave([5], 0.4),
  gain: wave([4], 2.3),
  bias: wave([4], 1.1),
};

/** Kernels before and after, and how far the results are apart. */
async function compare(outputs: Record<string, Tensor>) {
  const fewer = fewerKernels(outputs);
  const count = (of: Record<string, Tensor>) => kernelCounts(Object.values(of));
  const [plain, rewritten] = [await evaluate(outputs, feeds), await evaluate(fewer, feeds)];
  const errors = Object.keys(outputs).map((name) =>
    worstError(rewritten[name]!.data, plain[name]!.data),
  );
  return { before: count(outputs), after: count(fewer), error: Math.max(...errors) };
}

test("a product times a number becomes one product, with its bias", async () => {
  const { after, error } = await compare({ y: mul(linear(x, w, b), 0.3) });
  expect(after).toEqual({ Gemm: 1 });
  expect(error).toBeLessThan(1e-6);
});

test("products and sums of rows take over the number that their input was multiplied by", async () => {
  const scaled = mul(x, -2.5);
  const graph = { y: linear(scaled, w), rows: sumOfRows(scaled) };
  const { before, after, error } = await compare(graph);
  expect(before).toEqual({ Mul: 1, Gemm: 1, MatMul: 1 });
  expect(after).toEqual({ Gemm: 1, MatMul: 1 });
  expect(error).toBeLessThan(1e-6);
});

test("a number that something else reads too stays", async () => {
  const scaled = mul(x, 3);
  const { after, error } = await compare({ y: linear(scaled, w), scaled });
  expect(after).toEqual({ Mul: 1, Gemm: 1 });
  expect(error).toBeLessThan(1e-6);
});

test("sums of products become products that start from the sum so far; one that is read elsewhere does not", async () => {
  const two = add(linear(x, w), gemm(x, transpose(w)));
  const once = await compare({ y: two });
  expect(once.before).toEqual({ Gemm: 2, Transpose: 1, Add: 1 });
  expect(once.after).toEqual({ Gemm: 2, Transpose: 1 });
  expect(once.error).toBeLessThan(1e-6);
  const product = linear(x, w);
  const kept = await compare({ y: add(product, b), product });
  expect(kept.after).toEqual({ Gemm: 1, Add: 1 });
});

test("axes that are moved twice are moved once", async () => {
  const cube = reshape(x, [2, 3, 4]);
  const { after, error } = await compare({ y: transpose(transpose(cube, [1, 0, 2]), [2, 0, 1]) });
  expect(after).toEqual({ Transpose: 1 });
  expect(error).toBe(0);
});

test("equal operators of equal inputs are computed once", async () => {
  const { before, after, error } = await compare({ y: add(mul(x, gain), mul(x, gain)) });
  expect(before).toEqual({ Mul: 2, Add: 1 });
  expect(after).toEqual({ Mul: 1, Add: 1 });
  expect(error).toBe(0);
});

test("a LayerNorm takes the sum before it, and its gradient needs 10 kernels instead of 13", async () => {
  const residual = add(x, mul(x, gain));
  const y = layerNorm(residual, gain, bias, 1e-5);
  const loss = sumAll(mul(y, constant([6, 4], wave([6, 4], 3.1).data as Float32Array)));
  const parameters = [x, gain, bias];
  const grads = gradients(loss, parameters);
  const graph = Object.fromEntries(grads.map((t, i) => [`grad.${i}`, t!]));
  const { before, after, error } = await compare({ ...graph, y });
  const total = (counts: Record<string, number>) =>
    Object.values(counts).reduce((a, b) => a + b, 0);
  expect(total(before) - total(after)).toBe(4);
  expect(after["SkipLayerNormalization"]).toBe(1);
  expect(after["BatchNormalization"]).toBe(1);
  expect(error).toBeLessThan(2e-6);
});
