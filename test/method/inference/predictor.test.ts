import { expect, test } from "vitest";
import { float32, type NdArray } from "../../../src/engine/graph/index.ts";
import { resizeMaps } from "../../../src/method/images/resize-maps.ts";
import type { Maps } from "../../../src/method/images/maps.ts";
import type { Forward } from "../../../src/method/inference/forward.ts";
import { Predictor } from "../../../src/method/inference/predictor.ts";

/**
 * A network whose segmentation logits are the red and the green plane of its input, and whose class logits are its
 * width and the number of its batch's images.
 */
function planes() {
  const inputs: (readonly number[])[] = [];
  const forward: Forward = {
    async run({ shape, data }: NdArray) {
      inputs.push(shape);
      const [n, , height, width] = shape as [number, number, number, number];
      const area = height * width;
      const seg = Array.from({ length: n }, (_, i) => [
        ...(data as Float32Array).subarray(3 * i * area, (3 * i + 2) * area),
      ]).flat();
      const cls = Array.from({ length: n }, (_, i) => [width + i, n]).flat();
      return {
        clsLogits: float32([n, 2], cls),
        segLogits: float32([n, 2, height, width], seg),
      };
    },
    warmUp: () => undefined,
    release: async () => undefined,
  };
  return { predictor: new Predictor(forward), inputs };
}

function picture(width: number, height: number): Maps {
  const data = Float32Array.from({ length: 3 * width * height }, (_, i) => Math.sin(i * i));
  return { count: 3, width, height, data };
}

/** Red and green of an image. */
function colors({ width, height, data }: Maps): Maps {
  return { count: 2, width, height, data: data.slice(0, 2 * width * height) };
}

test("at one scale, without the mirror image, the logits are those of the image itself", async () => {
  const { predictor, inputs } = planes();
  const image = picture(40, 36);
  const { clsLogits, segLogits } = await predictor.predict(image);
  expect(inputs).toEqual([[1, 3, 36, 40]]);
  expect([...clsLogits]).toEqual([40, 1]);
  expect(segLogits).toEqual(colors(image));
});

test("with the mirror image the logits are the mean of both, turned back; the tags are the image's", async () => {
  const { predictor, inputs } = planes();
  const image = picture(33, 34);
  const { clsLogits, segLogits } = await predictor.predict(image, { flip: true });
  expect(inputs).toEqual([[2, 3, 34, 33]]);
  expect([...clsLogits]).toEqual([33, 2]);
  // This network sees the same in both, so their mean is the image.
  expect(segLogits).toEqual(colors(image));
});

test("over several scales the highest logit counts, on the grid of the scale nearest to 1", async () => {
  const image = picture(48, 41);
  const at = (scale: number): Maps => {
    const [width, height] = [Math.floor(48 * scale), Math.floor(41 * scale)];
    if (height >= 32) return colors(resizeMaps(image, width, height, { scale }));
    return colors(resizeMaps(image, Math.max(32, width), 32));
  };
  for (const [scales, order] of [
    [
      [0.5, 1, 2],
      [1, 0.5, 2],
    ],
    [
      [2, 0.8],
      [0.8, 2],
    ],
    [
      [0.5, 1.6],
      [1.6, 0.5],
    ],
  ] as const) {
    const { predictor, inputs } = planes();
    const { clsLogits, segLogits } = await predictor.predict(image, { scales });
    const expected = order.map(at);
    expect(inputs).toEqual(expected.map(({ width, height }) => [1, 3, height, width]));
    const { width, height } = expected[0]!;
    const resized = expected.map((maps) => resizeMaps(maps, width, height).data);
    const highest = resized[0]!.map((_, i) => Math.max(...resized.map((data) => data[i]!)));
    expect(segLogits).toEqual({ ...expected[0]!, data: highest });
    expect([...clsLogits]).toEqual([width, 1]);
  }
});

test("no side of a scaled image becomes smaller than 32 pixels", async () => {
  const { predictor, inputs } = planes();
  await predictor.predict(picture(64, 100), { scales: [0.5, 0.25] });
  await predictor.predict(picture(20, 63));
  expect(inputs).toEqual([
    [1, 3, 50, 32],
    [1, 3, 32, 32],
    [1, 3, 63, 32],
  ]);
});
