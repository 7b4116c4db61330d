import { expect, test } from "vitest";
import {
  depthwise3x3,
  float32,
  gradients,
  input,
  mul,
  sumAll,
  writeModel,
  type NdArray,
  type Tensor,
} from "../../../src/engine/graph/index.ts";
import { Afa, imageInput, type HiddenLayout } from "../../../src/method/model/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { worstError } from "../../network.ts";

const runtime = nodeRuntime();
const network = new Afa({ backbone: "mit_b0", classes: 3 });
const parameters = network.initialize(5);

async function compute(outputs: Record<string, Tensor>, image: NdArray) {
  const session = await runtime.createSession(writeModel(outputs));
  const wanted = Object.fromEntries(Object.keys(outputs).map((name) => [name, null]));
  return session.run({ ...parameters, image }, wanted).finally(() => session.release());
}

test.each([
  ["layers of fixed sizes", [2, 64, 96], "layer"],
  ["layers of any size", ["n", "h", "w"], "layer"],
  ["convolutions", [2, 64, 96], "convolution"],
] as const)(
  "in blocks of channels the encoder computes what it computes without, %s",
  async (_, shape, within) => {
    const block = await runtime.channelBlock!();
    // Where the processor has no such kernels there is nothing to compare.
    if (block === 1) return;
    const image = float32(
      [2, 64, 96, 3],
      Array.from({ length: 2 * 64 * 96 * 3 }, (_, i) => Math.sin(0.37 * i)),
    );
    const outputs = (layout: HiddenLayout): Record<string, Tensor> => {
      const { features } = network.encoder.forward(imageInput(shape), null, layout);
      return Object.fromEntries(features.map(({ tokens }, i) => [`stage${i + 1}`, tokens]));
    };
    const plain = await compute(outputs("maps"), image);
    const blocked = await compute(outputs({ block, within }), image);
    for (const [name, { data, shape: size }] of Object.entries(plain)) {
      expect(blocked[name]!.shape).toEqual(size);
      const other = blocked[name]!.data as Float32Array;
      const error = Math.max(
        ...(data as Float32Array).map((value, i) => Math.abs(value - other[i]!)),
      );
      expect(error, name).toBeLessThan(2e-5); // layer-normalized: values of size 1
    }
  },
);

test.each([
  ["that fill the blocks", 24, 2],
  ["that do not, which are computed without", 5, 1],
])(
  "a convolution through blocks has the plain one's gradients, of channels %s",
  async (_, c, n) => {
    const block = await runtime.channelBlock!();
    const [h, w] = [5, 6];
    const shapes = { x: [c, n * h * w], weight: [c, 1, 3, 3], bias: [c], pull: [c, n * h * w] };
    const outputs = (blocks: number): Record<string, Tensor> => {
      const [x, weight, bias, pull] = Object.entries(shapes).map((named) => input(...named));
      const y = depthwise3x3(x!, weight!, bias!, n, h, w, blocks);
      const [dx, dw, db] = gradients(sumAll(mul(y, pull!)), [x!, weight!, bias!]);
      return { y, dx: dx!, dw: dw!, db: db! };
    };
    const feeds = Object.fromEntries(
      Object.entries(shapes).map(([name, shape], i) => {
        const size = shape.reduce((a, b) => a * b, 1);
        return [
          name,
          float32(
            shape,
            Float32Array.from({ length: size }, (_, k) => Math.sin((i + 0.3) * k)),
          ),
        ];
      }),
    );
    const run = async (blocks: number): Promise<Record<string, NdArray>> => {
      const session = await runtime.createSession(writeModel(outputs(blocks)));
      const wanted = { y: null, dx: null, dw: null, db: null };
      return session.run(feeds, wanted).finally(() => session.release());
    };
    const [plain, blocked] = [await run(1), await run(block)];
    for (const [name, { data }] of Object.entries(plain)) {
      expect(
        worstError(blocked[name]!.data as Float32Array, data as Float32Array),
        name,
      ).toBeLessThan(1e-6);
    }
  },
);

test("the block of the processor is one that its kernels support", async () => {
  const block = await runtime.channelBlock!();
  expect(process.arch === "x64" ? [8, 16] : [1, 8, 16]).toContain(block);
});
