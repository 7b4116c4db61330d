import type { Config } from "../config.ts";
import { normalize } from "../images/normalize.ts";
import type { Batch } from "../data/sample.ts";
import { type NdArray, float32 } from "../../engine/graph/index.ts";
import type { Afa } from "../model/index.ts";
import { dropFeeds, dropPathFeed } from "./drop-path.ts";
import type { StepLabels } from "./labels.ts";

/** Inputs of a step's graphs for a whole batch, by name; crops lie along the first axis. */
export type BatchFeeds = Readonly<Record<string, NdArray>>;

/** Images, tags and noise of a batch. */
export function batchFeeds(batch: Batch, step: number, network: Afa, config: Config): BatchFeeds {
  const { size: n, crop } = batch;
  return {
    image: float32([n, crop, crop, 3], normalize(batch.images, config.data)),
    tags: float32([n, network.classes], batch.tags),
    ...dropFeeds(step, n, network, config),
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
export function labelCounts({ seg_label: seg, affinity_label: affinity }: BatchFeeds): NdArray {
  const [background, ignored] = [count(seg!, 0), count(seg!, 255)];
  const foreground = seg!.data.length - background - ignored;
  return float32(
    [4],
    Float32Array.of(background, foreground, count(affinity!, 1), count(affinity!, 0)),
  );
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
