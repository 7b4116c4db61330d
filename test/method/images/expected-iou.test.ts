import { expect, test } from "vitest";
import { expectedIou } from "../../../src/method/images/expected-iou.ts";

const logits = (...data: number[]) => ({
  count: 2,
  width: 2,
  height: 1,
  data: Float32Array.from(data),
});
const labels = (...data: number[]) => ({ width: 2, height: 1, data: Uint8Array.from(data) });

test("a mask with all the probability is expected to be right, one without any wrong", () => {
  const sure = logits(50, -50, -50, 50);
  expect(expectedIou(sure, labels(0, 1), [0])).toBeCloseTo(1, 9);
  expect(expectedIou(sure, labels(1, 0), [0])).toBeCloseTo(0, 9);
});

test("undecided pixels give half of the intersection, and a tag without pixels counts as 0", () => {
  const undecided = logits(0, 0, 0, 0);
  // Each class: intersection 0.5, union 1 pixel + 0.5 outside of it.
  expect(expectedIou(undecided, labels(0, 1), [0])).toBeCloseTo(1 / 3, 9);
  // Background: 1 of 2 pixels; the tag: 0.
  expect(expectedIou(undecided, labels(0, 0), [0])).toBeCloseTo(0.25, 9);
});
