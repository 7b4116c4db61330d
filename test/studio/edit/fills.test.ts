import { describe, expect, test } from "vitest";
import { flood } from "../../../src/studio/edit/flood.ts";
import { fillPolygon } from "../../../src/studio/edit/polygon.ts";
import { picture } from "./picture.ts";

const size = { width: 8, height: 6 };

describe("a lasso", () => {
  test("fills the pixels whose centers lie inside", () => {
    const triangle = [{ x: 1, y: 1 }, { x: 6, y: 1 }, { x: 1, y: 5 }]; // prettier-ignore
    expect(picture(size, (take) => fillPolygon(triangle, size, take))).toEqual([
      "........",
      ".####...",
      ".###....",
      ".##.....",
      ".#......",
      "........",
    ]);
  });

  test("has no hole where its line crosses itself", () => {
    const twice = [0, 1].flatMap(() => [{ x: 1, y: 1 }, { x: 7, y: 1 }, { x: 7, y: 5 }, { x: 1, y: 5 }]); // prettier-ignore
    const rows = picture(size, (take) => fillPolygon(twice, size, take));
    expect(rows.slice(1, 5)).toEqual(Array(4).fill(".######."));
  });

  test("fills the same in either direction, also beyond the image", () => {
    const outline = [{ x: -3, y: -2 }, { x: 20, y: 1.5 }, { x: 4, y: 30 }]; // prettier-ignore
    const there = picture(size, (take) => fillPolygon(outline, size, take));
    const back = picture(size, (take) => fillPolygon([...outline].reverse(), size, take));
    expect(there).toEqual(back);
    expect(there.join("")).toContain("#");
  });

  test("two areas of one row stay apart, and a line without area fills nothing", () => {
    const comb = [[0, 0], [2, 0], [2, 4], [5, 4], [5, 0], [7, 0], [7, 6], [0, 6]]; // prettier-ignore
    const points = comb.map(([x, y]) => ({ x: x!, y: y! }));
    expect(picture(size, (take) => fillPolygon(points, size, take))[1]).toBe("##...##.");
    const line = points.slice(0, 2);
    expect(picture(size, (take) => fillPolygon(line, size, take)).join("")).not.toContain("#");
  });
});

describe("a flood", () => {
  const walls = ["..#.....", ".##.###.", ".#..#.#.", ".#.##.#.", "...#..#.", "######.."];
  const isInside = (i: number) => walls.join("")[i] === ".";

  test("reaches around corners, but not over diagonals", () => {
    expect(picture(size, (take) => flood(size, isInside, 0, 0, take))).toEqual([
      "##.#####",
      "#..#...#",
      "#.##...#",
      "#.#....#",
      "###....#",
      "......##",
    ]);
  });

  test("takes every pixel once, and nothing from a spot outside", () => {
    let taken = 0;
    flood(
      size,
      () => true,
      3,
      3,
      (_, first, last) => void (taken += last - first + 1),
    );
    expect(taken).toBe(48);
    expect(picture(size, (take) => flood(size, isInside, 2, 0, take)).join("")).not.toContain("#");
  });
});
