import { type NdArray, float32 } from "../../engine/graph/index.ts";
import { Random } from "../../engine/random.ts";
import type { Config } from "../config.ts";
import type { Afa } from "../model/index.ts";

/** Name of the feed with the scales of DropPath, [2 · blocks, n]. */
export const dropPathFeed = "drop_path";

/**
 * Random scales of DropPath, [2 · blocks, n], and of the decoder's channel dropout, [n, width], for a step of n crops: 0 with
 * the rate's probability, else 1 / (1 − rate). DropPath's rate rises linearly with depth, from 0 at the first block to
 * `model.dropPath` at the last. Each step has a random stream of its own.
 */
export function dropFeeds(
  step: number,
  n: number,
  network: Afa,
  { model, train }: Config,
): Record<string, NdArray> {
  const feeds: Record<string, NdArray> = {};
  const scales = (size: number, rate: (i: number) => number, name: string): Float32Array => {
    const random = Random.at(train.seed, name, step);
    return Float32Array.from({ length: size }, (_, i) =>
      random.chance(rate(i)) ? 0 : 1 / (1 - rate(i)),
    );
  };
  if (model.dropPath > 0) {
    const blocks = network.encoder.blockCount;
    const rate = (i: number): number =>
      (model.dropPath * Math.floor(i / (2 * n))) / Math.max(1, blocks - 1);
    feeds[dropPathFeed] = float32([2 * blocks, n], scales(2 * blocks * n, rate, "dropPath"));
  }
  if (model.dropout > 0) {
    const width = network.decoder.width;
    const data = scales(n * width, () => model.dropout, "dropout");
    feeds["dropout"] = float32([n, width], data);
  }
  return feeds;
}
