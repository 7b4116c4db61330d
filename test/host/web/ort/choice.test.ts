import { describe, expect, test } from "vitest";
import {
  browserFacts,
  chooseBuild,
  chooseThreads,
  type Adapter,
  type BrowserFacts,
} from "../../../../src/host/web/ort/choice.ts";
import { resolveDevice, type DeviceSetup } from "../../../../src/host/web/ort/devices.ts";
import { webOrt } from "../../../../src/host/web/ort/ort.ts";

const facts: BrowserFacts = {
  cores: 8,
  isolated: true,
  phone: false,
  suspending: true,
  gpu: undefined,
};

describe("builds of onnxruntime-web", () => {
  test.each([
    ["cpu", true, "wasm"],
    ["cpu", false, "wasm"],
    ["webgpu", true, "jspi"],
    ["webgpu", false, "webgpu"],
  ] as const)("%s, suspending %s: %s", (device, suspending, build) => {
    expect(chooseBuild(device, { suspending })).toBe(build);
  });
});

describe("threads", () => {
  test.each([
    [facts, undefined, 8, /^8 threads$/],
    [facts, 2, 2, /^2 threads$/],
    [{ ...facts, cores: 1, isolated: false }, undefined, 1, /^1 thread$/],
    [{ ...facts, isolated: false }, undefined, 1, /not cross-origin isolated; serve it with/],
    [{ ...facts, phone: true }, undefined, 1, /^1 thread, as on every phone$/],
  ])("%j, at most %s: %i", (browser, most, threads, note) => {
    const choice = chooseThreads(browser, most);
    expect(choice.threads).toBe(threads);
    expect(choice.note).toMatch(note);
  });

  test("none at all are refused", () => {
    expect(() => chooseThreads(facts, 0)).toThrow("runtime: 0 threads; it must be at least 1");
  });

  test("fewer than ONNX Runtime of the page has are refused, since all sessions share them", async () => {
    await expect(webOrt({ facts }).runtime({ threads: 2 })).rejects.toThrow(
      "runtime: 2 threads, but ONNX Runtime of this page has 8 for all of its sessions; create it with 2",
    );
  });
});

test("a browser's facts come from its globals, in pages and in workers", () => {
  const navigator = { hardwareConcurrency: 4, userAgent: "Mozilla/5.0 (Linux; Android 16)" };
  const globals = { navigator, crossOriginIsolated: true, WebAssembly: { Suspending: true } };
  expect(browserFacts(globals)).toEqual({
    ...{ cores: 4, isolated: true, phone: true, suspending: true },
    gpu: undefined,
  });
  const desktop = { navigator: { userAgentData: { mobile: false } }, WebAssembly: {} };
  expect(browserFacts(desktop)).toEqual({
    ...{ cores: 1, isolated: false, phone: false, suspending: false },
    gpu: undefined,
  });
});

describe("devices where there is no GPU", () => {
  const unused = (): never => {
    throw new Error("no build of ONNX Runtime may be loaded");
  };
  const setup = (adapter?: Adapter | null): DeviceSetup => ({
    threads: "8 threads",
    open: unused,
    facts: {
      ...facts,
      gpu: adapter === undefined ? undefined : { requestAdapter: () => Promise.resolve(adapter) },
    },
  });
  const info = { vendor: "", architecture: "", isFallbackAdapter: true };

  test.each([
    [undefined, /^device cpu, 8 threads; webgpu: this browser has no WebGPU/],
    [null, /^device cpu, 8 threads; webgpu: the browser offers no graphics adapter/],
    [{ info }, /^device cpu, 8 threads; webgpu: its only adapter is software/],
  ])("auto takes the processor, says why, and loads nothing: %j", async (adapter, note) => {
    const choice = await resolveDevice("auto", setup(adapter));
    expect(choice.device).toBe("cpu");
    expect(choice.note).toMatch(note);
  });

  test.each([
    ["webgpu", /^device webgpu: this browser has no WebGPU.*; available devices: cpu$/],
    ["cuda", /^device cuda: browsers have no such device; available devices: cpu, and webgpu/],
  ] as const)("%s that is asked for is an error", async (name, message) => {
    await expect(resolveDevice(name, setup())).rejects.toMatchObject({
      message: expect.stringMatching(message) as string,
      code: "device-unavailable",
    });
  });
});
