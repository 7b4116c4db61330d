import { expect, test } from "vitest";
import { allocate, ensure, instantiate } from "../../../src/engine/kernels/index.ts";
import { Lattice } from "../../../src/method/refine/lattice.ts";
import { Random } from "../../../src/engine/random.ts";

/** Filters one value for each point, on a lattice in a memory of its own. */
function filter(
  coordinates: readonly number[],
  dimensions: number,
  values: readonly number[],
): { filtered: number[]; vertices: number; sums: Float32Array } {
  const memory = allocate(0, "test");
  const workspace = { memory, kernels: instantiate(memory), owner: "test" };
  const count = values.length;
  const [source, target, start] = [0, count * 16, count * 32];
  const points = { count, dimensions, write: (to: Float32Array) => to.set(coordinates) };
  const lattice = Lattice.build(workspace, start, points);
  const sums = lattice.weightSums(lattice.end);
  ensure(memory, lattice.end + lattice.sizeOf(16), "test");
  new Float32Array(memory.buffer, source, count * 4).set(values.flatMap((v) => [v, 0, 0, 0]));
  new Uint8Array(memory.buffer, target, count * 16).fill(0);
  lattice.splat(source, lattice.end, 16);
  lattice.slice(lattice.end, target, 16, { first: 0, count });
  const rows = new Float32Array(memory.buffer, target, count * 4);
  const filtered = values.map((_, p) => rows[4 * p]!);
  return { filtered, vertices: lattice.vertices, sums };
}

function exact(coordinates: readonly number[], d: number, values: readonly number[]): number[] {
  return values.map((_, p) =>
    values.reduce((sum, value, q) => {
      let square = 0;
      for (let i = 0; i < d; i++)
        square += (coordinates[p * d + i]! - coordinates[q * d + i]!) ** 2;
      return sum + value * Math.exp(-square / 2);
    }, 0),
  );
}

test.each([
  [1, 0.05],
  [2, 0.05],
  [3, 0.08],
  [5, 0.15],
])("in %i dimensions the lattice filters like the Gaussian, up to a factor", (d, tolerance) => {
  const random = Random.at(1, "lattice", d);
  const count = 300;
  const coordinates = Array.from({ length: count * d }, () => random.uniform(-1.5, 1.5));
  const values = Array.from({ length: count }, () => random.next());
  const { filtered } = filter(coordinates, d, values);
  const expected = exact(coordinates, d, values);
  const factor = dot(filtered, expected) / dot(filtered, filtered);
  const rest = expected.map((value, p) => value - factor * filtered[p]!);
  expect(Math.sqrt(dot(rest, rest) / dot(expected, expected))).toBeLessThan(tolerance);
});

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

test("points far apart do not affect each other, wherever they are", () => {
  const { filtered, vertices } = filter([0, 0, 40, 0, 1000, -1000], 2, [1, 2, 4]);
  expect(filtered[1]! / filtered[0]!).toBeGreaterThan(1);
  const alone = filter([40, 0], 2, [2]).filtered[0]!;
  expect(alone / 2).toBeGreaterThan(0.3);
  expect(vertices).toBeGreaterThanOrEqual(9);
  for (const value of filtered) expect(value).toBeGreaterThan(0.3);
  expect(filtered[2]).toBeLessThan(4.01);
});

test("equal points act as one point with their number as weight", () => {
  const { sums, filtered } = filter(
    [3, 3, 3, 3].flatMap((v) => [v, v + 0.25]),
    2,
    [1, 1, 1, 1],
  );
  const one = filter([3, 3.25], 2, [1]).filtered[0]!;
  for (const value of filtered) expect(value).toBeCloseTo(filtered[0]!, 5);
  expect(sums[0]! / filtered[0]!).toBeCloseTo(1, 1);
  expect(filtered[0]).toBeGreaterThan(3.9 * one);
});

test("only lattices of up to 150,000 vertices are connected, and larger ones fit into memory", () => {
  const gridOf = (across: number, count: number) => {
    const memory = allocate(0, "test");
    const workspace = { memory, kernels: instantiate(memory), owner: "test" };
    // So far apart that each point has a simplex of its own.
    const write = (to: Float32Array): void => {
      for (let p = 0; p < count; p++) to.set([7 * (p % across), 7 * Math.floor(p / across)], 2 * p);
    };
    return Lattice.build(workspace, 0, { count, dimensions: 2, write });
  };
  expect(gridOf(20, 400).vertices).toBe(400 * (3 + 3));
  expect(gridOf(223, 50_000).vertices).toBe(50_000 * (3 + 3));
  const lattice = gridOf(274, 75_000);
  expect(lattice.vertices).toBe(75_000 * 3);
  const sums = lattice.weightSums(lattice.end);
  expect(sums).toHaveLength(75_000);
  expect(sums.every((sum) => sum > 0.7 && sum < 1.2)).toBe(true);
});

test("points may lie 1500 deviations from their center", () => {
  expect(filter([0, 3000], 1, [1, 1]).filtered).toHaveLength(2);
  expect(() => filter([0, 3002], 1, [1, 1])).toThrow(
    "test: pixels are up to 1501 deviations from the center, but a lattice reaches 1500",
  );
  expect(() => filter([0, 0, 2200, 2200], 2, [1, 1])).toThrow("up to 1556 deviations");
});

test("a factor for each point weighs it where it gives and where it takes", () => {
  const memory = allocate(0, "test");
  const workspace = { memory, kernels: instantiate(memory), owner: "test" };
  const points = { count: 3, dimensions: 1, write: (to: Float32Array) => to.set([0, 0.5, 40]) };
  const lattice = Lattice.build(workspace, 0, points);
  const before = lattice.weightSums(lattice.end);
  const alone = before[2]!;
  lattice.scale(Float32Array.of(1, 0, 3));
  const after = lattice.weightSums(lattice.end);
  expect(after[0]).toBeLessThan(before[0]!);
  expect(after[1]).toBe(0);
  expect(after[2]! / alone).toBeCloseTo(9, 5);
});

test("more values for a point than the kernels hold at a time are refused", () => {
  const memory = allocate(0, "test");
  const workspace = { memory, kernels: instantiate(memory), owner: "test" };
  const points = { count: 1, dimensions: 2, write: (to: Float32Array) => to.fill(0) };
  const lattice = Lattice.build(workspace, 0, points);
  const bytes = 4 * 256;
  ensure(memory, lattice.end + lattice.sizeOf(bytes) + bytes, "test");
  lattice.splat(lattice.end + lattice.sizeOf(bytes), lattice.end, bytes);
  expect(() => lattice.splat(0, lattice.end, 4 * 257)).toThrow(
    "test: 257 values for each point; a lattice filters at most 256",
  );
});

test("points out of the range of keys are refused", () => {
  expect(() => filter([0, 0, 4000, 0], 2, [1, 1])).toThrow(
    "test: pixels are up to 2000 deviations from the center, but a lattice reaches 1500",
  );
  expect(() => filter([0, NaN], 2, [1])).toThrow(/NaN deviations/);
});
