import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import { float32, type NdArray } from "../../../src/engine/graph/index.ts";
import { affinityLabel } from "../../../src/method/labels/index.ts";
import { batchFeeds, labelCounts, labelFeeds, partOf } from "../../../src/method/train/feeds.ts";
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

test("without noise only images and tags are fed, the images normalized", () => {
  const set = { "model.dropPath": 0, "model.dropout": 0 };
  const still = parseConfig({ preset: "small", set });
  const data: typeof still.data = { ...still.data, mean: [1, 2, 3], std: [1, 2, 4] };
  const settings = { ...still, data };
  const images = Uint8Array.of(1, 2, 3, 3, 6, 11);
  const pair = { ...batch, names: ["a", "b"], size: 2, images, tags: Float32Array.of(0, 1) };
  expect(batchFeeds(pair, 0, network, settings)).toEqual({
    image: float32([2, 1, 1, 3], [0, 0, 0, 2, 2, 2]),
    tags: float32([2, 1], [0, 1]),
  });
});

describe("labels of a batch", () => {
  // Two crops of 4 x 4 pixels, one and three of them background, with tokens of 2 x 2.
  const crop = 4;
  const labels = [1, 3].map((background) => {
    const data = new Uint8Array(16).fill(background + 1);
    data.fill(0, 0, background).fill(255, 14);
    const seg = { width: crop, height: crop, data };
    return { seg, affinity: affinityLabel(seg, { stride: 2, radius: 1 }) };
  });

  test("lie one after the other", () => {
    const { seg_label: seg, affinity_label: affinity } = labelFeeds(labels, crop);
    expect(seg).toEqual(
      float32(
        [2, 4, 4],
        labels.flatMap((label) => [...label.seg.data]),
      ),
    );
    expect(affinity!.shape).toEqual([2, 4, 4]);
    expect([...affinity!.data]).toEqual(labels.flatMap((label) => [...label.affinity.data]));
  });

  test("may be replaced for the segmentation, and only for that", () => {
    const other = new Uint8Array(32).fill(7);
    const feeds = labelFeeds(labels, crop, other);
    expect([...feeds["seg_label"]!.data]).toEqual([...other]);
    expect(feeds["affinity_label"]).toEqual(labelFeeds(labels, crop)["affinity_label"]);
  });

  test("are counted: background and foreground pixels, equal and different pairs", () => {
    const counts = labelCounts(labelFeeds(labels, crop));
    const [first, second] = labels.map(({ affinity }) => affinity);
    expect(counts).toEqual(
      float32(
        [4],
        [
          ...[1 + 3, 32 - 4 - 4],
          ...[first!.positives + second!.positives, first!.negatives + second!.negatives],
        ],
      ),
    );
    expect(first!.negatives).toBeGreaterThan(0);
  });
});

test("a part has its crops of every feed; those of the DropPath scales lie in columns", () => {
  const range = (length: number) => Array.from({ length }, (_, i) => i);
  const whole = {
    image: float32([4, 1, 2, 3], range(24)),
    drop_path: float32([2, 4], range(8)),
  };
  expect(partOf(whole, 1, 2)).toEqual({
    image: float32([2, 1, 2, 3], range(24).slice(12)),
    drop_path: float32([2, 2], [2, 3, 6, 7]),
  });
  expect(partOf(whole, 2, 4)).toEqual({
    image: float32([1, 1, 2, 3], range(24).slice(12, 18)),
    drop_path: float32([2, 1], [2, 6]),
  });
});
