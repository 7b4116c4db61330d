import { describe, expect, test } from "vitest";
import { drawEvery, isDrawn, lotOf, reviewQueue } from "../../../src/studio/review/queue.ts";

const names = Array.from({ length: 1000 }, (_, i) => `IMG_${String(i).padStart(4, "0")}`);
const images = names.map((name, id) => ({ id, lot: lotOf(name), confidence: (id * 37) % 1000 }));

describe("the queue of a review", () => {
  test("every fifth image is drawn by lot, and between them come the least sure of the others", () => {
    const queue = reviewQueue(images);
    expect([...queue].sort((a, b) => a - b)).toEqual(images.map(({ id }) => id));
    const first = queue.slice(0, 500).map((id) => images[id]!);
    const drawn = first.filter((_, i) => i % drawEvery === drawEvery - 1);
    const others = first.filter((_, i) => i % drawEvery !== drawEvery - 1);
    expect(drawn.every(({ lot }) => isDrawn(lot))).toBe(true);
    expect(others.some(({ lot }) => isDrawn(lot))).toBe(false);
    const confidences = others.map(({ confidence }) => confidence);
    expect(confidences).toEqual([...confidences].sort((a, b) => a - b));
  });

  test("names that differ in a number are drawn a fifth of the time, in no order of theirs", () => {
    const drawn = images.filter(({ lot }) => isDrawn(lot));
    expect(drawn.length).toBeGreaterThan(160);
    expect(drawn.length).toBeLessThan(240);
    const order = [...drawn].sort((a, b) => a.lot - b.lot).map(({ id }) => id);
    const rising = order.filter((id, i) => i > 0 && id > order[i - 1]!).length;
    expect(rising / order.length).toBeGreaterThan(0.35);
    expect(rising / order.length).toBeLessThan(0.65);
  });

  test("another model changes no lot: what was drawn comes in the same order", () => {
    const drawnOf = (all: typeof images): number[] =>
      reviewQueue(all).filter((id) => isDrawn(images[id]!.lot));
    const retrained = images.map((image) => ({ ...image, confidence: 1000 - image.confidence }));
    expect(drawnOf(retrained)).toEqual(drawnOf(images));
  });

  test("it goes on alone with whichever kind is left", () => {
    const drawn = images.filter(({ lot }) => isDrawn(lot)).slice(0, 7);
    const others = images.filter(({ lot }) => !isDrawn(lot)).slice(0, 7);
    expect(reviewQueue(drawn)).toHaveLength(7);
    expect(reviewQueue(others)).toHaveLength(7);
    expect(reviewQueue([])).toEqual([]);
  });
});
