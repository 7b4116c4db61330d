import { expect, test } from "vitest";
import { ParameterArena } from "../../../src/method/train/arena.ts";

function arenaOf(sizes: readonly number[]): ParameterArena {
  return new ParameterArena(sizes.map((size, i) => ({ name: `${i}`, size, group: "a" })));
}

test("frozen parameters have a value and nothing else", () => {
  const arena = new ParameterArena([
    { name: "norm", size: 1000, group: null },
    { name: "w", size: 2, group: "a" },
  ]);
  expect(Object.keys(arena.values)).toEqual(["norm", "w"]);
  for (const arrays of [arena.gradients, arena.m, arena.v]) {
    expect(Object.keys(arrays)).toEqual(["w"]);
  }
});

test("all arrays are views of one buffer, aligned, and do not overlap", () => {
  const arena = arenaOf([3, 16, 17, 1]);
  const kinds = [arena.values, arena.gradients, arena.m, arena.v];
  const arrays = kinds.flatMap((kind) => Object.values(kind));
  expect(arrays).toHaveLength(16);
  expect(new Set(arrays.map((array) => array.buffer)).size).toBe(1);
  arrays.sort((a, b) => a.byteOffset - b.byteOffset);
  for (const [i, array] of arrays.entries()) {
    expect(array.byteOffset % 64).toBe(0);
    if (i > 0) {
      const before = arrays[i - 1]!;
      expect(array.byteOffset).toBeGreaterThanOrEqual(before.byteOffset + before.byteLength);
    }
  }
});

test("all gradients are one array with nothing but zeros between them", () => {
  const arena = arenaOf([3, 16, 17, 1]);
  for (const [name, gradient] of Object.entries(arena.gradients)) gradient.fill(Number(name) + 1);
  for (const kind of [arena.values, arena.m, arena.v]) {
    for (const array of Object.values(kind)) array.fill(9);
  }
  expect(arena.allGradients).toHaveLength(16 + 16 + 32 + 16);
  const written = [...arena.allGradients].filter((value) => value !== 0);
  expect(written).toEqual([3, 16, 17, 1].flatMap((size, i) => Array<number>(size).fill(i + 1)));
});

test("refuses duplicate names and more than 4 GiB", () => {
  const one = { name: "w", size: 1, group: "a" };
  expect(() => new ParameterArena([one, one])).toThrow(/same name/);
  expect(() => new ParameterArena([{ ...one, size: 2 ** 29 }])).toThrow(
    /8\.00 GiB.*limited to 4 GiB/,
  );
});
