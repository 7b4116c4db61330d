import type { Config } from "../config.ts";
import { normalize } from "../images/normalize.ts";
import type { Batch } from "../data/sample.ts";
import { type NdArray, float32 } from "../../engine/graph/index.ts";
import { alone, type Exchange } from "../../host/exchange.ts";
import type { Afa } from "../model/index.ts";
import { dropFeeds, dropPathFeed } from "./drop-path.ts";
import type { StepLabels } from "./labels.ts";

/** Inputs of a step's graphs for a whole batch, by name; crops lie along the first axis. */
export type BatchFeeds = Readonly<Record<string, NdArray>>;

/**
 * Images, tags and noise of a batch, or of the crops of one process: noise is drawn for the crops of all processes, so that
 * it does not depend on their number.
 */
export function batchFeeds(
  batch: Batch,
  step: number,
  network: Afa,
  config: Config,
  { rank, size }: Pick<Exchange, "rank" | "size"> = alone,
): BatchFeeds {
  const { size: n, crop } = batch;
  const noise = dropFeeds(step, n * size, network, config);
  return {
    image: float32([n, crop, crop, 3], normalize(batch.images, config.data)),
    tags: float32([n, network.classes], batch.tags),
    ...(size === 1 ? noise : partOf(noise, rank, size)),
  };
}

/** Labels of a batch as feeds. @param segLabels segmentation labels that replace those in `labels`, [n, crop, crop] */
export function labelFeeds(
  labels: readonly StepLabels[],
  crop: number,
  segLabels?: Uint8Array,
): BatchFeeds {
  const n = labels.length;
  const tokens = labels[0]!.affinity.tokens;
  const seg = new Float32Array(n * crop * crop);
  const affinity = new Float32Array(n * tokens * tokens);
  labels.forEach((label, i) => {
    seg.set(label.seg.data, i * crop * crop);
    affinity.set(label.affinity.data, i * tokens * tokens);
  });
  if (segLabels) seg.set(segLabels);
  return {
    seg_label: float32([n, crop, crop], seg),
    affinity_label: float32([n, tokens, tokens], affinity),
  };
}

/** Counts that the losses divide by: background and foreground pixels, positive and negative pairs. */
export function labelCounts(feeds: BatchFeeds): NdArray {
  return float32([4], Float32Array.from(countLabels(feeds)));
}

/** These counts over the labels of all processes. */
export async function labelCountsOfAll(feeds: BatchFeeds, exchange: Exchange): Promise<NdArray> {
  const all = await exchange.gather(countLabels(feeds));
  const sums = new Float64Array(4);
  for (const counts of all) counts.forEach((own, i) => (sums[i]! += own));
  return float32([4], Float32Array.from(sums));
}

function countLabels({ seg_label: seg, affinity_label: affinity }: BatchFeeds): Float64Array {
  const [background, ignored] = [count(seg!, 0), count(seg!, 255)];
  const foreground = seg!.data.length - background - ignored;
  return Float64Array.of(background, foreground, count(affinity!, 1), count(affinity!, 0));
}

function count({ data }: NdArray, value: number): number {
  let occurrences = 0;
  for (let i = 0; i < data.length; i++) if (data[i] === value) occurrences++;
  return occurrences;
}

/** Feeds of one part of a batch that is divided into `parts` equal ones. */
export function partOf(feeds: BatchFeeds, part: number, parts: number): Record<string, NdArray> {
  const out: Record<string, NdArray> = {};
  for (const [name, { shape, data }] of Object.entries(feeds)) {
    // The crops of DropPath's scales lie along the second axis.
    const columns = name === dropPathFeed;
    const [rows, size] = columns ? [shape[0]!, shape[1]! / parts] : [1, data.length / parts];
    const values = new Float32Array(rows * size);
    for (let row = 0; row < rows; row++) {
      const from = row * size * parts + part * size;
      values.set((data as Float32Array).subarray(from, from + size), row * size);
    }
    const partShape = columns ? [rows, size] : [shape[0]! / parts, ...shape.slice(1)];
    out[name] = float32(partShape, values);
  }
  return out;
}
