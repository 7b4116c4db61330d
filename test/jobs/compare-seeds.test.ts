import { expect, test } from "vitest";
import type { StageScores } from "../../src/method/eval/stages.ts";
import { seedTable } from "../../src/cli/score-table.ts";
import { summarize } from "../../src/jobs/compare-seeds.ts";

function scoresOf(cam: number, seg: number, tagF1: number): StageScores {
  const stage = (name: "cam" | "seg", title: string, meanIou: number) =>
    ({ name, title, meanIou, perClass: [meanIou] }) as const;
  const stages = [stage("cam", "CAM", cam), stage("seg", "segmentation", seg)];
  return { stages, tagF1, masks: 10, skipped: [] };
}

const seedOf = (seed: number, scores: StageScores) => ({ seed, run: `seed-${seed}/train`, scores });

test("stages over seeds: each score, their mean and sample deviation", () => {
  const measured = [
    seedOf(1, scoresOf(0.7, 0.8, 0.9)),
    seedOf(2, scoresOf(0.72, 0.84, 1)),
    seedOf(3, scoresOf(0.74, 0.82, 0.8)),
  ];
  const summary = summarize(measured);
  expect(summary.stages.map(({ mean }) => mean)).toEqual([
    expect.closeTo(0.72, 9),
    expect.closeTo(0.82, 9),
  ]);
  expect(summary.stages[0]!.deviation).toBeCloseTo(0.02, 9);
  expect(summary.tagF1).toBeCloseTo(0.9, 9);
  expect(seedTable(measured, summary).split("\n")).toEqual([
    "mIoU, %       seed 1  seed 2  seed 3  mean ± deviation",
    "CAM             70.0    72.0    74.0        72.0 ± 2.0",
    "segmentation    80.0    84.0    82.0        82.0 ± 2.0",
    "F1 of the tags 90.0 %",
  ]);
});

test("a single seed has no deviation", () => {
  const summary = summarize([seedOf(1, scoresOf(0.7, 0.8, 0.9))]);
  expect(summary.stages.map(({ deviation }) => deviation)).toEqual([0, 0]);
});
