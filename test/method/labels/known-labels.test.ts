import { describe, expect, test } from "vitest";
import { affinityLabel, isKnownInside, mergeKnown } from "../../../src/method/labels/index.ts";

const row = (...data: number[]) => ({ width: data.length, height: 1, data: Uint8Array.from(data) });

describe("mergeKnown", () => {
  test("known pixels, background among them, replace the network's; 255 keeps these", () => {
    const merged = mergeKnown(row(0, 2, 255, 255, 3), row(1, 1, 1, 255, 255));
    expect(merged).toEqual(row(0, 2, 1, 255, 3));
  });

  test("leaves both maps as they are, and refuses maps of different sizes", () => {
    const [known, own] = [row(255, 1), row(2, 2)];
    mergeKnown(known, own).data.fill(9);
    expect([known, own]).toEqual([row(255, 1), row(2, 2)]);
    expect(() => mergeKnown(known, row(1))).toThrow(
      "mergeKnown: known labels are 2 x 1, the others 1 x 1; crop both alike",
    );
  });

  test("the affinity label has true pairs where pixels are known, and is as before elsewhere", () => {
    const options = { stride: 1, radius: 3 };
    const own = row(1, 1, 255, 0);
    const { data } = affinityLabel(mergeKnown(row(255, 0, 1, 255), own), options);
    // Merged: 1, 0, 1, 0.
    expect([...data]).toEqual([1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1]);
    expect([...affinityLabel(own, options).data.subarray(0, 4)]).toEqual([1, 1, 255, 0]);
  });
});

test("a map is known inside a box that has no 255, whatever lies around it", () => {
  const [n, k] = [255, 1];
  const data = Uint8Array.of(n, n, n, n, n, k, 0, n, n, k, k, n, n, n, n, n);
  const known = { width: 4, height: 4, data };
  expect(isKnownInside(known, [1, 3, 1, 3])).toBe(true);
  for (const [name, box] of Object.entries({
    above: [0, 3, 1, 3],
    below: [1, 4, 1, 3],
    left: [1, 3, 0, 3],
    right: [1, 3, 1, 4],
  } as const))
    expect(isKnownInside(known, box), name).toBe(false);
});
