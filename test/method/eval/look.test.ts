import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import type { Sample } from "../../../src/method/data/sample.ts";
import {
  labelsAt,
  predictImage,
  readSample,
  refineOrReport,
} from "../../../src/method/eval/look.ts";
import { float32 } from "../../../src/engine/graph/index.ts";
import { Predictor } from "../../../src/method/inference/predictor.ts";
import { UserError } from "../../../src/user-error.ts";

const sample: Sample = { name: "a", image: "a.jpg", mask: "a.png", tags: [1] };
const image = { width: 4, height: 3, data: new Uint8Array(36) };
const mapOf = (width: number, height: number) => ({
  ...{ width, height, data: new Uint8Array(width * height) },
});

describe("reading a sample", () => {
  const read = (mask: () => Promise<ReturnType<typeof mapOf>>, of: Sample = sample) =>
    readSample(of, { readImage: async () => image, readMask: mask });

  test("returns the image and its mask, or the image alone if it has none", async () => {
    const truth = mapOf(4, 3);
    expect(await read(async () => truth)).toEqual({ image, truth });
    const unmasked: Sample = { name: "a", image: "a.jpg", tags: [1] };
    expect(await read(async () => truth, unmasked)).toEqual({ image, truth: undefined });
  });

  test.each([
    [3, 4],
    [4, 4],
    [5, 3],
  ])("returns an error about a mask of %i x %i", async (width, height) => {
    const found = await read(async () => mapOf(width, height));
    expect(found).toBeInstanceOf(UserError);
    expect((found as UserError).message).toBe(
      `a.png: mask is ${width}x${height}, but its image a.jpg is 4x3`,
    );
  });

  test("returns errors of files and throws all others", async () => {
    const broken = new UserError("a.png: broken");
    expect(await read(() => Promise.reject(broken))).toBe(broken);
    await expect(read(() => Promise.reject(new TypeError("bug")))).rejects.toThrow("bug");
  });
});

test("a refinement that lacks memory is reported with the file; other failures are thrown", async () => {
  const logits = { count: 1, width: 1, height: 1, data: new Float32Array(1) };
  const labels = mapOf(4, 3);
  const refine = (crf: () => Promise<typeof labels>) => refineOrReport(crf, sample, image, logits);
  expect(await refine(async () => labels)).toBe(labels);
  const large = await refine(() => Promise.reject(new RangeError("needs 9 GiB")));
  expect(large).toBeInstanceOf(UserError);
  expect((large as UserError).message).toBe("a.jpg: cannot be refined: needs 9 GiB");
  const own = new UserError("no");
  expect(await refine(() => Promise.reject(own))).toBe(own);
  await expect(refine(() => Promise.reject(new TypeError("bug")))).rejects.toThrow("bug");
});

describe("predicting an image", () => {
  const config = parseConfig({ set: { "eval.maxSide": 64 } });
  const sizes: number[][] = [];
  const predictor = new Predictor({
    async run({ shape }) {
      const [n, , height, width] = shape as [number, number, number, number];
      sizes.push([n, width, height]);
      return {
        clsLogits: float32(
          [n, 3],
          Array.from({ length: 3 * n }, (_, i) => [0, -1, 0.1][i % 3]!),
        ),
        segLogits: float32([n, 1, 1, 1], new Float32Array(n)),
      };
    },
    warmUp: () => undefined,
    release: async () => undefined,
  });
  const photograph = { width: 100, height: 80, data: new Uint8Array(24000) };

  test.each([
    ["its size, up to eval.maxSide", {}, [[1, 64, 51]]],
    ["a long side", { longSide: 200 }, [[1, 200, 160]]],
    ["the mirror image", { flip: true }, [[2, 64, 51]]],
    [
      "several scales",
      { scales: [1, 2] },
      [
        [1, 64, 51],
        [1, 128, 102],
      ],
    ],
  ])("looks at it in %s; tags have logits above 0", async (_, options, expected) => {
    sizes.length = 0;
    const { tags } = await predictImage(photograph, predictor, { config, ...options });
    expect([sizes, tags]).toEqual([expected, [2]]);
  });
});

test("labels from activations: above the background, those of propagated maps by the highest", () => {
  const maps = (count: number, ...data: number[]) => ({
    ...{ count, width: 2, height: 1, data: Float32Array.from(data) },
  });
  const located = {
    classes: [4, 7],
    cam: maps(2, 0.5, 0.2, 0.1, 0.9),
    propagated: { low: maps(3, 0.1, 0.6, 0.2, 0.3, 0.7, 0.1), high: maps(3, 0, 0, 0, 0, 0, 0) },
  };
  const labels = labelsAt(located, 2, 1, { backgroundThreshold: 0.5 });
  expect([...labels.cam.data]).toEqual([0, 8]);
  expect([...labels.affinityCam.data]).toEqual([8, 0]);
  expect(labels.heat).toEqual({ width: 2, height: 1, data: Float32Array.of(0.5, 0.9) });
  const large = labelsAt(located, 4, 2, { backgroundThreshold: 0.4 });
  expect([...large.cam.data.slice(0, 4)]).toEqual([5, 5, 8, 8]);
  expect([large.heat.width, large.heat.height, large.heat.data.length]).toEqual([4, 2, 8]);
  const alone = labelsAt({ ...located, propagated: null }, 2, 1, { backgroundThreshold: 0.5 });
  expect(alone.affinityCam).toBe(alone.cam);
});
