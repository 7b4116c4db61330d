import { MaskOrder } from "../files/datasets/index.ts";
import { LabelCounts } from "../files/formats/label-counts.ts";
import { WorstImages } from "../files/report/worst-images.ts";
import { planFile, shardFolder, shardItems, type ShardPlan } from "../files/shards/plan.ts";
import { damagedShard } from "../files/shards/records.ts";
import type { FileHost } from "../host/host.ts";
import { evaluationOf, measuredKinds } from "../method/eval/evaluator.ts";
import { stageScoresOf } from "../method/eval/stages.ts";
import { Tally, type ImageScores } from "../method/eval/tally.ts";
import { UserError } from "../user-error.ts";
import { plannedEvaluation, type EvaluationFacts } from "./evaluation-facts.ts";
import { readEvaluationRecords, readTiles, type MeasuredRecord } from "./evaluation-records.ts";
import { finishComparison, finishScores, finishStages, type Finish } from "./finish-evaluation.ts";
import { DamagedShards } from "./damaged-shards.ts";
import type { DamagedShardsEvent, MergeProgressEvent } from "./merge-events.ts";
import type { MergedEvaluation } from "./merged-evaluation.ts";
import { partOf } from "./merged-part.ts";
import { pairScoresOf, pairTally } from "./score-masks.ts";

interface MergeEvaluationOptions {
  readonly out: string;
  readonly plan: ShardPlan;
  /** The shards that are there. */
  readonly shards: readonly number[];
  readonly taken: { images: number };
  /** Called before the results are written. */
  readonly check: () => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Writes what one evaluation without shards would have written: sums and choices are made image by image in the order of the job, so
 * that every digit is the same. Neither the model nor an image is opened.
 */
export async function* mergeEvaluation(
  host: FileHost,
  { out, plan, shards, taken, check, signal }: MergeEvaluationOptions,
): AsyncGenerator<MergeProgressEvent | DamagedShardsEvent, MergedEvaluation> {
  const { store } = host;
  const planned = plannedEvaluation(plan.facts);
  if (!planned) {
    throw new UserError(`${planFile(out)}: is damaged, it does not say what is measured`);
  }
  const { facts, worst: limit } = planned;
  const sums = sumsOf(host, facts, plan.classes);
  const skipped: string[] = [];
  const truth = new LabelCounts();
  const order = new MaskOrder();
  const worst = new WorstImages(host.codec, limit);
  const total = shards.reduce((sum, shard) => sum + shardItems(plan, shard), 0);
  const damaged = new DamagedShards(out, plan);
  const takeShard = async (shard: number): Promise<void> => {
    const folder = shardFolder(out, shard);
    const first = shard * plan.shardSize;
    const count = shardItems(plan, shard);
    const records = readEvaluationRecords(store, folder, { first, count });
    for await (const record of records) {
      signal?.throwIfAborted();
      if ("error" in record) {
        skipped.push(record.error);
      } else {
        add(sums, record, folder);
        if (record.truth) truth.repeat(record.name, record.truth);
        if (record.truth && record.tags) {
          const values = record.truth.map(([value]) => value);
          order.add(record.tags, values, plan.classes.length);
        }
        if (record.worst && worst.wouldTake(record.worst.meanIou)) {
          const { titles, ...about } = record.worst;
          const tiles = await readTiles(store, folder, record.index, titles);
          worst.place({ name: record.name, ...about, tiles });
        }
      }
      taken.images++;
    }
  };
  for (const shard of shards) {
    await takeShard(shard).catch((error: unknown) => damaged.add(shard, error));
    yield { type: "progress", stage: "images", done: taken.images, total };
  }
  yield* damaged.tell();
  await check();
  const part = partOf(plan, shards.length, total, "measured");
  const findings = part === undefined ? [] : [{ message: part }];
  const finish = { out, total, truth, worst: worst.images, findings };
  return { facts, scores: await sums.finish({ order, skipped, finish }) };
}

interface Sums {
  readonly add: (scores: ImageScores) => void;
  readonly finish: (all: {
    readonly order: MaskOrder;
    readonly skipped: readonly string[];
    readonly finish: Finish;
  }) => Promise<MergedEvaluation["scores"]>;
}

/** The sums of a kind of evaluation, and how its results are written. */
function sumsOf(host: FileHost, facts: EvaluationFacts, classes: readonly string[]): Sums {
  const size = classes.length + 1;
  switch (facts.kind) {
    case "scores": {
      const tally = new Tally(measuredKinds(facts.crf), size);
      return {
        add: (scores) => tally.add(scores),
        finish: ({ order, skipped, finish }) => {
          const evaluation = evaluationOf(tally, finish.total, skipped);
          return finishScores(host, facts, classes, evaluation, order, finish);
        },
      };
    }
    case "stages": {
      const tally = new Tally(facts.stages, size);
      return {
        add: (scores) => tally.add(scores),
        finish: ({ skipped, finish }) =>
          finishStages(host, facts, stageScoresOf(facts.stages, tally, skipped), finish),
      };
    }
    case "masks": {
      const names = facts.classes ?? undefined;
      const tally = pairTally(names);
      return {
        add: (scores) => tally.add(scores),
        finish: ({ skipped, finish }) =>
          finishComparison(host, facts, pairScoresOf(tally, names, skipped), finish),
      };
    }
  }
}

function add(sums: Sums, { index, scores }: MeasuredRecord, folder: string): void {
  try {
    sums.add(scores);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw damagedShard(folder, `image ${index} has other classes: ${error.message}`);
  }
}
