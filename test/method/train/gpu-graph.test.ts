import { describe, expect, test } from "vitest";
import { fewerKernels, kernelCounts, type Tensor } from "../../../src/engine/graph/index.ts";
import { ActivationPass, cropActivations } from "../../../src/method/inference/activations.ts";
import { mergeCam } from "../../../src/method/labels/index.ts";
import { Afa, type HiddenLayout } from "../../../src/method/model/index.ts";
import { adamwTensors, blocksOf } from "../../../src/method/train/device-adamw.ts";
import { stepTensors } from "../../../src/method/train/step-graph.ts";
import { readGolden } from "../../golden.ts";
import { runtimeOfGpuGraphs } from "../../gpu-graphs.ts";
import { asArrays, worstError } from "../../network.ts";
import { gradientErrors } from "./golden-gradients.ts";

describe("graphs for a GPU, computed on the CPU", () => {
  test("have the losses and gradients of golden gradients", async () => {
    const { losses, gradients, cancelled, statistics, expected } =
      await gradientErrors(runtimeOfGpuGraphs());
    for (const [name, error] of Object.entries(losses)) expect(error, name).toBeLessThan(1e-5);
    for (const [name, error] of Object.entries(gradients)) expect(error, name).toBeLessThan(1e-3);
    for (const [name, most] of Object.entries(cancelled)) expect(most, name).toBeLessThan(1e-6);
    for (const error of statistics) expect(error).toBeLessThan(1e-5);
    expect(Object.keys(gradients)).toHaveLength(expected);
  });

  test("have the activations of golden cam, of both crops in one run", async () => {
    const golden = readGolden("cam");
    const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
    const options = { scales: [1, 0.5, 1.5], side: 96 };
    const pass = new ActivationPass(
      runtimeOfGpuGraphs(),
      network,
      asArrays(readGolden("model")),
      options,
    );
    const pixels = golden["input"]!.data as Float32Array;
    const part = (data: ArrayLike<number>, i: number, count: number): Float32Array =>
      (data as Float32Array).subarray(i * count, (i + 1) * count);
    const images = [0, 1].map((i) => {
      return { count: 3, width: 96, height: 96, data: part(pixels, i, 3 * 96 * 96) };
    });
    const results = await pass.runAll(images);
    await pass.release();
    expect(results).toHaveLength(2);
    for (const [i, { scales, affinity }] of results.entries()) {
      const cam = mergeCam(scales, [0, 1, 2, 3, 4], 96, 96).data;
      expect(worstError(cam, part(golden["cam"]!.data, i, cam.length))).toBeLessThan(1e-4);
      const { data } = affinity;
      expect(worstError(data, part(golden["affinity"]!.data, i, data.length))).toBeLessThan(1e-4);
    }
  });
});

const network = new Afa({ backbone: "mit_b1", classes: 20 });
const [crop, batch] = [64, 2];

/** Operators that start kernels in a step: labels of two crops, losses and gradients, update. */
function stepKernels(layout: HiddenLayout): { cam: number; network: number; optimizer: number } {
  const isGpu = layout === "gpu";
  const scales = [1, 0.5, 1.5];
  const total = (outputs: Readonly<Record<string, Tensor>>): number =>
    Object.values(kernelCounts(Object.values(isGpu ? fewerKernels(outputs) : outputs))).reduce(
      (a, b) => a + b,
      0,
    );
  const crops = isGpu ? batch : 1;
  const cam = total(cropActivations(network, { scales, side: crop, crops }, layout));
  const pass = { batch, crop, dropPath: true, dropout: true, layout };
  const { outputs } = stepTensors(network, {
    ...pass,
    kind: "full",
    learned: network.trainable,
  });
  const parts = network.trainable.map(({ name, shape, group }, index) => {
    return { name, index, group, size: shape.reduce((a, b) => a * b, 1) };
  });
  const blocks = blocksOf(parts, ({ group }) => group);
  const { values, poisons } = adamwTensors(blocks, { betas: [0.9, 0.999], eps: 1e-8 });
  return {
    cam: (batch / crops) * cam,
    network: total(outputs),
    optimizer: total({ ...values, ...poisons }),
  };
}

test("a step of mit_b1 on a GPU takes at least 30 % fewer kernels than its plain graphs", () => {
  const sum = ({ cam, network: pass, optimizer }: ReturnType<typeof stepKernels>): number =>
    cam + pass + optimizer;
  const [plain, gpu] = [stepKernels("maps"), stepKernels("gpu")];
  // Until 0.5.0 a GPU was given the plain graphs, and an update with 53 splits more: 3,160 in all.
  expect(plain).toMatchObject({ cam: 1508, network: 1486 });
  expect(gpu.cam).toBeLessThanOrEqual(582);
  expect(gpu.network).toBeLessThanOrEqual(1212);
  expect(gpu.optimizer).toBeLessThanOrEqual(113);
  expect(sum(gpu)).toBeLessThanOrEqual(0.7 * sum(plain));
});
