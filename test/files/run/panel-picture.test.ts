import { expect, test } from "vitest";
import type { Image } from "../../../src/method/images/image.ts";
import { overlayColor } from "../../../src/method/images/overlay.ts";
import { composePanel, tileGap } from "../../../src/files/run/panel-picture.ts";
import { panelWithoutTruth, squarePanel } from "./fake-run.ts";

function pixel({ width, data }: Image, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

test("a strip shows six tiles of one size, in order, with white between them", () => {
  const { image, tiles, tileWidth } = composePanel(squarePanel("a", 24, 16), 48);
  expect(tiles).toEqual(["image", "cam", "affinityCam", "label", "prediction", "truth"]);
  expect([tileWidth, image.width, image.height]).toEqual([48, 6 * (48 + tileGap) - tileGap, 32]);
  const tile = (i: number, x: number, y: number): number[] =>
    pixel(image, i * (48 + tileGap) + x, y);
  expect(tile(0, 10, 10)).toEqual([120, 120, 120]);
  expect(tile(0, 49, 10)).toEqual([255, 255, 255]);
  // Heat is brightest in the middle of its lower left, where the map is 1.
  expect(tile(1, 4, 28)[0]).toBeGreaterThan(200);
  expect(tile(1, 44, 28)[0]).toBeLessThan(90);
  // The square of class 1 begins at pixel 5, its outline one pixel wide, its inside tinted.
  expect(tile(4, 10, 12)).toEqual([...overlayColor(1)]);
  expect(tile(4, 16, 16)).toEqual(overlayColor(1).map((v) => Math.round(0.4 * 120 + 0.6 * v)));
  expect(tile(4, 40, 28)).toEqual([66, 66, 66]);
  expect(Math.min(...tile(3, 0, 20))).toBeGreaterThan(180);
});

test("without a truth there are five tiles", () => {
  const panel = panelWithoutTruth("a");
  expect(composePanel(panel).tiles).toEqual(["image", "cam", "affinityCam", "label", "prediction"]);
});

test.each([
  [4000, 3, 256, 1],
  [3, 400, 2, 256],
  [64, 64, 256, 256],
])("an image of %ix%i has tiles of %ix%i", (width, height, tileWidth, tileHeight) => {
  const strip = composePanel(squarePanel("a", width, height));
  expect([strip.tileWidth, strip.image.height]).toEqual([tileWidth, tileHeight]);
});
