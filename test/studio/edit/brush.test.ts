import { describe, expect, test } from "vitest";
import { pressedRadius, sweepBrush, type Dab } from "../../../src/studio/edit/brush.ts";
import { picture } from "./picture.ts";

const size = { width: 12, height: 7 };

function swept(from: Dab, to: Dab = from): string[] {
  return picture(size, (take) => sweepBrush(from, to, size, take));
}

describe("a round brush", () => {
  test("covers the pixels whose centers it reaches", () => {
    expect(swept({ x: 3.5, y: 3.5, radius: 2 })).toEqual([
      "............",
      "...#........",
      "..###.......",
      ".#####......",
      "..###.......",
      "...#........",
      "............",
    ]);
  });

  test("of less than a pixel paints the pixel below the pointer", () => {
    for (const [x, y] of [
      [3.01, 2.01],
      [3.5, 2.5],
      [3.99, 2.99],
    ] as const) {
      expect(swept({ x, y, radius: 0.2 })[2]).toBe("...#........");
    }
  });

  test("leaves no gap on a long way between two samples of the pointer", () => {
    expect(swept({ x: 0.5, y: 0.5, radius: 0.5 }, { x: 11.5, y: 6.5, radius: 0.5 })).toEqual([
      "##..........",
      ".##.........",
      "...##.......",
      ".....##.....",
      ".......##...",
      ".........##.",
      "..........##",
    ]);
  });

  test("that grows on its way paints the hull of both circles", () => {
    const rows = swept({ x: 1.5, y: 3.5, radius: 0.5 }, { x: 8.5, y: 3.5, radius: 3 });
    const widths = rows.map((row) => row.replaceAll(".", "").length);
    expect(widths).toEqual([1, 6, 8, 11, 8, 6, 1]);
  });

  test("is the same from either end, and the larger circle alone where it holds the other", () => {
    const small = { x: 3.5, y: 3.5, radius: 1 };
    const large = { x: 4, y: 3.5, radius: 3 };
    expect(swept(small, large)).toEqual(swept(large, small));
    expect(swept(small, large)).toEqual(swept(large));
  });

  test("beyond the image paints what lies inside", () => {
    expect(swept({ x: -1, y: 3.5, radius: 2 })[3]).toBe("#...........");
    expect(swept({ x: -5, y: -5, radius: 2 }).join("")).not.toContain("#");
    expect(swept({ x: -20, y: 3.5, radius: 1 }, { x: 40, y: 3.5, radius: 1 })[3]).toBe(
      "############",
    );
  });
});

test("a pen paints from a quarter of its size to the whole", () => {
  expect([0, 0.5, 1, 7].map((pressure) => pressedRadius(8, pressure))).toEqual([1, 2.5, 4, 4]);
  expect(pressedRadius(8)).toBe(4);
});
