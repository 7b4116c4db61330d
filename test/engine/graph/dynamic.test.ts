import { expect, test } from "vitest";
import {
  type Dim,
  addDim,
  divDim,
  float32,
  fromChannelsFirst,
  input,
  mulDim,
  resizeBilinear,
  toChannelsFirst,
} from "../../../src/engine/graph/index.ts";
import { evaluate } from "../../network.ts";

test("a map is resized to the size of another whose size is known only when the graph runs", async () => {
  const [x, like] = [input("x", [1, 1, "h", "w"]), input("like", ["height", "width"])];
  const [height, width] = like.shape as [Dim, Dim];
  const y = toChannelsFirst(resizeBilinear(fromChannelsFirst(x), height, width));
  const feeds = { x: float32([1, 1, 1, 2], [0, 4]), like: float32([2, 4], Array(8).fill(0)) };
  const result = (await evaluate({ y }, feeds))["y"]!;
  expect(result.shape).toEqual([1, 1, 2, 4]);
  expect([...result.data]).toEqual([0, 1, 3, 4, 0, 1, 3, 4]);
});

test("symbolic sizes that must be equal are recognized as equal", () => {
  const [n, h] = input("x", ["n", "h"]).shape as [Dim, Dim];
  expect(String(mulDim(mulDim(n, 4), mulDim(h, 3)))).toBe(String(mulDim(12, mulDim(h, n))));
  expect(String(addDim(addDim(h, 3), -4))).toBe(String(addDim(h, -1)));
  expect(addDim(addDim(h, 3), -3)).toBe(h);
  expect(divDim(h, 1)).toBe(h);
  expect(String(divDim(h, 2))).not.toBe(String(h));
});
