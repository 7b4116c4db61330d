import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { resolveDevice } from "../../../../src/host/node/ort/devices.ts";
import { UserError } from "../../../../src/user-error.ts";

test("the CPU needs no looking for", async () => {
  expect(await resolveDevice("cpu")).toEqual({ device: "cpu" });
});

test("auto names the device it chose, and says no more", async () => {
  const { device, note } = await resolveDevice("auto");
  expect(note).toBe(`device ${device}`);
});

test("a device that is asked for and missing is an error that lists what is there", async () => {
  // No system has both.
  const missing = process.platform === "darwin" ? "dml" : "coreml";
  const error = await resolveDevice(missing).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).message).toMatch(
    new RegExp(`^device ${missing}: .*; available devices: cpu`),
  );
});

// Where somebody fetched the libraries there is nothing missing to speak of.
const { listSupportedBackends } = await import("onnxruntime-node");
const cuda = listSupportedBackends().some(({ name }) => name === "cuda");
const fetched = existsSync(
  `node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}/libonnxruntime_providers_cuda.so`,
);

test.runIf(cuda && !fetched)("CUDA without its libraries says how to get them", async () => {
  const error = (await resolveDevice("cuda").catch((thrown: unknown) => thrown)) as UserError;
  expect(error).toBeInstanceOf(UserError);
  expect(error.remedies).toEqual([{ kind: "cuda-libraries" }]);
  expect(error.message).toMatch(
    /^device cuda: ONNX Runtime's CUDA libraries .*; available devices: cpu/,
  );
});

test.runIf(cuda && !fetched)(
  "one of several processes is told which GPU it would have had, and gets the CPU if it may choose",
  async () => {
    const error = (await resolveDevice("cuda", { localRank: 1 }).catch(
      (thrown: unknown) => thrown,
    )) as UserError;
    expect(error.message).toMatch(/^device cuda, GPU [01]: ONNX Runtime's CUDA libraries/);
    const chosen = await resolveDevice("auto", { localRank: 1 });
    expect(chosen).toEqual({ device: "cpu", note: "device cpu" });
  },
);

test("a choice made before is not tried out again", async () => {
  const missing = process.platform === "darwin" ? "dml" : "coreml";
  expect(await resolveDevice({ device: missing })).toEqual({ device: missing });
});
