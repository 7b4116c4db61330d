import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../../src/engine/random.ts";
import {
  reduceLabels,
  resizeLabels,
  resizeLabelsWindow,
} from "../../../src/method/images/resize-labels.ts";

describe("resizeLabels", () => {
  test("labels are never mixed", () => {
    const labels = { width: 2, height: 2, data: Uint8Array.of(0, 255, 3, 7) };
    expect([...resizeLabels(labels, 4, 2).data]).toEqual([0, 0, 255, 255, 3, 3, 7, 7]);
    expect([...resizeLabels(labels, 1, 1).data]).toEqual([7]);
  });

  test("a pixel takes the label under its center, along columns and along rows", () => {
    const column = { width: 1, height: 5, data: Uint8Array.of(1, 2, 3, 4, 5) };
    const row = { width: 5, height: 1, data: column.data };
    const expected = { 1: [3], 2: [2, 4], 3: [1, 3, 5], 7: [1, 2, 2, 3, 4, 4, 5] };
    for (const [size, labels] of Object.entries(expected)) {
      expect(resizeLabels(column, 1, Number(size))).toEqual({
        ...{ width: 1, height: Number(size), data: Uint8Array.from(labels) },
      });
      expect([...resizeLabels(row, Number(size), 1).data]).toEqual(labels);
    }
    const flat = { width: 3, height: 2, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    expect([...resizeLabels(flat, 2, 3).data]).toEqual([1, 3, 4, 6, 4, 6]);
  });
});

test("a window of resized labels is that part of all of them", () => {
  const side = fc.integer({ min: 1, max: 12 });
  fc.assert(
    fc.property(side, side, side, side, fc.integer(), (width, height, w, h, seed) => {
      const random = Random.at(seed);
      const data = Uint8Array.from({ length: width * height }, () => random.int(256));
      const labels = { width, height, data };
      const whole = resizeLabels(labels, w, h);
      const [x, y] = [random.int(w), random.int(h)];
      const size = { width: 1 + random.int(w - x), height: 1 + random.int(h - y) };
      const expected = Array.from({ length: size.width * size.height }, (_, i) => {
        const [column, line] = [i % size.width, Math.floor(i / size.width)];
        return whole.data[(y + line) * w + x + column];
      });
      const part = resizeLabelsWindow(labels, w, h, { x, y, ...size });
      expect([part.width, part.height, [...part.data]]).toEqual([
        ...[size.width, size.height, expected],
      ]);
    }),
    { seed: 2, numRuns: 100 },
  );
});

describe("reduceLabels", () => {
  test("takes every stride-th label", () => {
    const labels = { width: 4, height: 2, data: Uint8Array.of(1, 9, 2, 9, 9, 9, 9, 9) };
    expect(reduceLabels(labels, 2)).toEqual({ width: 2, height: 1, data: Uint8Array.of(1, 2) });
  });

  test("takes the same labels from each row, whatever the shape", () => {
    const data = Uint8Array.from({ length: 54 }, (_, i) => i);
    expect(reduceLabels({ width: 9, height: 6, data }, 3)).toEqual({
      ...{ width: 3, height: 2, data: Uint8Array.of(0, 3, 6, 27, 30, 33) },
    });
    expect(reduceLabels({ width: 6, height: 9, data }, 1).data).toEqual(data);
  });

  test("refuses sizes that the stride does not divide", () => {
    const labels = { width: 33, height: 32, data: new Uint8Array(33 * 32) };
    expect(() => reduceLabels(labels, 16)).toThrow(
      "reduceLabels: 33 x 32 is not a multiple of the stride 16; crop to one",
    );
    const tall = { width: 32, height: 40, data: new Uint8Array(32 * 40) };
    expect(() => reduceLabels(tall, 16)).toThrow("32 x 40 is not a multiple of the stride 16");
  });
});
