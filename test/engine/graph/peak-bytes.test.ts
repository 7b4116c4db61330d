import { expect, test } from "vitest";
import {
  add,
  input,
  matmul,
  peakBytes,
  reshape,
  sigmoid,
  gelu,
} from "../../../src/engine/graph/index.ts";

const kilobyte = 1024;
const x = input("x", [16, 16]); // 1 kB of float32; inputs are not counted

test("a chain of any length needs memory for the value that it reads and the one that it writes", () => {
  const chain = gelu(gelu(gelu(gelu(x))));
  expect(peakBytes([chain])).toBe(2 * kilobyte);
});

test("a value that is read again later occupies memory until then", () => {
  const first = gelu(x);
  const long = gelu(gelu(gelu(first)));
  expect(peakBytes([matmul(long, first)])).toBe(3 * kilobyte);
});

test("elementwise operators overwrite values that are not read again; a reshape needs no memory", () => {
  expect(peakBytes([sigmoid(sigmoid(gelu(x)))])).toBe(kilobyte);
  expect(peakBytes([reshape(gelu(x), [256])])).toBe(kilobyte);
});

test("all outputs occupy memory at the end", () => {
  const [a, b] = [gelu(x), matmul(x, x)];
  expect(peakBytes([a, b, add(a, b)])).toBe(3 * kilobyte);
});

test("a symbolic size is refused", () => {
  expect(() => peakBytes([gelu(input("x", ["n", 2]))])).toThrow("[n,2] has a symbolic size");
});
