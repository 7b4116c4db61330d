import { describe, expect, test } from "vitest";
import { describeShares, requireShares, shareBatch } from "../../../src/jobs/plan/share-batch.ts";
import { parseConfig } from "../../../src/method/config.ts";

const configOf = (batch: number, microBatch = 0) =>
  parseConfig({ set: { "data.batch": batch, "train.microBatch": microBatch } });

test.each([
  [8, 0, 1, 0],
  [8, 0, 4, 2],
  [8, 1, 4, 1],
  [12, 0, 3, 4],
])(
  "a batch of %d in micro-batches of %d is shared by %d processes in micro-batches of %d",
  (batch, size, ranks, shared) => {
    expect(shareBatch(configOf(batch, size), { size: ranks }).train.microBatch).toBe(shared);
  },
);

describe("what cannot be shared equally is told with what could", () => {
  test("crops", () => {
    expect(() => shareBatch(configOf(8), { size: 3 })).toThrow(
      "train: a batch of 8 crops cannot be shared equally by 3 processes",
    );
  });

  test("micro-batches", () => {
    expect(() => shareBatch(configOf(8, 4), { size: 4 })).toThrow(
      "train: 4 processes cannot share a batch of 8 crops that is computed in 2 micro-batches of 4 crops; start 1 or 2",
    );
  });

  test("whole batches of a run that is resumed", () => {
    expect(() => requireShares(configOf(8), 2)).toThrow("computed in whole batches; start 1");
  });
});

test.each([
  [8, 2, 4, "bit for bit"],
  [8, 2, 2, "bit for bit"],
  [12, 2, 2, "up to rounding"],
])(
  "a batch of %d in micro-batches of %d by %d processes is learned %s",
  (batch, size, ranks, equal) => {
    expect(describeShares(configOf(batch, size), ranks, "cpu")).toContain(
      `they learn ${equal} what`,
    );
  },
);

test("on GPUs the bits of one process are not promised", () => {
  expect(describeShares(configOf(8, 2), 4, "cuda")).toBe(
    "4 processes share each batch of 8 crops; they learn up to rounding what one process on cuda learns in micro-batches of 2",
  );
});
