import { expect, test } from "vitest";
import { float32, type DeviceArray, type NdArray } from "../../../src/engine/graph/index.ts";
import {
  arraysOf,
  channelsLast,
  interleaved,
  planesOf,
} from "../../../src/method/inference/network-feeds.ts";

const count = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => i);
/** Red 0 to 5, green 6 to 11, blue 12 to 17. */
const image = { count: 3, width: 3, height: 2, data: count(18) };
const pixels = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 16, 5, 11, 17];
const mirrored = [2, 8, 14, 1, 7, 13, 0, 6, 12, 5, 11, 17, 4, 10, 16, 3, 9, 15];

test("planes become pixels, with the mirror image behind them where it is wanted", () => {
  expect(interleaved(image, false)).toEqual(float32([1, 2, 3, 3], pixels));
  expect(interleaved(image, true)).toEqual(float32([2, 2, 3, 3], [...pixels, ...mirrored]));
  expect(planesOf(interleaved(image, false))).toEqual(image);
});

test("a batch of planes of any number becomes one of pixels", () => {
  const two = channelsLast(
    float32(
      [2, 3, 2, 3],
      [...count(18), ...count(18)].map((v, i) => v + (i < 18 ? 0 : 100)),
    ),
  );
  expect(two).toEqual(float32([2, 2, 3, 3], [...pixels, ...pixels.map((v) => v + 100)]));
  expect([...channelsLast(float32([1, 2, 1, 3], count(6))).data]).toEqual([0, 3, 1, 4, 2, 5]);
});

test.each<[NdArray]>([
  [float32([3, 2, 3], count(18))],
  [float32([1, 1, 3, 2, 3], count(18))],
  [{ dtype: "uint8", shape: [1, 3, 2, 3], data: new Uint8Array(18) }],
])("an array that is no batch of planes is refused", (array) => {
  expect(() => channelsLast(array)).toThrow(
    `channelsLast: expected float32 [n, c, h, w], found shape [${array.shape}]`,
  );
});

test("weights can be written into a model unless one is on a device", () => {
  const weights = { a: float32([1], [2]), b: float32([], [3]) };
  expect(arraysOf(weights)).toEqual(weights);
  const there: DeviceArray = {
    ...{ dtype: "float32", shape: [1], free: () => undefined },
    reshape: () => there,
  };
  expect(() => arraysOf({ ...weights, there })).toThrow(
    "forward: there is on the device and cannot be frozen; download it first",
  );
});
