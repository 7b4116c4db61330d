import { evaluateStages, type StageName, type StageScores } from "../method/eval/stages.ts";
import { openDataset, samplesOf } from "../files/datasets/index.ts";
import type { DeviceChoice } from "../host/devices.ts";
import { nodeHost } from "../host/node/host.ts";
import { openSegmenter } from "./open-segmenter.ts";
import { textTable } from "../files/text/columns.ts";
import type { Output } from "../cli/output.ts";
import { percent } from "../cli/score-table.ts";
import { crfAhead, withCrf } from "../cli/with-crf.ts";
import { withProgress } from "../cli/with-progress.ts";

/** What came of the demo with one seed. */
export interface MeasuredSeed {
  readonly seed: number;
  readonly run: string;
  readonly scores: StageScores;
}

/** A stage over all seeds. */
export interface StageSummary {
  readonly name: StageName;
  readonly title: string;
  /** mIoU of each seed, 0..1. */
  readonly scores: readonly number[];
  readonly mean: number;
  /** Sample standard deviation; 0 of a single seed. */
  readonly deviation: number;
}

/** Scores of every stage of a trained model on the held-out images of its data. */
export async function measureStages(
  run: string,
  folder: string,
  device: DeviceChoice,
  output: Output,
): Promise<StageScores> {
  const segmenter = await openSegmenter(nodeHost, run, { device });
  try {
    return await withCrf(true, async (crf) => {
      const { config, classes } = segmenter.model;
      const data = await openDataset(nodeHost, folder, { seed: config.train.seed });
      const stages = evaluateStages(samplesOf(data, "val"), data.reader, segmenter, {
        ...{ config, classes, longSide: config.eval.longSide },
        ...(crf && { crf, ahead: crfAhead }),
      });
      return withProgress("images", stages, output);
    });
  } finally {
    await segmenter.release();
  }
}

/** Mean and deviation of every stage over the seeds, as numbers and as a table. */
export function summarize(measured: readonly MeasuredSeed[]): {
  table: string;
  summary: { readonly stages: StageSummary[]; readonly tagF1: number };
} {
  const stages = measured[0]!.scores.stages.map(({ name, title }, i): StageSummary => {
    const scores = measured.map((one) => one.scores.stages[i]!.meanIou);
    return { name, title, scores, ...meanAndDeviation(scores) };
  });
  const rows = [
    ["mIoU, %", ...measured.map(({ seed }) => `seed ${seed}`), "mean ± deviation"],
    ...stages.map(({ title, scores, mean, deviation }) => [
      title,
      ...scores.map(percent),
      `${percent(mean)} ± ${percent(deviation)}`,
    ]),
  ];
  const { mean: tagF1 } = meanAndDeviation(measured.map(({ scores }) => scores.tagF1));
  const table = `${textTable(rows)}\nF1 of the tags ${percent(tagF1)} %`;
  return { table, summary: { stages, tagF1 } };
}

function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}
