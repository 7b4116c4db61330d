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

test.each([
  // value, color of the heat, its opacity
  [-1, [0, 0, 0], 0.45],
  [0, [0, 0, 0], 0.45],
  [0.125, [35, 10, 55], 0.55],
  [0.25, [70, 20, 110], 0.65],
  [0.375, [122.5, 32.5, 105], 0.75],
  [0.5, [175, 45, 100], 0.85],
  [0.75, [245, 115, 40], 0.85],
  [1, [255, 240, 120], 0.85],
  [7, [255, 240, 120], 0.85],
  [NaN, [0, 0, 0], 0.45],
])("heat of %d has the color %j, the stronger the hotter", (value, color, opacity) => {
  const image = { width: 2, height: 1, data: Uint8Array.of(201, 99, 51, 10, 20, 30) };
  const heat = { width: 2, height: 1, data: Float32Array.of(value, 0) };
  const blended = (pixel: readonly number[]) =>
    pixel.map((level, c) => Math.floor(level * (1 - opacity) + color[c]! * opacity + 0.5));
  const painted = paintHeat(image, heat);
  expect(pixel(painted, 0, 0)).toEqual(blended([201, 99, 51]));
  expect(pixel(painted, 1, 0)).toEqual([6, 11, 17]);
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

test.each([
  [1, [255, 75, 85]],
  [2, [0, 180, 110]],
  [3, [50, 125, 255]],
  [4, [255, 190, 20]],
  [5, [185, 85, 240]],
  [6, [0, 195, 225]],
  [7, [255, 130, 45]],
  [8, [240, 85, 180]],
  [9, [140, 205, 50]],
  [10, [115, 110, 240]],
  [11, [0, 150, 140]],
  [12, [195, 140, 90]],
  // Hues of 137.508 degrees times the label, from here on.
  [13, [187, 27, 60]],
  [14, [112, 235, 123]],
  [15, [119, 54, 226]],
  [16, [187, 134, 27]],
  [17, [112, 235, 230]],
  [18, [226, 54, 183]],
  [22, [27, 187, 94]],
  [100, [159, 187, 27]],
  [254, [235, 127, 112]],
])("the color of label %i is %j", (label, color) => {
  expect(overlayColor(label)).toEqual(color);
});

test("colors in CSS have two digits a channel", () => {
  expect(hexColor([0, 9, 255])).toBe("#0009ff");
  expect(hexColor([16, 171, 15])).toBe("#10ab0f");
});

test("the stripes of ignored pixels are four outlines wide, and an outline grows with the image", () => {
  const image = { width: 900, height: 20, data: new Uint8Array(900 * 20 * 3) };
  const data = new Uint8Array(900 * 20).fill(255);
  const painted = paintLabels(image, { width: 900, height: 20, data });
  // An outline is 900 / 400 pixels, rounded to 2: stripes of 8.
  const first = Array.from({ length: 24 }, (_, x) => pixel(painted, x, 0)[0]);
  expect(first).toEqual([204, 128, 204].flatMap((shade) => Array<number>(8).fill(shade)));
});

test("a map of another size is refused", () => {
  expect(() => paintLabels(gray, { width: 8, height: 4, data: new Uint8Array(32) })).toThrow(
    "overlay: the image is 8x8, its map 8x4",
  );
  expect(() => paintHeat(gray, { width: 8, height: 9, data: new Float32Array(72) })).toThrow(
    "overlay: the image is 8x8, its map 8x9",
  );
  expect(() => paintLabels(gray, { width: 4, height: 8, data: new Uint8Array(32) })).toThrow(
    /8x8, its map 4x8/,
  );
});
