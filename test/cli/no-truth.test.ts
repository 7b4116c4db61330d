import { expect, test } from "vitest";
import { Interruption } from "../../src/cli/interrupt.ts";
import { scoreTable } from "../../src/cli/score-table.ts";
import { trainingLines } from "../../src/cli/training-lines.ts";
import { writtenOutput } from "./written-output.ts";

const classes = ["cat"];
const metrics = { cam: NaN, affinityCam: NaN, seg: NaN, tagF1: 0.25 };
const perClass = { cam: [NaN, NaN], affinityCam: [NaN, NaN], seg: [NaN, NaN] };

test("without true masks the scores are the F1 of the tags alone", () => {
  const line = "F1 of the tags 25.0 %; no true masks, so no IoU";
  expect(scoreTable({ metrics, perClass }, classes)).toBe(line);
  const absent = { cam: [null, null], seg: [null, null] };
  expect(scoreTable({ metrics, perClass: absent }, classes)).toBe(line);
  const some = scoreTable({ metrics, perClass: { ...perClass, seg: [0.5, NaN] } }, classes);
  expect(some).toMatch(/^background +- +- +50\.0$[^]*^cat +- +- +-$[^]*^F1 of the tags 25\.0 %$/m);
});

test.each([
  [metrics, "validation after step 7: tagF1 0.250\n"],
  [{ ...metrics, seg: 0.5 }, "validation after step 7: seg 0.500  tagF1 0.250\n"],
])("a validation with the scores %j is told as %j", (scores, expected) => {
  const { output, text } = writtenOutput();
  const event = { type: "validation", step: 7, metrics: scores, perClass, skipped: [] } as const;
  trainingLines(output)(
    event as unknown as Parameters<ReturnType<typeof trainingLines>>[0],
    new Interruption(),
  );
  expect(text()).toBe(expected);
});
