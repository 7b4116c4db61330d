import { describe, expect, test } from "vitest";
import { ParameterArena } from "../../../src/method/train/arena.ts";
import { AdamW, updateFactors } from "../../../src/method/train/optimizer.ts";
import { learningRateFactor } from "../../../src/method/train/learning-rate.ts";
import { readGolden } from "../../golden.ts";

const schedule = { steps: 20, warmupSteps: 5, warmupRatio: 1e-6, power: 1 };
const baseRates = [6e-3, 0, 6e-2];
const golden = readGolden("optimizer");

/** Largest difference relative to the largest magnitude of the expected tensor. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!));
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return worst / scale;
}

function goldenOptimizer(frozen: boolean): AdamW {
  const groups = ["encoder", frozen ? null : "norm", "heads"];
  const sizeOf = (i: number): number => golden[`param.${i}`]!.data.length;
  const specs = groups.map((group, i) => ({ name: `${i}`, size: sizeOf(i), group }));
  const optimizer = new AdamW(new ParameterArena(specs));
  for (let i = 0; i < 3; i++) optimizer.values[i]!.set(golden[`param.${i}`]!.data);
  return optimizer;
}

function goldenStep(optimizer: AdamW, step: number): void {
  for (const name of Object.keys(optimizer.gradients)) {
    optimizer.gradients[name]!.set(golden[`grad.${step}.${name}`]!.data);
  }
  const factor = learningRateFactor(step, schedule);
  optimizer.step({
    encoder: { learningRate: baseRates[0]! * factor, weightDecay: 0.01 },
    norm: { learningRate: 0, weightDecay: 0 },
    heads: { learningRate: baseRates[2]! * factor, weightDecay: 0.01 },
  });
}

describe("AdamW", () => {
  test.each([false, true])("equals the golden 20 steps, norms frozen: %s", (frozen) => {
    const optimizer = goldenOptimizer(frozen);
    for (let step = 0; step < 20; step++) {
      goldenStep(optimizer, step);
      for (let i = 0; i < 3; i++) {
        const expected = golden[`after.${step}.${i}`];
        if (expected) expect(relativeError(optimizer.values[i]!, expected.data)).toBeLessThan(1e-6);
      }
    }
  });

  test("continues with the same bits from copied values, moments and step count", () => {
    const whole = goldenOptimizer(false);
    for (let step = 0; step < 9; step++) goldenStep(whole, step);
    const resumed = goldenOptimizer(false);
    resumed.updates.set(whole.updates);
    for (const kind of ["values", "m", "v"] as const) {
      for (const name of Object.keys(whole[kind])) resumed[kind][name]!.set(whole[kind][name]!);
    }
    goldenStep(whole, 9);
    goldenStep(resumed, 9);
    expect(resumed.values).toEqual(whole.values);
  });

  test("in its first step moves by the learning rate against the gradient's sign, after decay", () => {
    const optimizer = new AdamW(new ParameterArena([{ name: "w", size: 3, group: "a" }]));
    optimizer.values["w"]!.set([2, 2, 2]);
    optimizer.gradients["w"]!.set([5, -0.01, 0]);
    expect(optimizer.step({ a: { learningRate: 0.1, weightDecay: 0.5 } })).toEqual([]);
    const [up, down, still] = optimizer.values["w"]!;
    expect(up).toBeCloseTo(2 * 0.95 - 0.1, 5);
    expect(down).toBeCloseTo(2 * 0.95 + 0.1, 5);
    expect(still).toBeCloseTo(2 * 0.95, 6);
  });

  test("names the parameters whose gradient is not finite", () => {
    const sizes = [1, 7, 64, 65];
    const specs = sizes.map((size) => ({ name: `p${size}`, size, group: "a" }));
    const optimizer = new AdamW(new ParameterArena(specs));
    optimizer.gradients["p7"]![6] = NaN;
    optimizer.gradients["p65"]![64] = -Infinity;
    const rates = { a: { learningRate: 1e-3, weightDecay: 0 } };
    expect(optimizer.step(rates)).toEqual(["p7", "p65"]);
    expect([...optimizer.values["p64"]!].every((value) => value === 0)).toBe(true);
  });

  test("refuses groups without rates", () => {
    const one = { name: "w", size: 1, group: "a" };
    expect(() =>
      new AdamW(new ParameterArena([one])).step({ b: { learningRate: 1, weightDecay: 0 } }),
    ).toThrow("AdamW: w is in group a, but there are rates only for b; add the group");
  });

  test("its factors correct the bias of young moments and decay by rate times decay", () => {
    const { decay, rate, correction } = updateFactors(
      2,
      { learningRate: 0.1, weightDecay: 0.5 },
      [0.9, 0.99],
    );
    expect(decay).toBeCloseTo(0.95, 12);
    expect(rate).toBeCloseTo(0.1 / (1 - 0.81), 12);
    expect(correction).toBeCloseTo(1 / Math.sqrt(1 - 0.9801), 12);
  });

  test("decays parameters whose gradient is 0 and counts their updates, so that a later gradient counts for more", () => {
    const specs = ["a", "b"].map((name) => ({ name, size: 1, group: "all" }));
    const optimizer = new AdamW(new ParameterArena(specs));
    const rates = { all: { learningRate: 0.1, weightDecay: 0.5 } };
    for (const name of ["a", "b"]) optimizer.values[name]!.fill(1);
    optimizer.gradients["b"]!.fill(1);
    expect(optimizer.step(rates)).toEqual([]);
    expect(optimizer.values["a"]![0]).toBeCloseTo(0.95, 6);
    expect(optimizer.values["b"]![0]).toBeCloseTo(0.95 - 0.1, 6);
    optimizer.gradients["a"]!.fill(1);
    optimizer.step(rates);
    expect([...optimizer.updates]).toEqual([2n, 2n]);
    // m = 0.1 / (1 - 0.9²), v = 0.001 / (1 - 0.999²): a step of 0.744 instead of 1 learning rate.
    const step = 0.1 / 0.19 / Math.sqrt(0.001 / 0.001999);
    expect(optimizer.values["a"]![0]).toBeCloseTo(0.95 ** 2 - 0.1 * step, 5);
    expect(optimizer.learned).toEqual(["a", "b"]);
    expect([optimizer.betas, optimizer.eps]).toEqual([[0.9, 0.999], 1e-8]);
  });
});

describe("learningRateFactor", () => {
  test("equals the golden learning rates", () => {
    const { data, shape } = golden["lr"]!;
    const [steps, groups] = shape as [number, number];
    for (let step = 0; step < steps; step++) {
      for (let group = 0; group < groups; group++) {
        const expected = data[step * groups + group]!;
        const actual = baseRates[group]! * learningRateFactor(step, schedule);
        expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-6 * expected);
      }
    }
  });

  test.each([
    [0, 1e-6],
    [750, 0.5 * (1 + 1e-6)],
    [1500, 1 - 1500 / 20000],
    [20000, 0],
    [25000, 0],
  ])("at step %i of the VOC recipe is %d", (step, factor) => {
    const voc = { steps: 20000, warmupSteps: 1500, warmupRatio: 1e-6, power: 1 };
    expect(learningRateFactor(step, voc)).toBeCloseTo(factor, 12);
  });
});
