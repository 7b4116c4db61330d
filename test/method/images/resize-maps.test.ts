import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { activationMaps } from "../../../src/method/images/maps.ts";
import { resizeMaps } from "../../../src/method/images/resize-maps.ts";
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

  test("refuses sides of 0", () => {
    expect(() => resizeMaps(row(1, 2), 0, 1)).toThrow("resize: 2 x 1 to 0 x 1; no side may be 0");
  });
});
