import { expect, test } from "vitest";
import { Output } from "../../src/cli/output.ts";
import { describeAreas, describeThresholds, noteDataset } from "../../src/cli/training-lines.ts";

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
  expect(describeAreas(new Array<number>(12).fill(0.05), many)).toMatch(/, and 1 more class$/);
});

test("of the warnings about a data set, one about tags or lost images goes before other files, and the advice has --merge-case", () => {
  const tell = (files: readonly object[], mergeCase = false): string => {
    let text = "";
    const stream = { write: (more: string) => (text += more) };
    const terminal = { stdout: stream, stderr: stream, color: false, now: () => 0 };
    const output = new Output(terminal, false, "train");
    const problems = files.map((file) => ({ severity: "warning", message: "is odd", ...file }));
    const event = { type: "dataset", folder: "photos", mergeCase, validationImages: 4 } as const;
    noteDataset({ ...event, problems: problems as never }, output);
    output.note("begins");
    return text;
  };
  const other = { file: "photos/images/a.heic" };
  const line = { file: "photos/tags.csv", line: 3 };
  const neverLearned = { file: "photos" };
  const leftOut = { file: "photos/tags.csv", line: 9, leftOut: true };
  expect(tell([other])).toMatch(/^photos\/images\/a\.heic: is odd\n/);
  expect(tell([other, line])).toMatch(
    /^photos\/tags\.csv:3: is odd \(and 1 more; .*tag2mask data photos lists all of them\)/,
  );
  expect(tell([other, neverLearned], true)).toMatch(
    /^photos: is odd \(and 1 more; .*tag2mask data photos --merge-case lists/,
  );
  expect(tell([other, line, leftOut])).toMatch(/^photos\/tags\.csv:9: is odd/);
});
