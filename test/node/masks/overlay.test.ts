import { expect, test } from "vitest";
import type { Image, LabelMap } from "../../../src/data/sample.ts";
import { hexColor, overlayColor, paintHeat, paintLabels } from "../../../src/node/masks/overlay.ts";

const gray: Image = { width: 8, height: 8, data: new Uint8Array(192).fill(100) };

function labels(at: (x: number, y: number) => number): LabelMap {
  const data = Uint8Array.from({ length: 64 }, (_, i) => at(i % 8, Math.floor(i / 8)));
  return { width: 8, height: 8, data };
}

function pixel({ width, data }: Image, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

test("background is dimmed, a class tinted inside and outlined in its full color", () => {
  const painted = paintLabels(
    gray,
    labels((x) => (x < 5 ? 1 : 0)),
  );
  expect(pixel(painted, 7, 3)).toEqual([55, 55, 55]);
  expect(pixel(painted, 4, 3)).toEqual([...overlayColor(1)]);
  const tint = overlayColor(1).map((v) => Math.round(0.4 * 100 + 0.6 * v));
  expect(pixel(painted, 2, 3)).toEqual(tint);
  expect(gray.data.every((v) => v === 100)).toBe(true);
});

test("ignored pixels are light in two shades", () => {
  const painted = paintLabels(
    gray,
    labels(() => 255),
  );
  expect(new Set(painted.data)).toEqual(
    new Set([178, 224, 177].filter((v) => painted.data.includes(v))),
  );
  expect(Math.min(...painted.data)).toBeGreaterThan(150);
  expect(new Set(painted.data).size).toBe(2);
});

test("heat rises from dark to bright yellow, and NaN is cold", () => {
  const heat = { width: 8, height: 8, data: Float32Array.from({ length: 64 }, (_, i) => i / 63) };
  heat.data[1] = NaN;
  const painted = paintHeat(gray, heat);
  expect(pixel(painted, 0, 0)).toEqual(pixel(painted, 1, 0));
  const [red, green, blue] = pixel(painted, 7, 7) as [number, number, number];
  expect(red).toBeGreaterThan(220);
  expect(green).toBeGreaterThan(200);
  expect(blue).toBeLessThan(130);
});

test("254 classes have 254 colors", () => {
  const colors = Array.from({ length: 254 }, (_, i) => hexColor(overlayColor(i + 1)));
  expect(new Set(colors).size).toBe(254);
  for (const color of colors) expect(color).toMatch(/^#[0-9a-f]{6}$/);
});

test("a map of another size is refused", () => {
  expect(() => paintLabels(gray, { width: 4, height: 8, data: new Uint8Array(32) })).toThrow(
    /8x8, its map 4x8/,
  );
});
