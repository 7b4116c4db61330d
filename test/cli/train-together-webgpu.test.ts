import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { writeScenes } from "../../src/files/datasets/index.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { installedFamilies } from "../host/node/mpi/installed-families.ts";
import { launch } from "../host/node/mpi/launch.ts";
import { onWebgpu } from "../host/node/webgpu/adapter.ts";
import { temporaryFolder } from "./scenes.ts";
import { digestOf, mainFile, runAlone } from "./together-runs.ts";

const folder = temporaryFolder();
const family = installedFamilies().find(({ installed }) => installed)?.family;
const { missing, environment } = await onWebgpu(
  new URL("../host/node/webgpu/presence-process.ts", import.meta.url),
);

/** Two steps with all losses, in micro-batches of one crop. */
function training(data: string, out: string): string[] {
  const sizes = ["model.backbone=mit_tiny", "model.decoderWidth=8", "data.crop=64", "data.batch=2"];
  const parts = ["train.microBatch=1", "train.camSteps=1", "data.workers=0", "pseudo.scales=[1]"];
  const settings = [...sizes, ...parts, "pseudo.radius=1"].flatMap((text) => ["--set", text]);
  const place = ["train", "--data", data, "--out", out];
  return [...place, ...settings, "--steps", "2", "--device", "webgpu"];
}

// A software adapter takes its time: bench/mpi-hashes.ts --device webgpu shows it with both libraries and in all phases.
describe.skipIf(missing !== null || family === undefined)("training over MPI on WebGPU", () => {
  test("two processes learn what one does, and say that they may share a GPU", async () => {
    const data = join(folder, "scenes");
    await writeScenes(nodeHost, data, { count: 2, valCount: 0, seed: 0, size: 64 });
    const [one, two] = [join(folder, "one"), join(folder, "two")];
    const alone = runAlone(training(data, one), environment);
    expect([alone.code, alone.output]).toEqual([0, alone.output]);
    const args = [...training(data, two), "--mpi"];
    const { code, output } = await launch(family!, 2, mainFile, args, { env: environment });
    expect([code, output]).toEqual([0, output]);
    expect(output).toMatch(/device webgpu: cannot be told which GPU to use/);
    expect(output).toMatch(/they learn up to rounding what one process on webgpu learns/);
    // The weights are updated on the host, in one process on the device: the software adapter rounds as the host does.
    expect(digestOf(two)).toBe(digestOf(one));
  }, 900_000);
});
