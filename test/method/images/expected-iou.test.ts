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

test("a large grid is read in rows far apart, and its value stays near that of all rows", () => {
  const [width, height] = [8, 400];
  const area = width * height;
  const data = Float32Array.from({ length: 2 * area }, (_, i) => Math.sin(i / 37) * 4);
  const labels = Uint8Array.from({ length: area }, (_, p) => Number(data[area + p]! > data[p]!));
  const rows = Array.from({ length: 10 }, (_, band) => {
    const part = (from: number) => data.subarray(from + band * 320, from + (band + 1) * 320);
    const logits = {
      count: 2,
      width,
      height: 40,
      data: Float32Array.from([...part(0), ...part(area)]),
    };
    const own = labels.subarray(band * 320, (band + 1) * 320);
    return expectedIou(logits, { width, height: 40, data: own }, [0]);
  });
  const mean = rows.reduce((sum, value) => sum + value, 0) / rows.length;
  const whole = expectedIou(
    { count: 2, width, height, data },
    { width, height, data: labels },
    [0],
  );
  expect(Math.abs(whole - mean)).toBeLessThan(0.05);
});
