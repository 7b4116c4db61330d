import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../../../src/method/config.ts";
import { ActivationPass, cropActivations } from "../../../../src/method/inference/activations.ts";
import {
  fewerKernels,
  input,
  logSoftmax,
  writeModel,
  type DeviceRuntime,
} from "../../../../src/engine/graph/index.ts";
import { Afa } from "../../../../src/method/model/index.ts";
import { runProgram } from "../../../../src/cli/program.ts";
import { writeScenes } from "../../../../src/files/datasets/index.ts";
import { mergeCam } from "../../../../src/method/labels/index.ts";
import { adamwModel, blocksOf } from "../../../../src/method/train/device-adamw.ts";
import {
  buildProbabilities,
  buildStep,
  type StepKind,
} from "../../../../src/method/train/step-graph.ts";
import { readGolden } from "../../../golden.ts";
import { asArrays, worstError } from "../../../network.ts";
import { tag2mask } from "../../../cli/terminal.ts";
import { gradientErrors } from "../../../method/train/golden-gradients.ts";
import { forwardErrors } from "../../../method/inference/golden-forward.ts";
import { trajectoryErrors } from "../../../method/train/golden-trajectory.ts";
import { answer } from "./worker.ts";
import { nodeHost } from "../../../../src/host/node/host.ts";

const tiny = () => new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });

/** Errors of the multi-scale activations of a crop. */
async function activations(runtime: DeviceRuntime): Promise<Record<string, number>> {
  const expected = readGolden("cam");
  const options = { scales: [1, 0.5, 1.5], side: 96 };
  const pass = new ActivationPass(runtime, tiny(), asArrays(readGolden("model")), options);
  const data = (expected["input"]!.data as Float32Array).subarray(0, 3 * 96 * 96);
  const { scales, affinity } = await pass.run({ count: 3, width: 96, height: 96, data });
  await pass.release();
  const cam = mergeCam(scales, [0, 1, 2, 3, 4], 96, 96).data;
  const first = (name: string, count: number): Float32Array =>
    (expected[name]!.data as Float32Array).subarray(0, count);
  return {
    cam: worstError(cam, first("cam", cam.length)),
    affinity: worstError(affinity.data, first("affinity", affinity.data.length)),
  };
}

/** Makes the session of every graph of a training that WebGPU must compute whole. */
async function wholeGraphs(runtime: DeviceRuntime): Promise<Record<string, number>> {
  const network = new Afa({ backbone: "mit_b1", classes: 20 });
  const pvt = new Afa({ backbone: "pvt_v2_b1", classes: 20 });
  const { crop: side } = parseConfig({ preset: "voc" }).data;
  const pass = { batch: 2, crop: side, dropPath: true, dropout: true, layout: "gpu" as const };
  const step = (kind: StepKind, energy: boolean) =>
    buildStep(network, { ...pass, kind, energy, whole: 8, learned: network.trainable }).model;
  const specs = network.trainable.map(({ name, shape }, index) => {
    return { name, index, size: shape.reduce((a, b) => a * b, 1), group: "all" };
  });
  const blocks = blocksOf(specs, () => "all");
  const graphs = {
    classification: step("classification", false),
    full: step("full", false),
    "full with energy": step("full", true),
    activations: writeModel(
      fewerKernels(cropActivations(network, { scales: [1, 0.5, 1.5], side, crops: 2 }, "gpu")),
    ),
    probabilities: buildProbabilities(network, pass),
    optimizer: adamwModel(blocks, { betas: [0.9, 0.999], eps: 1e-8 }).model,
    "full of PVTv2": buildStep(pvt, { ...pass, kind: "full", learned: pvt.trainable }).model,
  };
  const made: Record<string, number> = {};
  for (const [name, model] of Object.entries(graphs)) {
    const session = await runtime.createSession(model, { whole: true });
    await session.release();
    made[name] = 1;
  }
  return made;
}

/** What is said of a graph with an operator that WebGPU has no kernel for. */
async function refusal(runtime: DeviceRuntime): Promise<string> {
  const model = writeModel({ y: logSoftmax(input("x", [2, 3])) });
  const thrown = (error: unknown): string => (error as Error).message;
  const messages = await Promise.all([
    runtime.createDeviceSession(model, ["y"]).then(() => "", thrown),
    runtime.createSession(model, { whole: true }).then(() => "", thrown),
  ]);
  return messages.join("\n");
}

/** Trains by the command, stops it after its first step, resumes it; exit codes, and what was printed. */
async function command(): Promise<{ codes: number[]; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), "tag2mask-webgpu-"));
  const [data, run] = [join(folder, "scenes"), join(folder, "run")];
  const sizes = ["model.backbone=mit_tiny", "model.decoderWidth=8", "data.crop=64", "data.batch=2"];
  const phases = ["train.camSteps=2", "train.affinitySteps=2", "train.warmupLosses=false"];
  const set = [...sizes, ...phases, "data.workers=0", "eval.longSide=64", "eval.minSide=0"].flatMap(
    (s) => ["--set", s],
  );
  try {
    await writeScenes(nodeHost, data, { count: 4, valCount: 1, seed: 0, size: 64 });
    const args = ["--device", "webgpu", "--json"];
    let printed = "";
    const write = (text: string): void => {
      printed += text;
      // As Ctrl-C would.
      if (text.includes('"type":"step"')) process.emit("SIGINT");
    };
    const first = ["train", "--data", data, "--out", run, "--steps", "3", ...set, ...args];
    const streams = { stdout: { write }, stderr: { write } };
    const stopped = await runProgram(first, {
      ...streams,
      color: false,
      now: () => performance.now(),
    });
    const resumed = await tag2mask("train", "--resume", run, ...args);
    const output = printed + resumed.stdout + resumed.stderr;
    return { codes: [stopped, resumed.code], output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await answer<unknown>((runtime) => ({
  "whole graphs": () => wholeGraphs(runtime),
  refusal: () => refusal(runtime),
  forward: () => forwardErrors(runtime),
  gradients: () => gradientErrors(runtime),
  trajectory: () => trajectoryErrors(runtime),
  activations: () => activations(runtime),
  command,
}));
