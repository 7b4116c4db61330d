import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  compressCounts,
  decodeRle,
  encodeRle,
  readCounts,
  regionCounts,
  rleArea,
  rleBox,
  rleCounts,
} from "../../../src/method/images/run-lengths.ts";
import { UserError } from "../../../src/user-error.ts";
import { readGolden } from "../../golden.ts";

interface Expected {
  readonly size: [height: number, width: number];
  readonly counts: string;
  readonly area: number;
  readonly bbox: number[];
}

const golden = JSON.parse(
  readFileSync(new URL("../../golden/coco_rle.json", import.meta.url), "utf8"),
) as Record<string, Expected>;
const masks = readGolden("coco_rle");

test.each(Object.entries(golden))("%s equals the result of pycocotools", (name, expected) => {
  const [height, width] = expected.size;
  const mask = masks[name]!.data as Uint8Array;
  const counts = rleCounts(mask, width, height);
  expect(encodeRle(mask, width, height)).toBe(expected.counts);
  expect(rleArea(counts)).toBe(expected.area);
  expect(rleBox(counts, height)).toEqual(expected.bbox);
  const ones = mask.map((v) => (v ? 1 : 0));
  expect(Buffer.compare(decodeRle(expected.counts, width, height, name), ones)).toBe(0);
  expect(readCounts(expected.counts, width, height, name)).toEqual(counts);
});

const anyMask = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      ids: fc.array(fc.integer({ min: -1, max: 3 }), {
        minLength: width * height,
        maxLength: width * height,
      }),
    }),
  );

test("one pass over a map finds for each region the same runs as a mask of that region alone", () => {
  fc.assert(
    fc.property(anyMask, ({ width, height, ids }) => {
      const all = regionCounts(Int32Array.from(ids), { count: 4, width, height });
      for (const [k, counts] of all.entries()) {
        const mask = Uint8Array.from(ids, (id) => (id === k ? 1 : 0));
        const single = rleCounts(mask, width, height);
        expect(counts).toEqual(single);
        expect(decodeRle(compressCounts(counts), width, height, "a")).toEqual(mask);
        expect(decodeRle(counts, width, height, "a")).toEqual(mask);
      }
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("along rows the runs of a region are those along the columns of the map turned over", () => {
  fc.assert(
    fc.property(anyMask, ({ width, height, ids }) => {
      const turned = Int32Array.from(ids, (_, i) => {
        return ids[(i % height) * width + Math.floor(i / height)]!;
      });
      const rows = regionCounts(Int32Array.from(ids), { count: 4, width, height, along: "rows" });
      const size = { count: 4, width: height, height: width };
      expect(rows).toEqual(regionCounts(turned, size));
    }),
    { seed: 2, numRuns: 100 },
  );
});

test.each<[string, number[], [number, number, number, number], number]>([
  ["no pixel", [12], [0, 0, 0, 0], 0],
  ["an empty run", [5, 0, 7], [0, 0, 0, 0], 0],
  ["one pixel", [4, 1, 7], [1, 1, 1, 1], 1],
  ["a column to its end", [4, 2, 6], [1, 1, 1, 2], 2],
  ["the end of a column and the start of the next", [5, 2, 5], [1, 0, 2, 3], 2],
  ["two runs", [1, 1, 7, 2, 1], [0, 0, 4, 2], 3],
  ["all", [0, 12], [0, 0, 4, 3], 12],
])("the box of %s in 4 x 3 pixels", (_, counts, box, area) => {
  expect(rleBox(counts, 3)).toEqual(box);
  expect(rleArea(counts)).toBe(area);
});

describe("damaged run lengths are refused with the reason", () => {
  test.each<[string | number[], RegExp]>([
    ["", /cover 0 of the 12 pixels of 4x3/],
    ["0", /cover 0 of the 12 pixels of 4x3/],
    ["/", /"\/", character 1, is not one of that format/],
    ["p", /"p", character 1, is not one of that format/],
    ["oooooo0", /cover more than the 12 pixels of 4x3/],
    ["oooooooo", /run length 1 has more than 35 bits/],
    ["0oooooooo", /run length 2 has more than 35 bits/],
    ["<1", /^a\.json: run lengths cover more than the 12|not COCO's/],
    ["ab c", /" ", character 3, is not one of that format/],
    ["\u{1f600}", /character 1, is not one of that format/],
    ["o", /ends within a number/],
    ["oooooooooooooooo", /run length 1 has more than 35 bits/],
    ["O", /run length 1 is -1; expected whole numbers from 0/],
    [[4, 9], /cover more than the 12 pixels/],
    [[4, 7], /cover 11 of the 12/],
    [[4, -1, 9], /run length 2 is -1/],
    [[12, -1], /run length 2 is -1/],
    [[4, 9, -5], /cover more than the 12 pixels/],
    [[4.5, 7.5], /run length 1 is 4\.5/],
    [[NaN, 12], /run length 1 is NaN/],
    [[1e300, 1e300], /more than the 12/],
  ])("%j", (counts, message) => {
    const decode = (): unknown => decodeRle(counts, 4, 3, "a.json");
    expect(decode).toThrow(UserError);
    expect(decode).toThrow(message);
  });

  test("any text at all is decoded or refused", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        try {
          expect(decodeRle(text, 5, 5, "a")).toHaveLength(25);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});
