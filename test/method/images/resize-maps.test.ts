import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { activationMaps } from "../../../src/method/images/maps.ts";
import { resizeGradient, resizeMaps } from "../../../src/method/images/resize-maps.ts";
import { bilinearSamples } from "../../../src/method/images/bilinear-samples.ts";
import { Random } from "../../../src/engine/random.ts";

const row = (...values: number[]) => activationMaps(1, values.length, 1, Float32Array.from(values));

describe("resize", () => {
  test.each([
    ["doubles between pixel centers", row(0, 1), 4, false, [0, 0.25, 0.75, 1]],
    ["halves to the mean of pairs", row(0, 1, 4, 8), 2, false, [0.5, 6]],
    ["thirds to every middle pixel", row(9, 1, 9, 9, 2, 9), 2, false, [1, 2]],
    ["keeps corners when they are aligned", row(0, 3), 4, true, [0, 1, 2, 3]],
    ["shrinks to the corners when they are aligned", row(5, 1, 7), 2, true, [5, 7]],
    ["takes the first pixel for one aligned pixel", row(5, 1, 7), 1, true, [5]],
    ["spreads a single pixel", row(4), 3, false, [4, 4, 4]],
    ["spreads a single aligned pixel", row(4), 3, true, [4, 4, 4]],
  ])("%s", (_name, source, width, alignCorners, expected) => {
    const across = resizeMaps(source, width, 1, { alignCorners });
    expect([...across.data]).toEqual(expected);
    const upright = { ...source, width: 1, height: source.width };
    expect([...resizeMaps(upright, 1, width, { alignCorners }).data]).toEqual(expected);
  });

  test("resizes each map and both directions", () => {
    const source = activationMaps(2, 2, 2, Float32Array.of(0, 4, 8, 12, 1, 1, 1, 1));
    const { data, count, width, height } = resizeMaps(source, 1, 1);
    expect([count, width, height, ...data]).toEqual([2, 1, 1, 6, 1]);
  });

  test("equals to the bit the mix of two neighbors, rounded across and then down", () => {
    const side = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(side, side, side, side, fc.boolean(), (w, h, toW, toH, alignCorners) => {
        const random = Random.at(1, w, h, toW, toH);
        const data = Float32Array.from({ length: 2 * w * h }, () => random.uniform(-1, 1));
        const across = bilinearSamples(w, toW, alignCorners);
        const down = bilinearSamples(h, toH, alignCorners);
        const mix = (a: number, b: number, share: number): number =>
          Math.fround(a * (1 - share) + b * share);
        const expected = Float32Array.from({ length: 2 * toW * toH }, (_, i) => {
          const [x, y] = [i % toW, Math.floor(i / toW) % toH];
          const top = Math.floor(i / (toW * toH)) * w * h;
          const [left, right, share] = [across.first[x]!, across.second[x]!, across.share[x]!];
          const [upper, lower] = [down.first[y]!, down.second[y]!].map((row) => {
            return mix(data[top + row * w + left]!, data[top + row * w + right]!, share);
          });
          return mix(upper!, lower!, down.share[y]!);
        });
        if (toW === w && toH === h) return;
        expect(resizeMaps(activationMaps(2, w, h, data), toW, toH, { alignCorners }).data).toEqual(
          expected,
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test("returns the same maps if they already have the size", () => {
    const source = row(1, 2, 3);
    expect(resizeMaps(source, 3, 1, { alignCorners: true })).toBe(source);
  });

  test("with a factor every pixel is enlarged by exactly that, though the size is rounded", () => {
    // Position i lies at (i + 0.5) / 1.5 - 0.5, from the first pixel to the last.
    const { data } = resizeMaps(row(0, 3, 6), 4, 1, { scale: 1.5 });
    const expected = [0, 1.5, 3.5, 5.5];
    data.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    expect(resizeMaps(row(0, 3, 6), 4, 1).data[1]).toBeCloseTo(1.875, 5);
  });

  test.each([
    [0, 1, 2, 1],
    [1, 0, 2, 1],
    [1, 1, 0, 1],
    [1, 1, 2, 0],
  ])("refuses sides of 0: to %i x %i from %i x %i", (width, height, fromWidth, fromHeight) => {
    const data = new Float32Array(fromWidth * fromHeight);
    const source = activationMaps(1, fromWidth, fromHeight, data);
    expect(() => resizeMaps(source, width, height)).toThrow(
      `resize: ${fromWidth} x ${fromHeight} to ${width} x ${height}; no side may be 0`,
    );
  });
});

describe("the gradient of resizing", () => {
  const noise = (count: number, width: number, height: number) => {
    const random = Random.at(2, "gradient", count, width, height);
    const data = Float32Array.from({ length: count * width * height }, () => random.normal());
    return activationMaps(count, width, height, data);
  };
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);

  // A linear map L and its transpose: (L x) · y = x · (Lᵀ y).
  test.each([
    ["enlarges", 3, 5, 7, 11, {}],
    ["shrinks", 9, 8, 4, 3, {}],
    ["aligns corners", 4, 6, 9, 5, { alignCorners: true }],
    ["scales by a factor", 7, 9, 3, 4, { scale: 0.5 }],
    ["has one pixel", 1, 1, 4, 3, {}],
    ["makes one pixel", 5, 4, 1, 1, { alignCorners: true }],
  ])("is its transpose where it %s", (_, width, height, toWidth, toHeight, options) => {
    const [x, y] = [noise(2, width, height), noise(2, toWidth, toHeight)];
    const gradient = resizeGradient(y, width, height, options);
    expect(gradient).toMatchObject({ count: 2, width, height });
    const resized = resizeMaps(x, toWidth, toHeight, options);
    expect(dot(gradient.data, x.data)).toBeCloseTo(dot(resized.data, y.data), 4);
  });

  test("is the gradient itself where no size changes", () => {
    const y = noise(1, 4, 3);
    expect(resizeGradient(y, 4, 3)).toBe(y);
    expect(resizeGradient(y, 4, 2)).toMatchObject({ width: 4, height: 2 });
    expect(resizeGradient(y, 3, 3)).toMatchObject({ width: 3, height: 3 });
  });
});
