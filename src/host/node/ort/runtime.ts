import { availableParallelism } from "node:os";
import type * as ort from "onnxruntime-node";
import type { Feeds, NdArray, Runtime, Session } from "../../../engine/graph/index.ts";
import type { RuntimeOptions } from "../../host.ts";
import { explainFallback, noCpuFallback } from "../../both/ort/failure.ts";
import { findChannelBlock } from "./channel-block.ts";
import { GpuSession } from "./gpu-session.ts";
import { describeWasm, loadOrt } from "./load-ort.ts";
import { toArray, toTensor, toTensors } from "./ort-values.ts";
import { wasmRuntime } from "./wasm-runtime.ts";

type Options = ort.InferenceSession.SessionOptions;

/**
 * ONNX Runtime in Node: native code, or WebAssembly where there is none. `run` blocks the calling thread until the graph is
 * computed.
 */
export function nodeRuntime(options: RuntimeOptions = {}): Runtime {
  const loaded = loadOrt();
  if (loaded.kind === "native") return nativeRuntime(loaded.ort, options);
  const { device = "cpu", threads = availableParallelism() } = options;
  if (device !== "cpu") throw new Error(`device ${device}: ${describeWasm(loaded.reason)}`);
  const runtime = wasmRuntime(loaded.ort, threads);
  return { ...runtime, channelBlock: () => (channelBlock ??= findChannelBlock(runtime)) };
}

function nativeRuntime(
  { InferenceSession }: typeof ort,
  { device = "cpu", deviceNumber, threads = availableParallelism() }: RuntimeOptions,
): Runtime {
  const provider = providerOf(device, deviceNumber);
  const open = (model: Uint8Array | string, whole: boolean, extra?: Options) => {
    const options: Options = {
      executionProviders: [provider],
      graphOptimizationLevel: "all",
      executionMode: "sequential",
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      enableCpuMemArena: true,
      // The memory pattern would keep a third more memory resident, at the same speed.
      enableMemPattern: false,
      logSeverityLevel: 3,
      extra: {
        session: {
          // Every session has threads of its own. If they kept spinning after a run, they would take the cores from
          // the next session, and the passes of a small network would take twice as long.
          force_spinning_stop: "1",
          ...(whole && device === "webgpu" && noCpuFallback),
        },
      },
      ...extra,
    };
    const session =
      typeof model === "string"
        ? InferenceSession.create(model, options)
        : InferenceSession.create(model, options);
    return session.catch((error: unknown) => {
      throw explainFallback(error, device);
    });
  };
  const runtime: Runtime = {
    device,
    async createSession(model, { whole = false } = {}) {
      return new NodeSession(await open(model, whole));
    },
    ...(device === "cpu" && {
      channelBlock: () => (channelBlock ??= findChannelBlock(runtime)),
    }),
    ...(device === "webgpu" && {
      async createDeviceSession(model: Uint8Array, kept: readonly string[]) {
        const preferredOutputLocation = Object.fromEntries(
          kept.map((name) => [name, "gpu-buffer"] as const),
        );
        return new GpuSession(await open(model, true, { preferredOutputLocation }));
      },
    }),
  };
  return runtime;
}

/** A device, and which of several GPUs, as ONNX Runtime has them in its options. */
function providerOf(
  device: string,
  number: number | undefined,
): ort.InferenceSession.ExecutionProviderConfig {
  // In ONNX Runtime's own layout for WebGPU a depthwise convolution would be between two transposes.
  if (device === "webgpu" && number === undefined) return { name: device, preferredLayout: "NCHW" };
  if (number === undefined) return device;
  if (device !== "cuda") {
    throw new RangeError(
      `runtime: ${device} takes no number of a GPU, but ${number} is given; only cuda does`,
    );
  }
  return { name: device, deviceId: number };
}

/** Channel block of this processor, once detected. */
let channelBlock: Promise<number> | undefined;

class NodeSession implements Session {
  private released: Promise<void> | undefined;

  constructor(private readonly session: ort.InferenceSession) {}

  get inputNames(): readonly string[] {
    return this.session.inputNames;
  }

  async run(
    feeds: Feeds,
    fetches: Readonly<Record<string, NdArray | null>>,
  ): Promise<Record<string, NdArray>> {
    const wanted: Record<string, ort.Tensor | null> = {};
    for (const [name, value] of Object.entries(fetches)) wanted[name] = value && toTensor(value);
    const results = await this.session.run(toTensors(this.session.inputNames, feeds), wanted);
    const out: Record<string, NdArray> = {};
    for (const [name, value] of Object.entries(fetches)) {
      const result = results[name];
      if (!result)
        throw new Error(
          `session: no output ${name}; outputs: ${this.session.outputNames.join(", ")}`,
        );
      out[name] = value ?? toArray(result);
    }
    return out;
  }

  async release(): Promise<void> {
    await (this.released ??= this.session.release());
  }
}
