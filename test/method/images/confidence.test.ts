import { expect, test } from "vitest";
import { meanLogitMargin, meanMargin } from "../../../src/method/images/confidence.ts";
import type { Maps } from "../../../src/method/images/maps.ts";
import { Random } from "../../../src/engine/random.ts";

function maps(count: number, ...values: number[]): Maps {
  return { count, width: values.length / count, height: 1, data: Float32Array.from(values) };
}

test("the margin is best minus second over the sum, averaged over the pixels", () => {
  // Pixels (0.5, 0.3, 0.2) and (0, 0, 4).
  expect(meanMargin(maps(3, 0.5, 0, 0.3, 0, 0.2, 4))).toBeCloseTo((0.2 + 1) / 2, 6);
});

test("equal scores and scores of 0 have margin 0, a single class has margin 1", () => {
  expect(meanMargin(maps(2, 1, 0, 1, 0))).toBe(0);
  expect(meanMargin(maps(1, 3, 3))).toBe(1);
  expect(meanLogitMargin(maps(1, -3, 3))).toBe(1);
  expect(meanLogitMargin(maps(2, -1000, -1000))).toBe(0);
});

test("the margin of logits is that of their softmax, however large they are", () => {
  const random = Random.at(1, "logits", 0);
  const logits = maps(4, ...Array.from({ length: 40 }, () => random.uniform(600, 606)));
  const exp = logits.data.map((value) => Math.exp(value - 600));
  expect(meanLogitMargin(logits)).toBeCloseTo(meanMargin({ ...logits, data: exp }), 6);
});

test("in single precision the margin is that of double precision within 1e-6, at any number of pixels", () => {
  const random = Random.at(2, "logits", 0);
  for (const [count, pixels] of [
    [2, 1],
    [21, 15],
    [3, 16],
    [81, 17],
    [5, 100],
  ] as const) {
    for (const spread of [0.01, 1, 30]) {
      const values = Array.from({ length: count * pixels }, () => random.normal() * spread);
      const logits = maps(count, ...values);
      let total = 0;
      for (let p = 0; p < pixels; p++) {
        const own = Array.from({ length: count }, (_, k) => logits.data[k * pixels + p]!);
        const best = Math.max(...own);
        const scores = own.map((value) => Math.exp(value - best)).sort((a, b) => b - a);
        total += (scores[0]! - scores[1]!) / scores.reduce((sum, score) => sum + score, 0);
      }
      expect(Math.abs(meanLogitMargin(logits) - total / pixels)).toBeLessThan(1e-6);
    }
  }
  expect(meanLogitMargin(maps(2, 1, NaN, 3, 4))).toBeNaN();
});
