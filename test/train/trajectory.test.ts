import { expect, test } from "vitest";
import { parseConfig } from "../../src/config.ts";
import type { Batch } from "../../src/data/sample.ts";
import { Afa } from "../../src/model/index.ts";
import { nodeRuntime } from "../../src/node/runtime.ts";
import { NetworkState } from "../../src/train/network-state.ts";
import { Stepper } from "../../src/train/step.ts";
import { readGolden, type GoldenTensor } from "../golden.ts";
import { asArrays, channelsLast, normError } from "../network.ts";

const golden = readGolden("trajectory");
const withPrefix = (prefix: string): Record<string, GoldenTensor> =>
  Object.fromEntries(
    Object.entries(golden).flatMap(([key, tensor]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), tensor]] : [],
    ),
  );

function batchOf(step: number): Batch {
  const part = withPrefix(`step${step}.`);
  return {
    names: ["first", "second"],
    size: 2,
    crop: 96,
    images: Uint8Array.from(channelsLast(part["image"]!).data as Float32Array),
    tags: Float32Array.from(part["cls_label"]!.data),
    boxes: Int32Array.from(part["img_box"]!.data),
  };
}

/** Makes the 24 steps and compares every loss on the way. */
async function replay(
  labelOf: (step: number) => Uint8Array | undefined,
): Promise<{ state: NetworkState; agreement: number }> {
  const base = parseConfig({ preset: "voc" });
  const config = {
    ...base,
    model: {
      ...base.model,
      backbone: "mit_tiny" as const,
      decoderWidth: 32,
      dropPath: 0,
      dropout: 0,
    },
    data: { ...base.data, crop: 96, batch: 2 },
    pseudo: { ...base.pseudo, radius: 1 },
    train: {
      ...base.train,
      steps: 24,
      camSteps: 6,
      affinitySteps: 12,
      lr: 1e-3,
      warmupSteps: 4,
      warmupLosses: true,
    },
  };
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const state = new NetworkState(network, config.train);
  state.load(asArrays(withPrefix("init.")));
  const stepper = new Stepper(nodeRuntime(), network, state, config, () => 0);
  const expected = golden["losses"]!;
  const columns = expected.shape[1]!;
  let pixels = 0;
  let agreeing = 0;
  for (let step = 0; step < 24; step++) {
    const { losses, learningRate, labels, pairs } = await stepper.run(
      step,
      batchOf(step),
      labelOf(step),
    );
    const row = expected.data.subarray(step * columns, (step + 1) * columns);
    const actual = [losses.cls, losses.seg, losses.affinity, losses.total, learningRate];
    for (const [i, value] of actual.entries()) {
      const error = Math.abs(value! - row[i]!) / Math.abs(row[i]!);
      expect(error, `step ${step}, column ${i}: ${value} against ${row[i]}`).toBeLessThan(5e-4);
    }
    expect([pairs!.positive, pairs!.negative]).toEqual([row[5], row[6]]);
    const truth = golden[`step${step}.seg_label`]!.data;
    labels.forEach(({ seg }, i) => {
      seg.data.forEach((label, p) => {
        pixels++;
        if (label === truth[i * seg.data.length + p]) agreeing++;
      });
    });
  }
  await stepper.release();
  return { state, agreement: agreeing / pixels };
}

test("24 training steps on its own labels have the losses and labels of golden trajectory", async () => {
  const { agreement } = await replay(() => undefined);
  expect(agreement).toBeGreaterThanOrEqual(0.999);
});

// A score within rounding of another may flip a pixel's label, and a flipped pixel moves the weights
// by more than all other rounding: the weights are compared after training on the very same labels.
test("24 training steps on golden trajectory's labels end in its weights and statistics", async () => {
  const { state, agreement } = await replay(
    (step) => golden[`step${step}.seg_label`]!.data as Uint8Array,
  );
  expect(agreement).toBeGreaterThanOrEqual(0.999);
  for (const [name, { data, dtype }] of Object.entries(withPrefix("final."))) {
    if (dtype === "I64") {
      expect(Number(state.parameters[name]!.data[0]), name).toBe(24);
      continue;
    }
    // A true gradient of 0: rounding noise alone moves these, and the statistics behind them.
    const noisy = /linear_c\d\.proj\.bias|attn\.kv\.bias|bn\.running_mean/.test(name);
    const error = normError(state.parameters[name]!.data as Float32Array, data as Float32Array);
    expect(error, name).toBeLessThan(noisy ? 1e-1 : 1e-3);
  }
});
