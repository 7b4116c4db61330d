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

test("a chain needs the value it reads and the one it writes, however long it is", () => {
  const chain = gelu(gelu(gelu(gelu(x))));
  expect(peakBytes([chain])).toBe(2 * kilobyte);
});

test("what is read again later is kept until then", () => {
  const first = gelu(x);
  const long = gelu(gelu(gelu(first)));
  expect(peakBytes([matmul(long, first)])).toBe(3 * kilobyte);
});

test("elementwise operators write over what nobody reads again; another shape takes no memory", () => {
  expect(peakBytes([sigmoid(sigmoid(gelu(x)))])).toBe(kilobyte);
  expect(peakBytes([reshape(gelu(x), [256])])).toBe(kilobyte);
});

test("all outputs are there at the end", () => {
  const [a, b] = [gelu(x), matmul(x, x)];
  expect(peakBytes([a, b, add(a, b)])).toBe(3 * kilobyte);
});

test("a size that is not known is refused", () => {
  expect(() => peakBytes([gelu(input("x", ["n", 2]))])).toThrow("[n,2] has a symbolic size");
});
