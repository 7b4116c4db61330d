import { expect, test } from "vitest";
import { refinedLabel } from "../../../src/method/inference/refined-label.ts";
import { labelOf, refineInside } from "../../../src/method/labels/index.ts";
import { Par } from "../../../src/method/refine/par.ts";
import { resizeMaps } from "../../../src/method/images/resize-maps.ts";
import { Random } from "../../../src/engine/random.ts";

function picture(width: number, height: number) {
  const random = Random.at(3, "picture", width);
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, () => random.int(256)),
  };
}

/** Background wins on the left, class 4 on the right. */
const scores = { count: 2, width: 2, height: 1, data: Float32Array.of(1, 0, 0, 1) };

test("labels of an ordinary image are those of the maps refined at its own size", () => {
  const image = picture(37, 22);
  const par = new Par();
  const refined = refineInside(image, resizeMaps(scores, 37, 22), { par });
  expect(refinedLabel(image, scores, [4], par).labels).toEqual(labelOf(refined, [4]));
});

test("the confidence is the IoU to expect from each pixel's shares of the scores, at any scale of these", () => {
  const image = { width: 20, height: 8, data: new Uint8Array(480).fill(100) };
  const par = new Par({ iterations: 0 });
  /** Confidence where the left half is background and the right half class 4, by these scores of it. */
  const confidence = (left: number, right: number, scale = 1) => {
    const data = Float32Array.of(1 - left, 1 - right, left, right).map((score) => scale * score);
    return refinedLabel(image, { ...scores, data }, [4], par).confidence;
  };
  expect(confidence(0, 1)).toBeGreaterThan(0.9);
  // Shares that differ by 0.02 are probabilities of 1 / (1 + exp(-2)) = 0.881: 0.881 / (1 + 0.119) of the union.
  const even = { ...scores, width: 1, data: Float32Array.of(0.51, 0.49) };
  const alone = refinedLabel(image, { ...even, count: 2 }, [4], par).confidence;
  // A class that no pixel shows counts as 0.
  expect(alone).toBeCloseTo(0.881 / 2, 3);
  const [clear, less, least] = [confidence(0.4, 0.6), confidence(0.48, 0.52), confidence(0.5, 0.5)];
  expect(clear).toBeGreaterThan(less);
  expect(less).toBeGreaterThan(least);
  expect(confidence(0.4, 0.6, 1e-3)).toBeCloseTo(clear, 5);
  expect(
    refinedLabel(image, { ...scores, data: new Float32Array(4) }, [4], par).confidence,
  ).toBeGreaterThan(0);
});

test("a very large image is refined at a size that fits into memory", () => {
  const image = picture(9000, 40);
  const sizes: number[] = [];
  class Watched extends Par {
    override refine(...[colors, maps]: Parameters<Par["refine"]>) {
      sizes.push(colors.width);
      return super.refine(colors, maps);
    }
  }
  const par = new Watched({ iterations: 1, dilations: [1] });
  const { data, ...size } = refinedLabel(image, scores, [4], par).labels;
  expect([size, data.length]).toEqual([{ width: 9000, height: 40 }, 360000]);
  expect([data[0], data[8999]]).toEqual([0, 5]);
  expect(sizes).toEqual([1024]);
});
