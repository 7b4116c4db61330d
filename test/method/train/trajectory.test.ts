import { expect, test } from "vitest";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import type { NetworkState } from "../../../src/method/train/network-state.ts";
import { Stepper } from "../../../src/method/train/step.ts";
import { normError } from "../../network.ts";
import {
  batchOf,
  golden,
  trajectoryConfig,
  trajectoryError,
  trajectoryStart,
  withPrefix,
} from "./golden-trajectory.ts";

/** Makes the 24 steps and compares every loss on the way. */
async function replay(
  labelOf: (step: number) => Uint8Array | undefined,
  options: { warmupLosses?: boolean } = {},
): Promise<{ state: NetworkState; agreement: number }> {
  const config = trajectoryConfig(options);
  const { network, state } = trajectoryStart(config);
  const stepper = new Stepper(nodeRuntime(), network, state, config, () => 0);
  const columns = golden["losses"]!.shape[1]!;
  let pixels = 0;
  let agreeing = 0;
  for (let step = 0; step < 24; step++) {
    const result = await stepper.run(step, batchOf(step), labelOf(step));
    expect(trajectoryError(step, result), `step ${step}`).toBeLessThan(5e-4);
    const { labels, pairs } = result;
    if (labels.length === 0) continue;
    const row = golden["losses"]!.data.subarray(step * columns, (step + 1) * columns);
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
// In the classification phase the other losses have a weight of 0: whether they are computed does not matter.
test.each([true, false])(
  "24 training steps on golden trajectory's labels end in its weights and statistics, warmupLosses: %s",
  async (warmupLosses) => {
    const { state, agreement } = await replay(
      (step) => golden[`step${step}.seg_label`]!.data as Uint8Array,
      { warmupLosses },
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
  },
);
