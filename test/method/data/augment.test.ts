import fc from "fast-check";
import { expect, test } from "vitest";
import { augment } from "../../../src/method/data/augment.ts";
import { resizeImage } from "../../../src/method/images/resize-antialiased.ts";
import type { Image, LabelMap } from "../../../src/method/images/image.ts";
import { Random } from "../../../src/engine/random.ts";

/** Brightness tells the column, and no pixel is 0. */
function ramp(width: number, height: number): Image {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) data.fill(1 + (i % width), i * 3, i * 3 + 3);
  return { width, height, data };
}

const side = fc.integer({ min: 1, max: 90 });

test("a crop is image inside its box and black outside", () => {
  fc.assert(
    fc.property(side, side, fc.integer(), (width, height, seed) => {
      const options = { crop: 32, scaleRange: [0.5, 2] as const, flip: 0.5 };
      const { data, box } = augment(ramp(width, height), Random.at(seed), options);
      const [y0, y1, x0, x1] = box;
      expect(y0 >= 0 && y0 < y1 && y1 <= 32 && x0 >= 0 && x0 < x1 && x1 <= 32).toBe(true);
      for (let y = 0; y < 32; y++) {
        for (let x = 0; x < 32; x++) {
          const inside = y >= y0 && y < y1 && x >= x0 && x < x1;
          expect(data[(y * 32 + x) * 3]! > 0).toBe(inside);
        }
      }
    }),
    { seed: 1, numRuns: 40 },
  );
});

test("without scaling, a crop is a part of the image, mirrored if flipped", () => {
  const image = ramp(50, 40);
  for (let seed = 0; seed < 20; seed++) {
    for (const flip of [0, 1]) {
      const { data } = augment(image, Random.at(seed), { crop: 16, scaleRange: [1, 1], flip });
      const step = data[3]! - data[0]!;
      expect(step).toBe(flip ? -1 : 1);
      expect(data[15 * 3]! - data[0]!).toBe(15 * step);
    }
  }
});

test("an image of the crop's size at scale 2 is cut from the enlarged image", () => {
  const image = ramp(20, 20);
  const enlarged = resizeImage(image, 40, 40);
  const { data, box } = augment(image, Random.at(3), { crop: 40, scaleRange: [2, 2], flip: 0 });
  expect(box).toEqual([0, 40, 0, 40]);
  expect(data).toEqual(enlarged.data);
});

test("a large image is first shrunk to the longest side allowed", () => {
  const options = { crop: 64, scaleRange: [1, 1] as const, flip: 0, maxSide: 50 };
  const [y0, y1, x0, x1] = augment(ramp(200, 100), Random.at(1), options).box;
  expect([y1 - y0, x1 - x0]).toEqual([25, 50]);
});

test("the same stream gives the same crop", () => {
  const options = { crop: 24, scaleRange: [0.5, 2] as const, flip: 0.5 };
  const crop = () => augment(ramp(60, 45), Random.at(7, "augment", 5), options);
  expect(crop()).toEqual(crop());
});

/** An image of three flat colors in blocks, and the mask of labels 0 to 2 that the colors stand for. */
function coded(width: number, height: number, block: number): { image: Image; mask: LabelMap } {
  const labels = Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return (Math.floor(x / block) + 2 * Math.floor(y / block)) % 3;
  });
  const data = new Uint8Array(3 * labels.length);
  labels.forEach((label, i) => (data[3 * i + label] = 255));
  return { image: { width, height, data }, mask: { width, height, data: labels } };
}

test("a mask goes through scaling, flip, padding and crop with its image", () => {
  let [pure, mixed] = [0, 0];
  fc.assert(
    fc.property(side, side, fc.integer({ min: 3, max: 20 }), fc.integer(), (w, h, block, seed) => {
      const { image, mask } = coded(w, h, block);
      const options = { crop: 32, scaleRange: [0.5, 2] as const, flip: 0.5, maxSide: 80 };
      const plain = augment(image, Random.at(seed), options);
      const { mask: known, ...crop } = augment(image, Random.at(seed), options, mask);
      expect(crop).toEqual(plain);
      const [y0, y1, x0, x1] = crop.box;
      known!.forEach((label, p) => {
        const [x, y] = [p % 32, Math.floor(p / 32)];
        const inside = y >= y0 && y < y1 && x >= x0 && x < x1;
        if (!inside) return expect(label).toBe(255);
        // A pixel of one full color is no mixture, so its label is that of the color.
        const color = crop.data.subarray(3 * p, 3 * p + 3).indexOf(255);
        if (color < 0) return void mixed++;
        pure++;
        return expect(label).toBe(color);
      });
    }),
    { seed: 1, numRuns: 60 },
  );
  expect(pure).toBeGreaterThan(mixed);
});
