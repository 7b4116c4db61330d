import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ConfusionMatrix, tagF1 } from "../../../src/method/eval/metrics.ts";
import { readGolden } from "../../golden.ts";

interface GoldenMetrics {
  readonly pAcc: number;
  readonly mAcc: number;
  readonly miou: number;
  readonly iou: Record<string, number>;
}

test("scores equal the golden numbers, whether images are counted one by one or together", () => {
  const expected = JSON.parse(
    readFileSync(new URL("../../golden/metrics.json", import.meta.url), "utf8"),
  ) as GoldenMetrics;
  const { labels, predictions } = readGolden("metrics");
  const truth = Uint8Array.from(labels!.data);
  const prediction = Uint8Array.from(predictions!.data);
  expect(truth).toContain(255);
  expect(truth).not.toContain(4);
  const pixels = truth.length / labels!.shape[0]!;
  for (const size of [truth.length, pixels]) {
    const matrix = new ConfusionMatrix(6);
    for (let i = 0; i < truth.length; i += size) {
      matrix.add(truth.subarray(i, i + size), prediction.subarray(i, i + size));
    }
    expect(Math.abs(matrix.pixelAccuracy() - expected.pAcc)).toBeLessThan(1e-12);
    expect(Math.abs(matrix.meanAccuracy() - expected.mAcc)).toBeLessThan(1e-12);
    expect(Math.abs(matrix.meanIou() - expected.miou)).toBeLessThan(1e-12);
    matrix.iou().forEach((iou, c) => {
      expect(Math.abs(iou - expected.iou[c]!)).toBeLessThan(1e-12);
    });
  }
});

test("a case worked by hand: 2 of 3 pixels of one class right, one pixel ignored", () => {
  const matrix = new ConfusionMatrix(3);
  matrix.add(Uint8Array.of(0, 1, 1, 1, 255), Uint8Array.of(0, 1, 1, 0, 2));
  expect(matrix.iou()).toEqual([1 / 2, 2 / 3, NaN]);
  expect(matrix.meanIou()).toBeCloseTo((1 / 2 + 2 / 3) / 2, 15);
  expect(matrix.pixelAccuracy()).toBe(3 / 4);
  expect(matrix.meanAccuracy()).toBeCloseTo((1 + 2 / 3) / 2, 15);
});

test("scores over no pixels are NaN, never 0 or 1", () => {
  const matrix = new ConfusionMatrix(2);
  matrix.add(Uint8Array.of(255, 255), Uint8Array.of(0, 1));
  expect([matrix.meanIou(), matrix.pixelAccuracy(), matrix.meanAccuracy()]).toEqual([
    NaN,
    NaN,
    NaN,
  ]);
});

test("maps of different sizes, a prediction that is no class and an impossible number of classes are refused", () => {
  const matrix = new ConfusionMatrix(3);
  expect(() => matrix.add(new Uint8Array(4), new Uint8Array(5))).toThrow(
    "metrics: the truth has 4 pixels, the prediction 5; resize one to the other",
  );
  for (const column of [3, 255]) {
    expect(() => matrix.add(Uint8Array.of(2, 1), Uint8Array.of(2, column))).toThrow(
      `metrics: pixel 1 is predicted as ${column}; expected a class from 0 to 2`,
    );
  }
  for (const classes of [0, -1, 256, 2.5, NaN]) {
    expect(() => new ConfusionMatrix(classes)).toThrow(
      `metrics: ${classes} classes; expected a whole number from 1 to 255`,
    );
  }
  for (const classes of [1, 255]) expect(new ConfusionMatrix(classes).numClasses).toBe(classes);
});

test("a true label that is no class is left out, whatever is predicted there", () => {
  const matrix = new ConfusionMatrix(2);
  matrix.add(Uint8Array.of(2, 255, 1, 0), Uint8Array.of(9, 255, 1, 1));
  expect(matrix.rows()).toEqual([
    [0, 1],
    [0, 1],
  ]);
});

test.each([
  ["all right", [0, 2], [2, 0], 1],
  ["all wrong", [1], [0], 0],
  ["one of two found, one invented", [0, 1], [0, 2], 0.5],
  ["nothing found", [], [0], 0],
  ["nothing there and nothing found", [], [], 1],
  ["named twice", [0, 0], [0], 1],
])("tag F1: %s", (_, predicted, truth, score) => {
  expect(tagF1(predicted, truth)).toBe(score);
});

test("merged counts are those of all images, and trimming keeps the classes that have any", () => {
  const [first, second, both] = [0, 0, 0].map(() => new ConfusionMatrix(255));
  first!.add(Uint8Array.of(0, 1, 255), Uint8Array.of(0, 2, 9));
  second!.add(Uint8Array.of(2, 2), Uint8Array.of(2, 1));
  for (const matrix of [first!, second!]) both!.merge(matrix);
  const small = both!.trimmed(2);
  expect(small.rows()).toEqual([
    [1, 0, 0],
    [0, 0, 1],
    [0, 1, 1],
  ]);
  expect(small.meanIou()).toBe(both!.meanIou());
  expect(small.accuracies()).toEqual([1, 0, 0.5]);
  expect(both!.trimmed(4).rows()).toEqual([
    [1, 0, 0, 0],
    [0, 0, 1, 0],
    [0, 1, 1, 0],
    [0, 0, 0, 0],
  ]);
  expect(() => both!.merge(small)).toThrow(
    "metrics: counts of 3 classes cannot be added to counts of 255; use the same classes",
  );
  expect(new ConfusionMatrix(9).trimmed(0).rows()).toEqual([[0]]);
  const predicted = new ConfusionMatrix(9);
  predicted.add(Uint8Array.of(0), Uint8Array.of(2));
  expect(predicted.trimmed(0).numClasses).toBe(3);
  expect(small.trimmed(5).numClasses).toBe(5);
});
