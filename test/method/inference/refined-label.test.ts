import { expect, test } from "vitest";
import { meanMargin } from "../../../src/method/images/confidence.ts";
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
  const { labels, confidence } = refinedLabel(image, scores, [4], par);
  expect(labels).toEqual(labelOf(refined, [4]));
  expect(confidence).toBe(meanMargin(refined));
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
