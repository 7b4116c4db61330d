import type * as ort from "onnxruntime-web";
import type { Feeds, NdArray, Runtime, Session } from "../../../engine/graph/index.ts";
import { noCpuFallback } from "../../both/ort/failure.ts";
import type { WebDevice } from "./choice.ts";
import { explainFailure } from "./failure.ts";
import { GpuSession } from "./gpu-session.ts";
import type { OrtWeb } from "./module.ts";
import { type Queue, queueOf } from "./queue.ts";
import { copyInto, toArray, toTensors } from "./values.ts";

export interface WebRuntimeOptions {
  /** The processor, by WebAssembly, unless it is `webgpu`, which only some entries of onnxruntime-web have. */
  readonly device?: WebDevice;
}

type Options = ort.InferenceSession.SessionOptions;

/**
 * ONNX Runtime in a browser. The caller passes the module in, as `loadOrt` does, having chosen one of its entries
 * (`onnxruntime-web/wasm`, `/webgpu`, …), which differ in size by megabytes, and told it where its .wasm files are.
 *
 * Sessions of one module are created and run one at a time, in the order of the calls: they share one WebAssembly instance,
 * which refuses a second call while another one is running on a GPU.
 */
export function webRuntime(module: OrtWeb, { device = "cpu" }: WebRuntimeOptions = {}): Runtime {
  const queue = queueOf(module);
  const open = (model: Uint8Array | string, whole: boolean, extra?: Options) => {
    const options: Options = {
      // In its own layout for WebGPU a depthwise convolution would be between two transposes.
      executionProviders: [
        device === "webgpu" ? { name: device, preferredLayout: "NCHW" } : "wasm",
      ],
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
      ...(whole && device === "webgpu" && { extra: { session: noCpuFallback } }),
      ...extra,
    };
    return queue.add(() => {
      const session =
        typeof model === "string"
          ? module.InferenceSession.create(model, options)
          : module.InferenceSession.create(model, options);
      return session.catch((error: unknown) => {
        throw explainFailure(error, device);
      });
    });
  };
  return {
    device,
    async createSession(model, { whole = false } = {}) {
      return new WebSession(module, await open(model, whole), queue, device);
    },
    ...(device === "webgpu" && {
      async createDeviceSession(model: Uint8Array, kept: readonly string[]) {
        const preferredOutputLocation = Object.fromEntries(
          kept.map((name) => [name, "gpu-buffer"] as const),
        );
        const session = await open(model, true, { preferredOutputLocation });
        return new GpuSession(module, session, queue);
      },
    }),
  };
}

class WebSession implements Session {
  private released: Promise<void> | undefined;

  constructor(
    private readonly module: OrtWeb,
    private readonly session: ort.InferenceSession,
    private readonly queue: Queue,
    private readonly device: WebDevice,
  ) {}

  get inputNames(): readonly string[] {
    return this.session.inputNames;
  }

  async run(
    feeds: Feeds,
    fetches: Readonly<Record<string, NdArray | null>>,
  ): Promise<Record<string, NdArray>> {
    if (this.released) throw new Error("session: run after release; create a new session");
    const inputs = toTensors(this.module, this.session.inputNames, feeds);
    const outputs = Object.fromEntries(Object.keys(fetches).map((name) => [name, null]));
    for (const name of Object.keys(fetches)) {
      if (!this.session.outputNames.includes(name))
        throw new Error(
          `session: no output ${name}; the outputs are ${this.session.outputNames.join(", ")}`,
        );
    }
    // onnxruntime-web does not write into the arrays passed for outputs; hence null and a copy.
    const results = await this.queue
      .add(() => this.session.run(inputs, outputs))
      .catch((error: unknown) => {
        throw explainFailure(error, this.device);
      });
    const out: Record<string, NdArray> = {};
    for (const [name, array] of Object.entries(fetches)) {
      const result = results[name]!;
      out[name] = array === null ? toArray(result) : copyInto(array, result, name);
      result.dispose();
    }
    return out;
  }

  async release(): Promise<void> {
    await (this.released ??= this.queue.add(() => this.session.release()));
  }
}
