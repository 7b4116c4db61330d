import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contours } from "../../../src/method/images/contours.ts";
import { fillPolygon } from "../../../src/method/images/polygon.ts";
import { fillPoly } from "./fill-poly.ts";

interface Mask {
  readonly width: number;
  readonly height: number;
  readonly mask: Uint8Array;
}

function drawing(...rows: string[]): Mask {
  const mask = Uint8Array.from(rows.join(""), (pixel) => Number(pixel === "#"));
  return { width: rows[0]!.length, height: rows.length, mask };
}

/** Outlines as lists of "x,y". */
function outlines(rows: readonly string[], inset = 0): string[] {
  const { mask, width, height } = drawing(...rows);
  return contours(mask, width, height, inset).map((outline) => {
    const points = outline.flatMap((x, i) => (i % 2 === 0 ? [`${x},${outline[i + 1]}`] : []));
    return points.join(" ");
  });
}

/** Filled by the centers of pixels, as pycocotools does. */
function filledByCenters({ mask, width, height }: Mask, inset: number): Uint8Array {
  const data = new Uint8Array(width * height);
  for (const outline of contours(mask, width, height, inset)) {
    fillPolygon(outline, { width, height, data }, 1);
  }
  return data;
}

/** Cut off to whole pixels and filled with the border, as Ultralytics and supervision do. */
function filledWithBorders({ mask, width, height }: Mask, inset: number): Uint8Array {
  const data = new Uint8Array(width * height);
  for (const outline of contours(mask, width, height, inset)) fillPoly(outline, data, width);
  return data;
}

const masks = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height]) =>
    fc
      .array(fc.integer({ min: 0, max: 3 }), {
        minLength: width * height,
        maxLength: width * height,
      })
      .map((values) => ({ width, height, mask: Uint8Array.from(values, (v) => Number(v > 0)) })),
  );

describe("outlines", () => {
  test("restore any mask, including its holes, filled by centers or with borders", () => {
    fc.assert(
      fc.property(masks, (one) => {
        expect(filledByCenters(one, 0)).toEqual(one.mask);
        expect(filledByCenters(one, 0.05)).toEqual(one.mask);
        expect(filledWithBorders(one, 0.05)).toEqual(one.mask);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  test("with an inset, every point on them is in a pixel of the mask, wherever a reader adds points", () => {
    fc.assert(
      fc.property(masks, ({ mask, width, height }) => {
        for (const points of contours(mask, width, height, 0.05)) {
          for (let k = 0; k < points.length; k += 2) {
            const next = (k + 2) % points.length;
            const [dx, dy] = [points[next]! - points[k]!, points[next + 1]! - points[k + 1]!];
            for (let part = 0; part < 1; part += 0.137) {
              const [x, y] = [points[k]! + part * dx, points[k + 1]! + part * dy];
              expect(mask[Math.trunc(y) * width + Math.trunc(x)]).toBe(1);
            }
          }
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  test("without an inset, readers that fill borders take in a row and a column more", () => {
    const square = drawing("....", ".##.", ".##.", "....");
    expect(filledWithBorders(square, 0)).toEqual(drawing("....", ".###", ".###", ".###").mask);
  });

  test("parts have one each, in pixels of the whole mask, without points along straight lines", () => {
    expect(outlines(["....", ".##.", ".#..", "...."])).toEqual(["2,2 3,2 3,1 1,1 1,3 2,3"]);
    expect(outlines(["#..", "...", "..#"])).toEqual(["1,0 0,0 0,1 1,1", "3,2 2,2 2,3 3,3"]);
    expect(outlines(["....", ".##.", "...."], 0.25)).toEqual([
      "2.75,1.25 1.25,1.25 1.25,1.75 2.75,1.75",
    ]);
    expect(contours(new Uint8Array(9), 3, 3)).toEqual([]);
  });

  test("a hole is joined to the next ring on its left, another hole or the outline", () => {
    const two = ["#######", "#.###.#", "#######"];
    // Along the middle of the row: to the hole at 1, around it and on to the hole at 5.
    expect(outlines(two)).toEqual([
      "7,0 0,0 0,1.5 1,1.5 1,1 2,1 2,1.5 5,1.5 5,1 6,1 6,2 5,2 5,1.5 2,1.5 2,2 1,2 1,1.5 0,1.5 0,3 7,3",
    ]);
  });

  test("thousands of holes in a row are joined, each to the next", () => {
    const width = 4_001;
    const mask = Uint8Array.from({ length: 3 * width }, (_, i) =>
      Number(Math.floor(i / width) !== 1 || (i % width) % 2 === 0),
    );
    expect(filledByCenters({ mask, width, height: 3 }, 0.05)).toEqual(mask);
  });
});
