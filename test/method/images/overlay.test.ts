import { expect, test } from "vitest";
import type { Image, LabelMap } from "../../../src/method/images/image.ts";
import {
  hexColor,
  overlayColor,
  paintHeat,
  paintLabels,
} from "../../../src/method/images/overlay.ts";
import { Random } from "../../../src/engine/random.ts";

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

test("every label of 8 bits tints every level as blending does, in images of any size", () => {
  const random = Random.at(1, "overlay");
  for (let i = 0; i < 20; i++) {
    const [width, height] = [1 + random.int(1000), 1 + random.int(30)];
    const data = Uint8Array.from({ length: width * height * 3 }, () => random.int(256));
    const labels = new Uint8Array(width * height);
    for (let p = 0; p < labels.length; p++) {
      labels[p] = random.int(9) === 0 ? random.int(256) : labels[Math.max(0, p - 1)]!;
    }
    const painted = paintLabels({ width, height, data }, { width, height, data: labels });
    const line = Math.max(1, Math.round(Math.max(width, height) / 400));
    const expected = new Uint8Array(data.length);
    for (let p = 0; p < labels.length; p++) {
      const [x, y, label] = [p % width, Math.floor(p / width), labels[p]!];
      const differs = (dx: number, dy: number): boolean => {
        const inside = x + dx >= 0 && x + dx < width && y + dy >= 0 && y + dy < height;
        return inside && labels[(y + dy) * width + x + dx] !== label;
      };
      const edge = differs(-line, 0) || differs(line, 0) || differs(0, -line) || differs(0, line);
      const stripe = Math.floor((x + y) / (line * 4)) % 2 === 0;
      const [color, opacity] =
        label === 0
          ? [[0, 0, 0], 0.45]
          : label === 255
            ? [[255, 255, 255], stripe ? 0.8 : 0.5]
            : [overlayColor(label), edge ? 1 : 0.6];
      for (let c = 0; c < 3; c++) {
        expected[p * 3 + c] = data[p * 3 + c]! * (1 - opacity) + color[c]! * opacity + 0.5;
      }
    }
    expect(Buffer.compare(painted.data, expected)).toBe(0);
  }
});

test("ignored pixels are hatched: diagonal stripes of two light shades, four pixels wide", () => {
  const painted = paintLabels(
    gray,
    labels(() => 255),
  );
  const [strong, weak] = [0.8, 0.5].map((opacity) =>
    Math.round((1 - opacity) * 100 + opacity * 255),
  ) as [number, number];
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      const shade = (x + y) % 8 < 4 ? strong : weak;
      expect(pixel(painted, x, y), `${x}, ${y}`).toEqual([shade, shade, shade]);
    }
  }
});

test("heat rises from dark to bright yellow, and NaN counts as 0", () => {
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
