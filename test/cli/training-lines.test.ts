import { expect, test } from "vitest";
import { describeThresholds } from "../../src/cli/training-lines.ts";

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
