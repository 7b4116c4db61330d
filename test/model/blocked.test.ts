import { expect, test } from "vitest";
import { float32, writeModel, type NdArray, type Tensor } from "../../src/graph/index.ts";
import { Afa, imageInput } from "../../src/model/index.ts";
import { nodeRuntime } from "../../src/node/runtime.ts";

const runtime = nodeRuntime();
const network = new Afa({ backbone: "mit_b0", classes: 3 });
const parameters = network.initialize(5);

async function compute(outputs: Record<string, Tensor>, image: NdArray) {
  const session = await runtime.createSession(writeModel(outputs));
  const wanted = Object.fromEntries(Object.keys(outputs).map((name) => [name, null]));
  return session.run({ ...parameters, image }, wanted).finally(() => session.release());
}

test.each([
  ["of fixed sizes", [2, 64, 96]],
  ["of any size", ["n", "h", "w"]],
] as const)(
  "in blocks of channels the encoder computes what it computes without, %s",
  async (_, shape) => {
    const block = await runtime.channelBlock!();
    // Where the processor has no such kernels there is nothing to compare.
    if (block === 1) return;
    const image = float32(
      [2, 64, 96, 3],
      Array.from({ length: 2 * 64 * 96 * 3 }, (_, i) => Math.sin(0.37 * i)),
    );
    const outputs = (layout: "maps" | { block: number }): Record<string, Tensor> => {
      const { features } = network.encoder.forward(imageInput(shape), null, layout);
      return Object.fromEntries(features.map(({ tokens }, i) => [`stage${i + 1}`, tokens]));
    };
    const plain = await compute(outputs("maps"), image);
    const blocked = await compute(outputs({ block }), image);
    for (const [name, { data, shape: size }] of Object.entries(plain)) {
      expect(blocked[name]!.shape).toEqual(size);
      const other = blocked[name]!.data as Float32Array;
      const error = Math.max(
        ...(data as Float32Array).map((value, i) => Math.abs(value - other[i]!)),
      );
      expect(error, name).toBeLessThan(2e-5); // layer-normalised: values of size 1
    }
  },
);

test("the processor's block is one that its kernels have", async () => {
  const block = await runtime.channelBlock!();
  expect(process.arch === "x64" ? [8, 16] : [1, 8, 16]).toContain(block);
});
