import { expect, test } from "vitest";
import { describeNormChange } from "../../../src/jobs/plan/norm-change.ts";
import { parseConfig, type Config } from "../../../src/method/config.ts";

const configOf = (syncNorm: boolean, microBatch: number): Config =>
  parseConfig({ set: { "train.syncNorm": syncNorm, "train.microBatch": microBatch } });

/** What is said of a run that was trained with one setting and goes on with another. */
function told(before: boolean | null, after: boolean, microBatch = 4): string | undefined {
  const { train, ...sections } = configOf(before === true, microBatch);
  const { syncNorm, ...older } = train;
  // Checkpoints of older versions know nothing of the setting.
  const stored = { ...sections, train: before === null ? older : { ...older, syncNorm } };
  const metadata = { config: JSON.stringify(stored) };
  return describeNormChange("runs/a", configOf(after, microBatch), {
    ...{ step: 30, tensors: {}, metadata },
  });
}

test("a run that turns the synchronized BatchNorm on or off says from which step on", () => {
  expect(told(false, true)).toBe(
    "runs/a: until step 30 train.syncNorm was false, and is true now: from here on the decoder's BatchNorm normalizes by the " +
      "statistics of whole batches, so the run is not one that had the setting from its start",
  );
  expect(told(null, true)).toBe(told(false, true));
  expect(told(true, false)).toMatch(
    /was true, and is false now: .* statistics of each micro-batch/,
  );
});

test("nothing is said if nothing changes", () => {
  for (const same of [true, false]) expect(told(same, same)).toBeUndefined();
  expect(told(null, false)).toBeUndefined();
  // Whole batches have the same statistics either way.
  expect(told(false, true, 0)).toBeUndefined();
  const config = configOf(true, 4);
  const unknown = { step: 30, tensors: {}, metadata: {} };
  expect(describeNormChange("runs/a", config, unknown)).toBeUndefined();
});
