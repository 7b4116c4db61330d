import { expect, test } from "vitest";
import {
  scoreSize,
  spreadToPixels,
  takeGrown,
  tokenAt,
  type Scores,
} from "../../../src/studio/edit/grow.ts";
import { picture } from "./picture.ts";

/** An image of two gray areas, whose border runs through the tokens. */
function twoAreas(width: number, height: number, border: number) {
  const data = new Uint8Array(4 * width * height);
  for (let i = 0; i < width * height; i++)
    data.fill(i % width < border ? 30 : 220, 4 * i, 4 * i + 3);
  return { width, height, data };
}

test("what one token spreads to ends at the edge of colors, not at that of tokens", () => {
  const size = { width: 16, height: 4 };
  const tokens = { width: 4, height: 1 };
  const affinity = Float32Array.from([0.95, 0.7, 0.1, 0.05]);
  // The border at 6 lies within the second token, which is mostly dark.
  const scores = spreadToPixels(affinity, tokens, twoAreas(16, 4, 6));
  const rows = picture(size, (take) => takeGrown(scores, 0.5, size, 1, 1, take));
  expect(rows).toEqual(Array(4).fill("######.........."));
});

test("scores stay between the least and the greatest affinity, and are the affinity where colors are even", () => {
  const scores = spreadToPixels(
    Float32Array.from([0.2, 0.8]),
    { width: 2, height: 1 },
    twoAreas(8, 1, 8),
  );
  expect([...scores.data].map((v) => Math.round(v * 1000) / 1000)).toEqual([
    0.2, 0.2, 0.275, 0.425, 0.575, 0.725, 0.8, 0.8,
  ]);
});

test("a region is in one piece around the click, which always counts", () => {
  const size = { width: 6, height: 1 };
  const scores: Scores = { ...size, data: Float32Array.from([0.9, 0.9, 0.1, 0.9, 0.9, 0.9]) };
  const grown = (threshold: number, x: number) =>
    picture(size, (take) => takeGrown(scores, threshold, size, x, 0, take))[0];
  expect(grown(0.5, 1)).toBe("##....");
  expect(grown(0.5, 4)).toBe("...###");
  expect(grown(0.05, 4)).toBe("######");
  expect(grown(0.95, 2)).toBe("..#...");
});

test("on a large image scores lie on a coarser grid, and the region has smooth edges at full size", () => {
  expect(scoreSize({ width: 640, height: 480 })).toEqual({ width: 640, height: 480 });
  const { width, height } = scoreSize({ width: 4000, height: 3000 });
  expect(width * height).toBeLessThanOrEqual(530_000);
  const image = { width: 16, height: 16 };
  const scores: Scores = {
    width: 4,
    height: 4,
    data: Float32Array.from([1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
  };
  const rows = picture(image, (take) => takeGrown(scores, 0.5, image, 1, 1, take));
  expect(rows.map((row) => row.replaceAll(".", "").length)).toEqual([
    8, 8, 8, 8, 8, 8, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0,
  ]);
});

test("a pixel belongs to the token that covers its place in the image", () => {
  const image = { width: 100, height: 50 };
  const tokens = { width: 4, height: 2 };
  expect([tokenAt(0, 0, image, tokens), tokenAt(99.9, 49.9, image, tokens)]).toEqual([0, 7]);
  expect(tokenAt(26, 10, image, tokens)).toBe(1);
  expect(tokenAt(-5, 200, image, tokens)).toBe(4);
});
