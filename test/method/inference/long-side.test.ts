import { expect, test } from "vitest";
import { imageNetNormalization as normalization } from "../../../src/method/images/normalize.ts";
import { channelsLast } from "../../../src/method/inference/network-feeds.ts";
import {
  networkImage,
  pixelsWithLongSide,
  withLongSide,
} from "../../../src/method/inference/long-side.ts";
import { resizeMaps } from "../../../src/method/images/resize-maps.ts";
import { shrinkImage } from "../../../src/method/images/shrink-large.ts";
import { Random } from "../../../src/engine/random.ts";

test("an image with a long side equals the normalized image resized, to the bit", () => {
  const random = Random.at(1, "network image");
  for (const [width, height, longSide] of [
    [50, 37, 64],
    [37, 50, 64],
    [50, 37, 40],
    [50, 37, 50],
    [200, 90, 64], // shrunk first
    [1, 5, 32],
  ] as const) {
    const data = Uint8Array.from({ length: width * height * 3 }, () => random.int(256));
    const made = withLongSide({ width, height, data }, normalization, longSide);
    const whole = networkImage({ width, height, data }, normalization, {
      minSide: 0,
      maxSide: 2 * longSide,
    });
    expect(made).toEqual(resizeMaps(whole, made.width, made.height));
    const batch = {
      dtype: "float32",
      shape: [1, 3, made.height, made.width],
      data: made.data,
    } as const;
    const pixels = pixelsWithLongSide({ width, height, data }, normalization, longSide);
    expect(pixels).toEqual(channelsLast(batch));
    expect(Math.max(made.width, made.height)).toBe(longSide);
  }
});

test.each([
  [100, 50, 100, [100, 50]],
  [100, 50, 99, [99, 49]],
  [50, 100, 40, [20, 40]],
  [100, 33, 10, [10, 3]],
  [1000, 2, 100, [100, 1]],
  [2, 1000, 100, [1, 100]],
])("an image of %i x %i is shrunk to at most %i, rounded down: %j", (width, height, most, size) => {
  const image = { width, height, data: new Uint8Array(3 * width * height).fill(7) };
  const small = shrinkImage(image, most);
  expect([small.width, small.height]).toEqual(size);
  expect(small.data.every((level) => level === 7)).toBe(true);
  if (most >= Math.max(width, height)) expect(small).toBe(image);
  const maps = networkImage(
    image,
    { mean: [1, 2, 3], std: [1, 2, 4] },
    { minSide: 0, maxSide: most },
  );
  expect(maps).toMatchObject({ count: 3, width: size[0], height: size[1] });
  expect(new Set(maps.data)).toEqual(new Set([6, 2.5, 1]));
});

test("an image smaller than the bounds is enlarged to them, one within them keeps its pixels", () => {
  const normalization = { mean: [1, 2, 3], std: [1, 2, 4] } as const;
  const data = Uint8Array.from({ length: 3 * 20 * 10 }, (_, i) => (i * 37) % 256);
  const image = { width: 20, height: 10, data };
  const bounds = { minSide: 40, maxSide: 60 };
  const enlarged = networkImage(image, normalization, bounds);
  expect(enlarged).toEqual(withLongSide(image, normalization, 40));
  expect([enlarged.width, enlarged.height]).toEqual([40, 20]);
  const kept = networkImage(image, normalization, { minSide: 20, maxSide: 60 });
  expect(kept).toEqual(networkImage(image, normalization, { minSide: 0, maxSide: 20 }));
});
