import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { textTable } from "../src/files/text/columns.ts";
import { nodeHost } from "../src/host/node/host.ts";
import { writeFileAtomic } from "../src/host/node/files/atomic-file.ts";
import { runDemo } from "../src/jobs/demo.ts";
import { evaluateModel } from "../src/jobs/evaluate.ts";
import { outcomeOf } from "../src/jobs/events.ts";
import type { Thresholds } from "../src/method/labels/index.ts";

export interface PairTraining {
  /** Folder of the runs; finished ones are used again. */
  readonly out: string;
  readonly images: number;
  readonly steps?: number;
}

/** Outcome of one training: the content of `thresholds.json` in its folder. */
interface PairScore extends Thresholds {
  /** mIoU of the segmentation on the split val, 0..1. */
  readonly score: number;
}

/** Trains a demo with each seed and pair, and with the pair chosen from tags; returns a table of their scores. */
export async function trainPairs(
  seeds: readonly number[],
  pairs: readonly Thresholds[],
  options: PairTraining,
): Promise<string> {
  const rows: string[][] = [];
  for (const seed of seeds) {
    const scores: PairScore[] = [];
    for (const pair of pairs) scores.push(await trained(seed, pair, options));
    const chosen = await trained(seed, "auto", options);
    const best = Math.max(...scores.map(({ score }) => score));
    rows.push([
      String(seed),
      ...scores.map(({ score }) => percent(score)),
      `${nameOf(chosen)}`,
      percent(chosen.score),
      percent(best - chosen.score),
    ]);
  }
  return textTable([["seed", ...pairs.map(nameOf), "from tags", "mIoU", "gap"], ...rows]);
}

/** Trains once, unless that is done. */
async function trained(
  seed: number,
  pair: Thresholds | "auto",
  { out, images, steps }: PairTraining,
): Promise<PairScore> {
  const folder = join(out, `seed-${seed}`, pair === "auto" ? pair : nameOf(pair).replace(":", "-"));
  const file = join(folder, "thresholds.json");
  const finished = await readFile(file, "utf8").catch(() => undefined);
  if (finished !== undefined) return JSON.parse(finished) as PairScore;
  // An unfinished run is repeated from the beginning.
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(out, `seed-${seed}`), { recursive: true });
  const set =
    pair === "auto"
      ? { "pseudo.thresholds": "auto" }
      : { "pseudo.lowThreshold": pair.low, "pseudo.highThreshold": pair.high };
  const report = { command: "bench/thresholds.ts", versions: {} };
  const job = { out: folder, images, seed, set, report, ...(steps && { steps }) };
  let used: Thresholds | undefined;
  let result: { readonly scenes: string; readonly run: string } | undefined;
  for await (const event of runDemo(nodeHost, { ...job, device: "cpu" })) {
    if (event.type === "thresholds") used = { low: event.low, high: event.high };
    if (event.type === "tour-done") result = { scenes: event.scenes, run: event.run };
  }
  if (!used || !result) throw new Error(`seed ${seed}: the demo ended early`);
  const { run: model, scenes: data } = result;
  const evaluation = { model, data, split: "val", cam: false, device: "cpu", worst: 0 } as const;
  const { matrices } = await outcomeOf(evaluateModel(nodeHost, evaluation), "scores");
  const score = { ...used, score: matrices.seg!.meanIou() };
  await writeFileAtomic(file, `${JSON.stringify(score)}\n`);
  console.error(
    `seed ${seed}, ${pair === "auto" ? `auto ${nameOf(used)}` : nameOf(used)}: ${percent(score.score)}`,
  );
  return score;
}

function nameOf({ low, high }: Thresholds): string {
  return `${low.toFixed(2)}:${high.toFixed(2)}`;
}

function percent(score: number): string {
  return (100 * score).toFixed(1);
}
