import { describe, expect, test } from "vitest";
import {
  activationMaps,
  argmax,
  checkBox,
  crop,
  fullBox,
  plane,
  slice,
  softmax,
  stack,
  type Box,
} from "../../../src/method/images/maps.ts";

const image = { width: 4, height: 3 };
const numbers = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => i);
/** Two maps of 4 x 3: 0 to 11 and 12 to 23. */
const two = activationMaps(2, 4, 3, numbers(24));

test("maps have as many values as their sizes say, or are refused", () => {
  expect(activationMaps(2, 1, 3, numbers(6))).toEqual({
    ...{ count: 2, width: 1, height: 3, data: numbers(6) },
  });
  expect(() => activationMaps(2, 4, 3, numbers(23))).toThrow(
    "maps: [2, 3, 4] has 24 elements, data has 23",
  );
});

test("planes and slices are views of whole maps", () => {
  expect([...plane(two, 1)]).toEqual([...numbers(24)].slice(12));
  const three = stack(two, activationMaps(1, 4, 3, numbers(12)));
  const { count, width, height, data } = slice(three, 1, 3);
  expect([count, width, height]).toEqual([2, 4, 3]);
  expect([...data]).toEqual([...numbers(24).subarray(12), ...numbers(12)]);
  expect(data.buffer).toBe(three.data.buffer);
});

test("maps of one size are stacked in their order, those of another are refused", () => {
  const one = activationMaps(1, 4, 3, new Float32Array(12).fill(7));
  expect(stack(one, two)).toEqual({
    ...{ count: 3, ...image, data: Float32Array.of(...one.data, ...two.data) },
  });
  expect(() => stack(two, activationMaps(1, 3, 4, numbers(12)))).toThrow(
    "stack: sizes differ: 4 x 3 and 3 x 4",
  );
  expect(() => stack(two, activationMaps(1, 4, 2, numbers(8)))).toThrow("4 x 3 and 4 x 2");
  expect(() => stack(two, activationMaps(1, 5, 3, numbers(15)))).toThrow("4 x 3 and 5 x 3");
});

test("a crop has the values inside its box; the whole is returned itself", () => {
  expect(crop(two, [1, 3, 2, 4])).toEqual({
    ...{ count: 2, width: 2, height: 2, data: Float32Array.of(6, 7, 10, 11, 18, 19, 22, 23) },
  });
  expect([...crop(two, [0, 1, 0, 4]).data]).toEqual([0, 1, 2, 3, 12, 13, 14, 15]);
  expect([...crop(two, [0, 3, 3, 4]).data]).toEqual([3, 7, 11, 15, 19, 23]);
  expect(crop(two, fullBox(two))).toBe(two);
  expect(fullBox(image)).toEqual([0, 3, 0, 4]);
});

describe("a box", () => {
  test.each<[Box]>([[[0, 3, 0, 4]], [[0, 1, 0, 1]], [[2, 3, 3, 4]]])("%j is inside", (box) => {
    expect(checkBox("test", box, image)).toBe(box);
  });

  test.each<[Box]>([
    [[-1, 3, 0, 4]],
    [[1, 1, 0, 4]],
    [[2, 1, 0, 4]],
    [[0, 4, 0, 4]],
    [[0, 3, -1, 4]],
    [[0, 3, 2, 2]],
    [[0, 3, 3, 2]],
    [[0, 3, 0, 5]],
    [[0, 3, NaN, 4]],
  ])("%j is empty or leaves 4 x 3", (box) => {
    expect(() => checkBox("test", box, image)).toThrow(RangeError);
    expect(() => checkBox("test", box, image)).toThrow(
      `test: box [${box.join(", ")}] is empty or not inside 4 x 3`,
    );
  });
});

test("softmax makes every pixel's scores sum to 1, however large they are", () => {
  const scores = activationMaps(3, 2, 1, Float32Array.of(1000, 0, 1001, -5, 1002, 3));
  softmax(scores);
  const [a, b] = [1 + Math.exp(-1) + Math.exp(-2), 1 + Math.exp(-3) + Math.exp(-8)];
  const expected = [Math.exp(-2) / a, Math.exp(-3) / b, Math.exp(-1) / a, Math.exp(-8) / b];
  expected.push(1 / a, 1 / b);
  scores.data.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 7));
});

test("argmax is the first of the highest maps", () => {
  const scores = activationMaps(3, 3, 1, Float32Array.of(1, -2, -1, 3, -2, -3, 3, -1, -1));
  expect([...argmax(scores)]).toEqual([1, 2, 0]);
});
