import fc from "fast-check";
import { expect, test } from "vitest";
import { findRegions, regionBoxes } from "../../../src/method/images/regions.ts";

const map = {
  width: 5,
  height: 3,
  data: Uint8Array.of(1, 1, 0, 2, 255, 0, 2, 0, 1, 1, 255, 0, 0, 1, 0),
};

test("pixels of a label that touch at their sides are a region; corners do not count", () => {
  const { ids, labels } = findRegions(map);
  expect(labels).toEqual([1, 2, 255, 2, 1]);
  expect([...ids]).toEqual([0, 0, -1, 1, 2, -1, 3, -1, 4, 4, 2, -1, -1, 4, -1]);
});

test("by class there is one object for each label", () => {
  const { ids, labels } = findRegions(map, "classes");
  expect(labels).toEqual([1, 2, 255]);
  expect([...ids]).toEqual([0, 0, -1, 1, 2, -1, 1, -1, 0, 0, 2, -1, -1, 0, -1]);
});

test("regions do not continue from the end of a row to the start of the next", () => {
  expect(findRegions({ width: 2, height: 2, data: Uint8Array.of(0, 1, 1, 0) }).labels).toEqual([
    1, 1,
  ]);
});

test("boxes include their first and last pixels", () => {
  expect(regionBoxes(findRegions(map, "classes"))).toEqual([
    { left: 0, top: 0, right: 4, bottom: 2 },
    { left: 1, top: 0, right: 3, bottom: 1 },
    { left: 0, top: 0, right: 4, bottom: 2 },
  ]);
});

test("in a large mask the numbers of few objects take half the room, and many are counted right", () => {
  const [width, height] = [7100, 7100];
  const data = new Uint8Array(width * height);
  data[0] = 1;
  data.fill(2, 5 * width + 3, 5 * width + 9);
  const few = findRegions({ width, height, data });
  expect(few.ids).toBeInstanceOf(Int16Array);
  expect(few.labels).toEqual([1, 2]);
  expect([few.ids[0], few.ids[1], few.ids[5 * width + 8]]).toEqual([0, -1, 1]);
  for (let i = 0; i < 40_000; i++) data[(40 + 2 * (i % 20)) * width + 2 * Math.floor(i / 20)] = 3;
  const many = findRegions({ width, height, data });
  expect(many.labels).toHaveLength(40_002);
  expect(many.ids[78 * width + 2 * 1999]).toBe(40_001);
});

/** Regions found by spreading from pixel to pixel until nothing changes. */
function spread(width: number, data: Uint8Array): number[] {
  const ids = Array.from(data, (label, i) => (label === 0 ? -1 : i));
  for (let changed = true; changed;) {
    changed = false;
    ids.forEach((id, i) => {
      for (const k of [i % width > 0 ? i - 1 : -1, i - width]) {
        if (k < 0 || data[k] !== data[i] || ids[k] === id || id < 0) continue;
        ids[i] = ids[k] = Math.min(id, ids[k]!);
        changed = true;
      }
    });
  }
  const order = [...new Set(ids.filter((id) => id >= 0))].sort((a, b) => a - b);
  return ids.map((id) => order.indexOf(id));
}

test("any map has the regions that a flood fill finds, in the order of their first pixels", () => {
  const maps = fc.tuple(
    fc.integer({ min: 1, max: 8 }),
    fc.uint8Array({ min: 0, max: 2, minLength: 64, maxLength: 64 }),
  );
  fc.assert(
    fc.property(maps, ([width, values]) => {
      const data = values.subarray(0, width * 8);
      expect([...findRegions({ width, height: 8, data }).ids]).toEqual(spread(width, data));
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("one large region of a winding shape does not exhaust the stack", () => {
  const width = 1000;
  const data = Uint8Array.from({ length: width * 1000 }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return y % 2 === 0 || x === (y % 4 === 1 ? width - 1 : 0) ? 1 : 0;
  });
  expect(findRegions({ width, height: 1000, data }).labels).toEqual([1]);
});
