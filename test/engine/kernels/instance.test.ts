import { readFileSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";
import { allocate, ensure, instantiate } from "../../../src/engine/kernels/index.ts";

test("kernels work on the memory they are given and on no other", () => {
  const memories = [allocate(256, "test"), allocate(256, "test")];
  const [first, second] = memories.map((memory) => new Float32Array(memory.buffer, 0, 16));
  first!.fill(1, 0, 4); // one plane of 1 x 1 pixel, margins of 1, rows of 4 floats
  first![5] = 7;
  instantiate(memories[0]!).parReplicate(5 * 4, 1, 48, 16, 1, 1, 1, 2);
  expect([...first!]).toEqual([...new Array<number>(12).fill(7), 0, 0, 0, 0]);
  expect(second!.every((value) => value === 0)).toBe(true);
});

test("the interface names every function of the module, each with its number of arguments", () => {
  const file = new URL("../../../src/engine/kernels/instance.ts", import.meta.url);
  const source = ts.createSourceFile("", readFileSync(file, "utf8"), ts.ScriptTarget.Latest);
  const declared = source.statements
    .filter(ts.isInterfaceDeclaration)
    .find(({ name }) => name.text === "Kernels")!
    .members.filter(ts.isMethodSignature)
    .map(({ name, parameters }) => [(name as ts.Identifier).text, parameters.length]);
  const exported = Object.entries(instantiate(allocate(1, "test")))
    .filter(([, value]) => typeof value === "function")
    .map(([name, value]) => [name, (value as () => void).length]);
  expect(Object.fromEntries(declared)).toEqual(Object.fromEntries(exported));
});

test("memory grows to what is needed and keeps what it holds", () => {
  const memory = allocate(10, "test");
  new Uint8Array(memory.buffer)[3] = 42;
  expect(memory.buffer.byteLength).toBe(65536);
  ensure(memory, 65537, "test");
  expect(memory.buffer.byteLength).toBe(2 * 65536);
  expect(new Uint8Array(memory.buffer)[3]).toBe(42);
  const { buffer } = memory;
  ensure(memory, 100, "test");
  expect(memory.buffer).toBe(buffer);
});

test("more than 4 GiB is refused by name", () => {
  const tooMuch = 5 * 2 ** 30;
  expect(() => allocate(tooMuch, "lattice")).toThrow(
    "lattice: needs 5.00 GiB, WebAssembly memory ends at 4 GiB",
  );
  expect(() => ensure(allocate(1, "lattice"), tooMuch, "lattice")).toThrow(/lattice.*4 GiB/);
});

test("softmax of rows keeps to each row and leaves its source alone", () => {
  const memory = allocate(256, "test");
  const rows = new Float32Array(memory.buffer, 0, 24); // 2 rows of 12, one vector more than a pair
  rows.forEach((_, i) => (rows[i] = (i * 7) % 5));
  const before = rows.slice();
  instantiate(memory).softmaxRows(0, 2, 48, 96);
  const result = new Float32Array(memory.buffer, 96, 24);
  for (const row of [0, 12]) {
    const powers = [...before.subarray(row, row + 12)].map(Math.exp);
    const sum = powers.reduce((a, b) => a + b, 0);
    powers.forEach((power, i) => expect(result[row + i]).toBeCloseTo(power / sum, 6));
  }
  expect(rows).toEqual(before);
});
