import { expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import { ratesAt } from "../../../src/method/train/parameter-groups.ts";

const { train } = parseConfig();

test("rates: heads and decoder learn faster, norms never decay and may be frozen", () => {
  const settings = { lr: 0.01, headLrScale: 10, weightDecay: 0.1, steps: 100 };
  const schedule = { warmupSteps: 0, warmupRatio: 1e-6, power: 1 };
  const free = ratesAt(25, { ...train, ...settings, ...schedule, freezeNorms: false });
  const slow = 0.01 * 0.75;
  expect(free.encoder).toEqual({ learningRate: slow, weightDecay: 0.1 });
  expect(free.norms).toEqual({ learningRate: slow, weightDecay: 0 });
  expect(free.heads).toEqual({ learningRate: slow * 10, weightDecay: 0.1 });
  expect(free.decoder).toEqual(free.heads);
  const frozen = ratesAt(25, { ...train, ...settings, ...schedule, freezeNorms: true });
  expect(frozen).toEqual({ ...free, norms: { learningRate: 0, weightDecay: 0 } });
});
