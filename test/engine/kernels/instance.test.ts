import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";
import { kernelArguments } from "../../../src/engine/kernels/arguments.ts";
import { wasmFunctions } from "../../../src/engine/kernels/instance.ts";
import { allocate, ensure, instantiate } from "../../../src/engine/kernels/index.ts";

test("kernels work on their own memory only", () => {
  const memories = [allocate(256, "test"), allocate(256, "test")];
  const [first, second] = memories.map((memory) => new Float32Array(memory.buffer, 0, 16));
  first!.fill(1, 0, 4); // one plane of 1 x 1 pixel, margins of 1, rows of 4 floats
  first![5] = 7;
  const size = { planeBytes: 48, rowBytes: 16, height: 1, width: 1 };
  instantiate(memories[0]!).parReplicate({ planes: 5 * 4, count: 1, ...size, left: 1, right: 2 });
  expect([...first!]).toEqual([...new Array<number>(12).fill(7), 0, 0, 0, 0]);
  expect(second!.every((value) => value === 0)).toBe(true);
});

test("the interface names every function of the module, each with its number of arguments", () => {
  const exported = Object.entries(wasmFunctions(allocate(1, "test")))
    .filter(([, value]) => typeof value === "function")
    .map(([name, value]) => [name, value.length]);
  const named = Object.entries(kernelArguments).map(([name, order]) => [name, order.length]);
  expect(Object.fromEntries(named)).toEqual(Object.fromEntries(exported));
});

test("arguments have the names and the order of the AssemblyScript sources", () => {
  const folder = new URL("../../../src/engine/kernels/assembly/", import.meta.url);
  const declared = readdirSync(folder)
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      const text = readFileSync(new URL(file, folder), "utf8");
      return ts.createSourceFile(file, text, ts.ScriptTarget.Latest).statements.slice();
    })
    .filter(ts.isFunctionDeclaration)
    .map(({ name, parameters }) => [
      name!.text,
      parameters.map((parameter) => (parameter.name as ts.Identifier).text),
    ]);
  expect(Object.fromEntries(declared)).toMatchObject(kernelArguments);
});

test("a memory grows to the size needed and keeps its content", () => {
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

test("more than 4 GiB is refused with the name of the owner", () => {
  const tooMuch = 5 * 2 ** 30;
  expect(() => allocate(tooMuch, "lattice")).toThrow(
    "lattice: needs 5.00 GiB, but WebAssembly memory is limited to 4 GiB",
  );
  expect(() => ensure(allocate(1, "lattice"), tooMuch, "lattice")).toThrow(/lattice.*4 GiB/);
});

test("softmaxRows treats each row by itself and does not change its source", () => {
  const memory = allocate(256, "test");
  const rows = new Float32Array(memory.buffer, 0, 24); // 2 rows of 12, one vector more than a pair
  rows.forEach((_, i) => (rows[i] = (i * 7) % 5));
  const before = rows.slice();
  instantiate(memory).softmaxRows({ source: 0, count: 2, bytes: 48, target: 96 });
  const result = new Float32Array(memory.buffer, 96, 24);
  for (const row of [0, 12]) {
    const powers = [...before.subarray(row, row + 12)].map(Math.exp);
    const sum = powers.reduce((a, b) => a + b, 0);
    powers.forEach((power, i) => expect(result[row + i]).toBeCloseTo(power / sum, 6));
  }
  expect(rows).toEqual(before);
});
