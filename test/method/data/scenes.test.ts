import { describe, expect, test } from "vitest";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import { polygonDistance } from "../../../src/method/data/scene-shapes.ts";

const scenes = Array.from({ length: 120 }, (_, index) =>
  generateScene({ seed: 5, index, size: 96 }),
);

describe("scenes", () => {
  test("repeat exactly for the same seed and index, and differ otherwise", () => {
    expect(generateScene({ seed: 5, index: 3, size: 96 })).toEqual(scenes[3]);
    expect(generateScene({ seed: 6, index: 3, size: 96 })).not.toEqual(scenes[3]);
    expect(scenes[4]).not.toEqual(scenes[3]);
  });

  test("are tagged with exactly what is visible, one to three classes of at least 1.5 % each", () => {
    for (const { mask, tags } of scenes) {
      const counts = new Map<number, number>();
      for (const label of mask.data) counts.set(label, (counts.get(label) ?? 0) + 1);
      counts.delete(0);
      expect(tags).toEqual([...counts.keys()].map((label) => label - 1).sort((a, b) => a - b));
      expect(tags.length >= 1 && tags.length <= 3).toBe(true);
      for (const count of counts.values()) expect(count).toBeGreaterThanOrEqual(0.015 * 96 * 96);
    }
  });

  test("show every class often, and things as well as background", () => {
    for (let c = 0; c < sceneClasses.length; c++) {
      expect(scenes.filter(({ tags }) => tags.includes(c)).length).toBeGreaterThan(30);
    }
    const foreground = scenes.map(({ mask }) => mask.data.filter((l) => l > 0).length / (96 * 96));
    const mean = foreground.reduce((a, b) => a + b) / foreground.length;
    expect(mean).toBeGreaterThan(0.15);
    expect(mean).toBeLessThan(0.45);
  });

  test("have masks where the color of the class is", () => {
    // Strongest channel inside: red ball, yellow star (red over blue), green leaf, violet crate.
    const strong: [number, number][] = [
      [0, 2],
      [0, 2],
      [1, 0],
      [2, 1],
    ];
    for (const { image, mask } of scenes) {
      const [margin, count] = [new Float64Array(5), new Float64Array(5)];
      mask.data.forEach((label, i) => {
        if (label === 0) return;
        const [more, less] = strong[label - 1]!;
        margin[label]! += image.data[i * 3 + more]! - image.data[i * 3 + less]!;
        count[label]!++;
      });
      for (let label = 1; label <= 4; label++) {
        if (count[label]) expect(margin[label]! / count[label]!).toBeGreaterThan(30);
      }
    }
  });

  test("have the classes ball, star, leaf and crate", () => {
    expect(sceneClasses).toEqual(["ball", "star", "leaf", "crate"]);
  });
});

test("the distance to a square is negative inside and exact at corners", () => {
  const square = [1, 1, -1, 1, -1, -1, 1, -1];
  expect(polygonDistance(square, 0, 0)).toBeCloseTo(-1);
  expect(polygonDistance(square, 0.5, 0)).toBeCloseTo(-0.5);
  expect(polygonDistance(square, 4, 5)).toBeCloseTo(5);
});
