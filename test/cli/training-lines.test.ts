import { expect, test } from "vitest";
import { describeAreas, describeThresholds } from "../../src/cli/training-lines.ts";

const event = {
  type: "thresholds",
  step: 3,
  low: 0.38,
  high: 0.58,
  areas: [0.1],
  chosen: true,
  ignored: 0.214,
  tagsWithoutPixels: 0.03,
} as const;

test("thresholds are told in one line, and a second one where set ones do not suit", () => {
  expect(describeThresholds(event)).toEqual([
    "thresholds 0.38 and 0.58, chosen from tags: 21 % of pixels ignored, 3 % of tags get no pixel",
  ]);
  expect(describeThresholds({ ...event, chosen: false })).toEqual([
    "thresholds 0.38 and 0.58: 21 % of pixels ignored, 3 % of tags get no pixel",
  ]);
  for (const misfit of [{ tagsWithoutPixels: 0.2 }, { ignored: 0.5 }]) {
    expect(describeThresholds({ ...event, chosen: false, ...misfit })[1]).toBe(
      "they do not suit these images; to choose them from tags, give --set pseudo.thresholds=auto",
    );
    expect(describeThresholds({ ...event, ...misfit })).toHaveLength(1);
  }
});

test("without true masks the area that class activations give to each class is told, of the first ten", () => {
  expect(describeAreas([0.7, 0.2, 0.05], ["cat", "dog"])).toBe(
    "area of the class activations, %: background 70.0  cat 20.0  dog 5.0",
  );
  const many = Array.from({ length: 12 }, (_, i) => `c${i}`);
  expect(describeAreas(new Array<number>(13).fill(0.05), many)).toMatch(
    / c9 5\.0, and 2 more classes$/,
  );
});
