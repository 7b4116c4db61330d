import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resizeImage, resizeWindow } from "../../../src/method/images/resize-antialiased.ts";
import type { Image } from "../../../src/method/images/image.ts";
import { Random } from "../../../src/engine/random.ts";
import { readGolden } from "../../golden.ts";

const golden = readGolden("resize");

function noise(width: number, height: number, seed = 1): Image {
  const random = Random.at(seed, "noise", width, height);
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, () => random.int(256)),
  };
}

/** Resizes the middle axis of [lines, from, step] to `to`, each pixel by the formula. */
function plainPass(
  source: Uint8Array,
  step: number,
  from: number,
  to: number,
  lines: number,
): Uint8Array {
  const support = Math.max(1, from / to);
  const out = new Uint8Array(lines * to * step);
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * (from / to);
    const low = Math.max(0, Math.floor(center - support + 0.5));
    const high = Math.min(from, Math.floor(center + support + 0.5));
    const triangle = Array.from({ length: high - low }, (_, j) =>
      Math.max(0, 1 - Math.abs(low + j + 0.5 - center) / support),
    );
    const total = triangle.reduce((a, b) => a + b, 0);
    for (let at = 0; at < lines * step; at++) {
      const [line, c] = [Math.floor(at / step), at % step];
      const pixels = triangle.map((weight, j) => {
        return (weight / total) * source[(line * from + low + j) * step + c]!;
      });
      out[(line * to + i) * step + c] = pixels.reduce((a, b) => a + b, 0.5);
    }
  }
  return out;
}

describe("resizing", () => {
  const [height, width] = golden["image"]!.shape as [number, number];
  const source: Image = { width, height, data: golden["image"]!.data as Uint8Array };

  test.each(["0.5", "0.73", "1.6", "2.0"])("by %s agrees with the published loader", (scale) => {
    const expected = golden[`scaled.${scale}`]!;
    const [h, w] = expected.shape as [number, number];
    const { data } = resizeImage(source, w, h);
    let [sum, worst] = [0, 0];
    data.forEach((value, i) => {
      const difference = Math.abs(value - expected.data[i]!);
      sum += difference;
      worst = Math.max(worst, difference);
    });
    expect(sum / data.length).toBeLessThan(0.01);
    expect(worst).toBeLessThanOrEqual(1);
  });

  test("two pixels stretched to four mix on half-pixel centers", () => {
    const image = { width: 2, height: 1, data: Uint8Array.of(0, 0, 0, 100, 40, 200) };
    expect([...resizeImage(image, 4, 1).data]).toEqual([
      0, 0, 0, 25, 10, 50, 75, 30, 150, 100, 40, 200,
    ]);
  });

  test("to its own size changes nothing", () => {
    const image = noise(13, 7);
    expect(resizeImage(image, 13, 7)).toEqual(image);
  });

  test("a window is the same as cutting it out of the whole", () => {
    const side = fc.integer({ min: 1, max: 40 });
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(side, side, side, side, part, part, (w, h, toW, toH, u, v) => {
        const image = noise(w, h);
        const whole = resizeImage(image, toW, toH);
        const [x, y] = [Math.floor(u * (toW - 1)), Math.floor(v * (toH - 1))];
        const window = { x, y, width: toW - x, height: toH - y };
        const cut = resizeWindow(image, toW, toH, window);
        for (let row = 0; row < cut.height; row++) {
          const from = ((y + row) * toW + x) * 3;
          const at = row * cut.width * 3;
          expect(cut.data.subarray(at, at + cut.width * 3)).toEqual(
            whole.data.subarray(from, from + cut.width * 3),
          );
        }
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test("every pass equals the weighted sum of its pixels to the last bit, however many there are", () => {
    const side = fc.integer({ min: 1, max: 24 });
    fc.assert(
      fc.property(side, side, side, side, (w, h, toW, toH) => {
        const image = noise(w, h);
        const { data } = resizeImage(image, toW, toH);
        const rows = plainPass(image.data, 3, w, toW, h); // along x
        expect(data).toEqual(plainPass(rows, 3 * toW, h, toH, 1)); // along y
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  // At some sizes, 31 to 39 for one, a pixel's center falls so that rounding adds a third neighbor.
  test("an image of one color keeps it at every size", () => {
    for (let from = 1; from <= 100; from++) {
      for (let to = 1; to <= 2 * from; to++) {
        for (const [w, h, toW, toH] of [
          [from, 1, to, 1],
          [1, from, 1, to],
        ] as const) {
          const image = { width: w, height: h, data: new Uint8Array(from * 3).fill(100) };
          const wrong = resizeImage(image, toW, toH).data.findIndex((value) => value !== 100);
          expect({ from, to, wrong }).toEqual({ from, to, wrong: -1 });
        }
      }
    }
  });

  test.each([
    [0, 3],
    [3, 0],
    [-1, 3],
    [3, -1],
    [2.5, 3],
    [3, 2.5],
    [NaN, 3],
  ])("to %d x %d is refused", (width, height) => {
    expect(() => resizeImage(noise(4, 4), width, height)).toThrow(
      `resize: to ${width}x${height}; both sides must be whole numbers from 1`,
    );
  });

  test.each([
    [{ x: 2, y: 0, width: 3, height: 4 }, "window 3x4 at (2, 0) leaves 4x5"],
    [{ x: 0, y: 2, width: 4, height: 4 }, "window 4x4 at (0, 2) leaves 4x5"],
    [{ x: -1, y: 0, width: 3, height: 4 }, "window 3x4 at (-1, 0) leaves 4x5"],
    [{ x: 0, y: -1, width: 3, height: 4 }, "window 3x4 at (0, -1) leaves 4x5"],
  ])("to the window %j, which lies outside, is refused", (window, message) => {
    expect(() => resizeWindow(noise(3, 3), 4, 5, window)).toThrow(`resize: ${message}`);
  });

  test("one pixel becomes an image of its color, and an image of one color such a pixel", () => {
    const pixel = { width: 1, height: 1, data: Uint8Array.of(9, 99, 200) };
    expect([...resizeImage(pixel, 3, 2).data]).toEqual(
      Array.from({ length: 6 }, () => [9, 99, 200]).flat(),
    );
    const black = new Uint8Array(7 * 6 * 3);
    const image = { width: 7, height: 6, data: black.map((_, i) => (i % 3 === 1 ? 60 : 0)) };
    expect([...resizeImage(image, 1, 1).data]).toEqual([0, 60, 0]);
  });
});
