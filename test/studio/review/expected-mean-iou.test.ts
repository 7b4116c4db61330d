import { describe, expect, test } from "vitest";
import { Random } from "../../../src/engine/random.ts";
import {
  expectedMeanIou,
  studentQuantile,
  type ReviewedImage,
} from "../../../src/studio/review/expected-mean-iou.ts";
import { simulateReview } from "./simulated-review.ts";

/** A drawn image whose draft has so many right pixels of 100. */
function drawn(both: number, more: Partial<ReviewedImage> = {}): ReviewedImage {
  const classes = [{ name: "dog", accepted: 100, draft: 100, both }];
  return { verdict: "accepted", drawn: true, confidence: 0.5, classes, ...more };
}

function waiting(images: number, confidence = 0.5) {
  return {
    byConfidence: images > 0 ? [{ confidence, images }] : [],
    byClass: new Map(images > 0 ? [["dog", images]] : []),
  };
}

describe("the mean IoU if the review stopped now", () => {
  test.each([
    { images: 60, classes: 4, reviewed: 30, noise: 0.2 },
    { images: 200, classes: 6, reviewed: 40, noise: 0.3 },
    { images: 500, classes: 12, reviewed: 120, noise: 0.2 },
  ])(
    "its interval covers the truth in 90 of 100 reviews: $reviewed of $images images",
    (review) => {
      let [covered, told, width] = [0, 0, 0];
      for (let seed = 0; seed < 200; seed++) {
        const { truth, expected } = simulateReview(Random.at(seed, "review"), review);
        if (!expected) continue;
        told++;
        if (truth >= expected.low && truth <= expected.high) covered++;
        width += expected.high - expected.low;
      }
      expect(told).toBeGreaterThan(190);
      expect(covered / told).toBeGreaterThanOrEqual(0.9);
      // An interval from 0 to 1 would cover everything.
      expect(width / told).toBeLessThan(0.5);
    },
  );

  test("more reviewed images make it narrower, and with the last one it is certain", () => {
    const widths = [30, 100, 190, 200].map((reviewed) => {
      const review = { images: 200, classes: 5, reviewed, noise: 0.2 };
      const { expected } = simulateReview(Random.at(1, "narrower"), review);
      return expected!.high - expected!.low;
    });
    expect(widths).toEqual([...widths].sort((a, b) => b - a));
    expect(widths.at(-1)).toBeLessThan(1e-9);
  });

  test("it is not told from fewer than five drawn images", () => {
    const four = Array.from({ length: 4 }, () => drawn(90));
    const chosen = drawn(90, { drawn: false });
    expect(expectedMeanIou([...four, chosen], waiting(10))).toBeUndefined();
    expect(expectedMeanIou([...four, drawn(90)], waiting(10))?.drawn).toBe(5);
  });

  test("reviewed masks count as right and the others as the drafts that were drawn", () => {
    const reviewed = Array.from({ length: 5 }, () => drawn(60));
    // The union of two areas of 100 with 60 in common is 140.
    const none = { name: "background", accepted: 100, draft: 100, both: 100 };
    const images = reviewed.map((image) => ({ ...image, classes: [none, ...image.classes] }));
    const { meanIou } = expectedMeanIou(images, waiting(15))!;
    expect(meanIou).toBeCloseTo((1 + (0.25 + 0.75 * (60 / 140))) / 2, 10);
  });

  test("a handful of perfect drafts promise no certainty", () => {
    const perfect = Array.from({ length: 5 }, () => drawn(100));
    const { meanIou, low, high } = expectedMeanIou(perfect, waiting(1000))!;
    expect(meanIou).toBe(1);
    expect(high).toBe(1);
    expect(low).toBeLessThan(0.9);
  });

  test("a rejected draft counts as wrong, and is no part of the result itself", () => {
    const good = Array.from({ length: 9 }, () => drawn(100));
    const rejected = drawn(0, {
      verdict: "rejected",
      classes: [{ name: "dog", accepted: 0, draft: 100, both: 0 }],
    });
    const { meanIou } = expectedMeanIou([...good, rejected], waiting(90))!;
    expect(meanIou).toBeLessThan(0.95);
    expect(expectedMeanIou([...good, rejected], waiting(0))!.meanIou).toBe(1);
  });

  test("unsure drafts tell nothing of sure ones that wait", () => {
    const bad = Array.from({ length: 6 }, () => drawn(10, { confidence: 0.1 }));
    const good = Array.from({ length: 6 }, () => drawn(95, { confidence: 0.9 }));
    const sure = expectedMeanIou([...bad, ...good], waiting(100, 0.95))!;
    const unsure = expectedMeanIou([...bad, ...good], waiting(100, 0.05))!;
    expect(sure.meanIou).toBeGreaterThan(0.85);
    expect(unsure.meanIou).toBeLessThan(0.4);
  });

  test.each([
    [4, 2.132],
    [10, 1.812],
    [60, 1.671],
  ])("the 95 %% quantile of Student's t with %i degrees of freedom is %f", (freedom, value) => {
    expect(studentQuantile(freedom)).toBeCloseTo(value, 2);
  });
});
