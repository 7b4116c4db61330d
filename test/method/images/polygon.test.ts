import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fillPolygon } from "../../../src/method/images/polygon.ts";
import type { LabelMap } from "../../../src/method/images/image.ts";
import { UserError } from "../../../src/user-error.ts";

function blank(width: number, height: number): LabelMap {
  return { width, height, data: new Uint8Array(width * height) };
}

function drawn(points: readonly number[], width: number, height: number): string[] {
  const map = blank(width, height);
  fillPolygon(points, map, 1);
  return Array.from({ length: height }, (_, y) =>
    [...map.data.subarray(y * width, (y + 1) * width)].map((v) => ".#"[v]).join(""),
  );
}

/**
 * The published rule, step by step: every edge is walked point by point on a grid of fifths; where the walk
 * goes from a column's middle to the other side of it, everything below in scan order changes sides.
 */
function walked(points: readonly number[], width: number, height: number): Uint8Array {
  const path: [u: number, v: number][] = [];
  const corners = points.map((value) => Math.trunc(5 * value + 0.5));
  for (let k = 0; k < corners.length; k += 2) {
    let a = [corners[k]!, corners[k + 1]!] as const;
    let b = [corners[(k + 2) % corners.length]!, corners[(k + 3) % corners.length]!] as const;
    const [dx, dy] = [Math.abs(b[0] - a[0]), Math.abs(b[1] - a[1])];
    const flip = dx >= dy ? a[0] > b[0] : a[1] > b[1];
    if (flip) [a, b] = [b, a];
    const steps: [number, number][] = [];
    for (let t = 0; t <= Math.max(dx, dy); t++) {
      if (dx >= dy) {
        const slope = dx === 0 ? 0 : (b[1] - a[1]) / dx;
        steps.push([a[0] + t, Math.trunc(a[1] + slope * t + 0.5)]);
      } else {
        steps.push([Math.trunc(a[0] + ((b[0] - a[0]) / dy) * t + 0.5), a[1] + t]);
      }
    }
    path.push(...(flip ? steps.reverse() : steps));
  }
  const change = new Uint8Array(width * height + 1);
  for (let j = 1; j < path.length; j++) {
    const [[u0, v0], [u1, v1]] = [path[j - 1]!, path[j]!];
    if (u0 === u1) continue;
    const x = (Math.min(u0, u1) + 0.5) / 5 - 0.5;
    if (!Number.isInteger(x) || x < 0 || x > width - 1) continue;
    const y = Math.ceil(Math.min(height, Math.max(0, (Math.min(v0, v1) + 0.5) / 5 - 0.5)));
    change[x * height + y]! ^= 1;
  }
  const mask = new Uint8Array(width * height);
  let inside = 0;
  for (let i = 0; i < width * height; i++) {
    inside ^= change[i]!;
    mask[(i % height) * width + Math.floor(i / height)] = inside;
  }
  return mask;
}

describe("filling", () => {
  test("a rectangle on pixel borders is filled to these borders", () => {
    expect(drawn([1, 1, 4, 1, 4, 3, 1, 3], 6, 4)).toEqual(["......", ".###..", ".###..", "......"]);
  });

  test("a triangle has the pixels whose centers are inside, with half-open borders", () => {
    expect(drawn([0, 0, 4, 4, 0, 4], 4, 4)).toEqual(["#...", "##..", "###.", "####"]);
  });

  test("where an outline crosses itself, areas that an odd number of turns surrounds are inside", () => {
    const twice = [0, 0, 5, 0, 5, 5, 0, 5, 0, 0, 1, 1, 1, 4, 4, 4, 4, 1, 1, 1];
    expect(drawn(twice, 5, 5)).toEqual(["#####", "#...#", "#...#", "#...#", "#####"]);
  });

  test("parts outside the map are cut off", () => {
    expect(drawn([-50, 1, 2, 1, 2, 90, -50, 90], 3, 3)).toEqual(["...", "##.", "##."]);
    expect(drawn([-9, -9, -1, -9, -1, -1], 2, 1)).toEqual([".."]);
    expect(drawn([9, 0, 12, 0, 12, 9], 2, 1)).toEqual([".."]);
  });

  test("every polygon is filled by the published rule", () => {
    const coordinate = fc.oneof(
      fc.double({ min: -6, max: 26, noNaN: true }),
      fc.integer({ min: -10, max: 50 }).map((v) => v / 2),
    );
    const polygon = fc
      .array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 9 })
      .map((points) => points.flat());
    fc.assert(
      fc.property(polygon, (points) => {
        const map = blank(20, 17);
        fillPolygon(points, map, 1);
        expect(map.data).toEqual(walked(points, 20, 17));
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  test("only pixels inside are set, to the label, and one column or row is enough", () => {
    const map = { width: 3, height: 2, data: new Uint8Array(6).fill(9) };
    fillPolygon([1, 0, 2, 0, 2, 2, 1, 2], map, 4);
    expect([...map.data]).toEqual([9, 4, 9, 9, 4, 9]);
    expect(drawn([0, 1, 3, 1, 3, 2, 0, 2], 3, 3)).toEqual(["...", "###", "..."]);
    expect(drawn([1, 1, 1, 2, 1, 0], 3, 3)).toEqual(["...", "...", "..."]);
  });

  test("the largest coordinates are a hundred million pixels from 0", () => {
    const corners = (far: number) => [-far, -far, far, -far, far, far, -far, far];
    const map = blank(2, 2);
    fillPolygon(corners(1e8), map, 1);
    expect([...map.data]).toEqual([1, 1, 1, 1]);
    expect(() => fillPolygon(corners(1e8 + 1), blank(2, 2), 1, "a.json")).toThrow(
      "a.json: coordinate 1 is -100000001; expected a number of pixels",
    );
  });

  test.each([
    [[1, 2, 3, 4], /4 coordinates; a polygon has an even number of them, at least 6/],
    [[], /^a\.json: 0 coordinates/],
    [[1, 2, 3, 4, 5], /5 coordinates/],
    [[1, 2, 3, 4, 5, 6, 7], /7 coordinates/],
    [[1, 2, NaN, 4, 5, 6], /a\.json: coordinate 3 is NaN; expected a number of pixels/],
    [[1, 2, 3, Infinity, 5, 6], /coordinate 4 is Infinity/],
    [[1, 2, 3, 4, 5, 1e300], /coordinate 6 is 1e\+300/],
    [["1", "2", {}, 4, 5, 6] as unknown as number[], /coordinate 3 is/],
  ])("%j is refused", (points, message) => {
    const fill = (): void => fillPolygon(points, blank(3, 3), 1, "a.json");
    expect(fill).toThrow(UserError);
    expect(fill).toThrow(message);
  });

  test("distant corners and a great many edges take no time", () => {
    const map = blank(1000, 10);
    fillPolygon([-9e7, -9e7, 9e7, -9e7, 9e7, 9e7, -9e7, 9e7], map, 1);
    expect(map.data.every((v) => v === 1)).toBe(true);
    const zigzag = Array.from({ length: 400_000 }, (_, i) => (i % 4 === 0 ? 1000 : 0));
    expect(() => fillPolygon(zigzag, map, 1, "a.json")).toThrow(
      "a.json: its edges cross the 1000 columns of the image more than 20000000 times; simplify it",
    );
  });
});
