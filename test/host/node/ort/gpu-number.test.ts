import { expect, test } from "vitest";
import { gpuNumber } from "../../../../src/host/node/ort/gpu-number.ts";
import { nodeRuntime } from "../../../../src/host/node/ort/runtime.ts";

test.each([
  ["all GPUs of the machine", undefined, [0, 1, 2, 3]],
  ["four by number", "0,1,2,3", [0, 1, 2, 3]],
  ["two of them for all", "4, 6", [0, 1, 0, 1]],
  ["one for each, as SLURM gives it", "3", [0, 0, 0, 0]],
  ["one by its name", "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", [0, 0, 0, 0]],
  ["those before the first that is none", "0,1,-1,2", [0, 1, 0, 1]],
  ["none", "", [0, 0, 0, 0]],
  ["none, as some launchers write it", "NoDevFiles", [0, 0, 0, 0]],
])("four processes of a machine that see %s ask CUDA for their own", (_, visible, numbers) => {
  expect([0, 1, 2, 3].map((localRank) => gpuNumber(localRank, visible))).toEqual(numbers);
});

test("a number is not dropped where a device takes none", () => {
  expect(() => nodeRuntime({ device: "webgpu", deviceNumber: 1 })).toThrow(
    "runtime: webgpu takes no number of a GPU, but 1 is given; only cuda does",
  );
});
