import { describe, expect, test } from "vitest";
import {
  denseEnergy,
  DenseEnergy,
  type DenseEnergyInput,
  type DenseEnergyResult,
} from "../../../src/method/refine/dense-energy.ts";
import type { Box } from "../../../src/method/images/maps.ts";
import { Random } from "../../../src/engine/random.ts";
import { readGolden } from "../../golden.ts";
import { plainFilter } from "./plain-crf.ts";

const golden = readGolden("dense_energy");
const [width, height, count] = [40, 32, 4];
const area = width * height;

/** Image n of the golden batch. */
function goldenInput(n: number): DenseEnergyInput {
  const of = (name: string, maps: number): number[] => [
    ...golden[name]!.data.slice(n * maps * area, (n + 1) * maps * area),
  ];
  const planes = of("image", 3);
  const inside = of("roi", 1).flatMap((value, p) => (value > 0 ? [p] : []));
  const xs = inside.map((p) => p % width);
  const ys = inside.map((p) => Math.floor(p / width));
  const box: Box = [Math.min(...ys), Math.max(...ys) + 1, Math.min(...xs), Math.max(...xs) + 1];
  const data = Uint8Array.from(planes, (_, i) => planes[(i % 3) * area + Math.floor(i / 3)]!);
  return {
    image: { width, height, data },
    probabilities: { count, width, height, data: Float32Array.from(of("prob", count)) },
    box,
    label: { width, height, data: Uint8Array.from(of("label", 1)) },
  };
}

/** Distance to the golden tensor, of its norm. */
function error(
  name: string,
  results: readonly DenseEnergyResult[],
  key: "gate" | "filtered" | "gradient",
): number {
  const expected = golden[name]!.data;
  const actual = results.flatMap((result) => [...result[key].data]);
  expect(actual).toHaveLength(expected.length);
  const norm = Math.hypot(...expected);
  return Math.sqrt(actual.reduce((sum, value, i) => sum + (value - expected[i]!) ** 2, 0)) / norm;
}

describe("the dense energy gives the golden numbers", () => {
  test.each([
    ["on the lattice", 0.08, new DenseEnergy({ batch: 2 })],
    ["with all pairs", 1e-5, new DenseEnergy({ batch: 2 }, plainFilter)],
  ])("%s", (_name, tolerance, energy) => {
    const results = [energy.evaluate(goldenInput(0)), energy.evaluate(goldenInput(1))];
    const expected = golden["loss"]!.data[0]!;
    const loss = results[0]!.loss + results[1]!.loss;
    expect(Math.abs(loss / expected - 1)).toBeLessThan(Math.min(tolerance, 0.02));
    expect(error("gate", results, "gate")).toBeLessThan(1e-6);
    expect(error("filtered", results, "filtered")).toBeLessThan(tolerance);
    expect(error("grad.prob", results, "gradient")).toBeLessThan(tolerance);
  });
});

describe("the dense energy", () => {
  test("has the numerical gradient with gate and filtered beliefs held constant", () => {
    const input = goldenInput(1);
    const random = Random.at(5, "dense energy");
    const step = Float32Array.from({ length: count * area }, () => random.uniform(-1, 1) * 1e-3);
    const energy = new DenseEnergy({}, plainFilter);
    const { gradient } = energy.evaluate(input);
    // With the gate held at 1 everywhere the energy is quadratic: central differences are exact.
    const label = { ...input.label, data: new Uint8Array(area).fill(255) };
    const at = (sign: number): number => {
      const data = input.probabilities.data.map((value, i) => value + sign * step[i]!);
      return energy.evaluate({ ...input, label, probabilities: { ...input.probabilities, data } })
        .loss;
    };
    const open = energy.evaluate({ ...input, label }).gradient;
    const slope = open.data.reduce((sum, value, i) => sum + value * step[i]!, 0);
    expect((at(1) - at(-1)) / 2 / slope).toBeCloseTo(1, 3);
    expect(gradient.data.length).toBe(count * area);
  });

  test("does not depend on the colors and labels of padding", () => {
    const input = goldenInput(0);
    const box: Box = [4, 20, 6, 30];
    const { gradient, loss } = denseEnergy({ ...input, box });
    const recolored = { ...input.image, data: input.image.data.slice() };
    gradient.data.forEach((value, i) => {
      const [x, y] = [i % width, Math.floor((i % area) / width)];
      if (y >= 4 && y < 20 && x >= 6 && x < 30) return;
      expect(value).toBeCloseTo(0, 20);
      recolored.data.fill(7, (i % area) * 3, (i % area) * 3 + 3);
    });
    expect(denseEnergy({ ...input, box, image: recolored }).loss / loss).toBeCloseTo(1, 1);
  });

  test("accepts odd sizes, one pixel and other scales, and divides by the batch", () => {
    for (const [w, h, scale] of [
      [7, 5, 0.5],
      [1, 1, 0.5],
      [9, 4, 1],
      [10, 10, 0.3],
    ] as const) {
      const input: DenseEnergyInput = {
        image: { width: w, height: h, data: new Uint8Array(w * h * 3).fill(9) },
        probabilities: {
          count: 2,
          width: w,
          height: h,
          data: new Float32Array(2 * w * h).fill(0.5),
        },
        box: [0, h, 0, w],
        label: { width: w, height: h, data: new Uint8Array(w * h) },
      };
      const one = denseEnergy(input, { scale });
      expect(one.loss).toBeLessThan(0);
      expect(one.gradient).toMatchObject({ count: 2, width: w, height: h });
      // Beliefs are equal, so the gradient's sum is 2 · loss / 0.5.
      const sum = one.gradient.data.reduce((a, b) => a + b, 0);
      expect(sum / one.loss / 4).toBeCloseTo(1, 3);
      expect(denseEnergy(input, { scale, batch: 4 }).loss).toBeCloseTo(one.loss / 4, 12);
    }
  });

  test("has the published settings by default", () => {
    const input = goldenInput(1);
    const published = {
      ...{ colorDeviation: 15, positionDeviation: 100, scale: 0.5, weight: 1e-7, batch: 1 },
    };
    const { loss, gradient } = denseEnergy(input);
    expect(denseEnergy(input, published)).toMatchObject({ loss, gradient });
    for (const [name, value] of Object.entries(published))
      expect(denseEnergy(input, { [name]: value * 0.9 }).loss, name).not.toBe(loss);
  });

  test("is calibrated whatever the size of the probabilities, down to none at all", () => {
    const input = goldenInput(0);
    const label = { ...input.label, data: new Uint8Array(area).fill(255) };
    const scaled = (factor: number): DenseEnergyResult => {
      const data = input.probabilities.data.map((value) => value * factor);
      return denseEnergy({ ...input, label, probabilities: { ...input.probabilities, data } });
    };
    const whole = scaled(1);
    for (const factor of [1e-3, 1e-6])
      expect(scaled(factor).loss / whole.loss / factor ** 2).toBeCloseTo(1, 4);
    const none = scaled(0);
    expect(Math.abs(none.loss)).toBe(0);
    expect(none.gradient.data.every((value) => Math.abs(value) === 0)).toBe(true);
  });

  test("opens the gate where the label is ignored, elsewhere by how unsure the pixel is", () => {
    const [w, h] = [4, 1];
    const data = Float32Array.of(0.7, 0.2, 0.5, 0.1, 0.3, 0.8, 0.5, 0.9);
    const { gate } = denseEnergy(
      {
        image: { width: w, height: h, data: new Uint8Array(12) },
        probabilities: { count: 2, width: w, height: h, data },
        box: [0, 1, 0, 3],
        label: { width: w, height: h, data: Uint8Array.of(1, 0, 255, 1) },
      },
      { scale: 1 },
    );
    expect(gate).toMatchObject({ count: 1, width: 4, height: 1 });
    const expected = [1 - 0.7, 1 - 0.8, 1, 0];
    gate.data.forEach((value, p) => expect(value).toBeCloseTo(expected[p]!, 6));
  });

  test("refuses sizes that differ, an empty box and NaN", () => {
    const input = goldenInput(0);
    for (const [w, h] of [
      [width, 3],
      [3, height],
    ] as const) {
      const few = { count: 1, width: w, height: h, data: new Float32Array(w * h) };
      expect(() => denseEnergy({ ...input, probabilities: few })).toThrow(
        `dense energy: image is 40 x 32, probabilities ${w} x ${h}; resize to the image`,
      );
    }
    const label = { width: 3, height: 2, data: new Uint8Array(6) };
    expect(() => denseEnergy({ ...input, label })).toThrow(/image is 40 x 32, label 3 x 2/);
    expect(() => denseEnergy({ ...input, box: [0, 0, 0, 4] })).toThrow(
      /box \[0, 0, 0, 4\] is empty/,
    );
    const data = input.probabilities.data.with(3, NaN);
    const probabilities = { ...input.probabilities, data };
    expect(() => denseEnergy({ ...input, probabilities })).toThrow(/probability 3 is NaN/);
    expect(() => new DenseEnergy({ scale: 2 })).toThrow(/scale is 2; give 1 or less/);
    expect(() => new DenseEnergy({ scale: 1 })).not.toThrow();
    for (const name of ["colorDeviation", "positionDeviation", "scale", "weight", "batch"]) {
      for (const value of [0, -1, Infinity, NaN]) {
        expect(() => new DenseEnergy({ [name]: value })).toThrow(
          `dense energy: ${name} is ${value}; give a number above 0`,
        );
      }
    }
  });
});
