import { describe, expect, test } from "vitest";
import { reduceLabels, resizeLabels } from "../../../src/method/images/resize-labels.ts";

describe("resizeLabels", () => {
  test("labels are never mixed", () => {
    const labels = { width: 2, height: 2, data: Uint8Array.of(0, 255, 3, 7) };
    expect([...resizeLabels(labels, 4, 2).data]).toEqual([0, 0, 255, 255, 3, 3, 7, 7]);
    expect([...resizeLabels(labels, 1, 1).data]).toEqual([7]);
  });
});

describe("reduceLabels", () => {
  test("takes every stride-th label", () => {
    const labels = { width: 4, height: 2, data: Uint8Array.of(1, 9, 2, 9, 9, 9, 9, 9) };
    expect(reduceLabels(labels, 2)).toEqual({ width: 2, height: 1, data: Uint8Array.of(1, 2) });
  });

  test("refuses sizes that the stride does not divide", () => {
    const labels = { width: 33, height: 32, data: new Uint8Array(33 * 32) };
    expect(() => reduceLabels(labels, 16)).toThrow(/33 x 32 is not a multiple of the stride 16/);
  });
});
