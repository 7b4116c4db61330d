import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import type { NdArray } from "../../../src/engine/graph/index.ts";
import { batchFeeds } from "../../../src/method/train/batch-feeds.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";

// Single pixels, so that there can be many crops: shares are then close to their chances.
const crops = 4000;
const batch = {
  names: Array.from({ length: crops }, String),
  size: crops,
  crop: 1,
  images: new Uint8Array(3 * crops),
  tags: new Float32Array(crops),
  boxes: new Int32Array(4 * crops),
};
const config = parseConfig({
  preset: "small",
  set: {
    ...{ "model.backbone": "mit_tiny", "model.decoderWidth": 4 },
    ...{ "model.dropPath": 0.5, "model.dropout": 0.2 },
  },
});
const network = networkOf(config, ["a"]);
const feeds = batchFeeds(batch, 3, network, config);

/** The rows of a matrix. */
function rowsOf({ shape, data }: NdArray): number[][] {
  const [rows, columns] = shape as [number, number];
  const row = (i: number) => [...data.subarray(i * columns, (i + 1) * columns)] as number[];
  return Array.from({ length: rows }, (_, i) => row(i));
}

/** Expects these scales to be 0 with chance p and 1 / (1 − p) otherwise, so that their mean stays 1. */
function expectDropped(scales: readonly number[], p: number): void {
  const kept = scales.filter((scale) => scale !== 0);
  expect(new Set(kept)).toEqual(new Set([Math.fround(1 / (1 - p))]));
  const deviation = Math.sqrt((p * (1 - p)) / scales.length);
  expect(Math.abs(1 - kept.length / scales.length - p)).toBeLessThanOrEqual(4 * deviation);
}

describe("DropPath", () => {
  const blocks = network.encoder.blockCount;
  const rows = rowsOf(feeds["drop_path"]!);

  test("has a row of scales for each of the two branches of a block", () => {
    expect([blocks, rows.length, rows[0]!.length]).toEqual([6, 12, crops]);
  });

  test.each([0, 1, 2, 3, 4, 5])(
    "drops both branches of block %i of 6 at a rate that rises from 0 to model.dropPath",
    (block) => {
      const rate = [0, 0.1, 0.2, 0.3, 0.4, 0.5][block]!;
      expectDropped(rows[2 * block]!, rate);
      expectDropped(rows[2 * block + 1]!, rate);
    },
  );
});

test("dropout drops channels with probability model.dropout and keeps the mean", () => {
  expect(feeds["dropout"]!.shape).toEqual([crops, 4]);
  expectDropped(rowsOf(feeds["dropout"]!).flat(), 0.2);
});

test("the scales of a step are always the same, those of another step differ", () => {
  const bytesOf = (step: number) =>
    Buffer.from(batchFeeds(batch, step, network, config)["drop_path"]!.data.buffer);
  const bytes = bytesOf(3);
  expect(bytesOf(3).equals(bytes)).toBe(true);
  expect(bytesOf(4).equals(bytes)).toBe(false);
});
