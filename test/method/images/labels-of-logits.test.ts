import { expect, test } from "vitest";
import { labelsOf } from "../../../src/method/images/labels-of-logits.ts";
import { resizeMaps } from "../../../src/method/images/resize-maps.ts";
import type { Maps } from "../../../src/method/images/maps.ts";
import { Random } from "../../../src/engine/random.ts";

const random = Random.at(1, "upsampled labels");

/** What the shortcuts stand for: all logits resized, the first of the highest; NaN is never the highest. */
function plainly(logits: Maps, width: number, height: number): Uint8Array {
  const all = resizeMaps(logits, width, height).data;
  const labels = new Uint8Array(width * height);
  for (let p = 0; p < labels.length; p++) {
    let highest = -Infinity;
    for (let k = 0; k < logits.count; k++) {
      const logit = all[k * labels.length + p]!;
      if (logit > highest) [highest, labels[p]] = [logit, k];
    }
  }
  return labels;
}

function drawn(logit: () => number): Maps {
  const [count, width, height] = [1 + random.int(9), 1 + random.int(12), 1 + random.int(12)];
  const data = Float32Array.from({ length: count * width * height }, logit);
  return { count, width, height, data };
}

test.each<[string, () => number]>([
  ["of any values", () => random.normal() * 3],
  ["with many ties", () => random.int(3) - 1],
  ["of both signs of zero", () => (random.int(2) === 0 ? 0 : -0)],
  ["far from each other", () => random.normal() * 10 ** (random.int(30) - 15)],
  ["with NaN and infinities", () => [NaN, Infinity, -Infinity, 1, 2, 3][random.int(6)]!],
])("labels of logits %s are those of resizing them all, at any size", (_, logit) => {
  for (let i = 0; i < 60; i++) {
    const logits = drawn(logit);
    const [width, height] = [1 + random.int(50), 1 + random.int(50)];
    expect(labelsOf(logits, width, height)).toEqual({
      ...{ width, height, data: plainly(logits, width, height) },
    });
  }
});

test("labels of logits enlarged a hundredfold do not share their memory", () => {
  const [count, width, height] = [3, 2, 2];
  const data = Float32Array.from({ length: count * width * height }, () => random.normal());
  const logits = { count, width, height, data };
  expect(labelsOf(logits, 200, 600)).toEqual({
    ...{ width: 200, height: 600, data: plainly(logits, 200, 600) },
  });
});
