import type * as ort from "onnxruntime-web";
import {
  type DType,
  type Feeds,
  type NdArray,
  type Runtime,
  type Session,
  isOnDevice,
} from "../../engine/graph/index.ts";

/** The parts of onnxruntime-web that graphs need, whichever of its entries they come from. */
export type OrtWeb = Pick<typeof ort, "InferenceSession" | "Tensor">;

export interface WebRuntimeOptions {
  /** An execution provider of onnxruntime-web. */
  readonly device?: "wasm" | "webgpu";
}

/**
 * ONNX Runtime in a browser. The caller passes the module in, having chosen one of its entries (`onnxruntime-web/wasm`,
 * `/webgpu`, …), which differ in size by megabytes, and told it where its .wasm files are.
 *
 * Sessions of one module are created and run one at a time, in the order of the calls: they share one WebAssembly instance,
 * which refuses a second call while another one is running on a GPU.
 */
export function webRuntime(module: OrtWeb, { device = "wasm" }: WebRuntimeOptions = {}): Runtime {
  const queue = queueOf(module);
  return {
    device,
    createSession: (model, { whole = false } = {}) =>
      queue.add(async () => {
        const options: ort.InferenceSession.SessionOptions = {
          // In its own layout for WebGPU a depthwise convolution would be between two transposes.
          executionProviders: [
            device === "webgpu" ? { name: device, preferredLayout: "NCHW" } : device,
          ],
          graphOptimizationLevel: "all",
          logSeverityLevel: 3,
          ...(whole &&
            device === "webgpu" && { extra: { session: { disable_cpu_ep_fallback: "1" } } }),
        };
        const session =
          typeof model === "string"
            ? await module.InferenceSession.create(model, options)
            : await module.InferenceSession.create(model, options);
        return new WebSession(module, session, queue);
      }),
  };
}

class WebSession implements Session {
  private released: Promise<void> | undefined;

  constructor(
    private readonly module: OrtWeb,
    private readonly session: ort.InferenceSession,
    private readonly queue: Queue,
  ) {}

  get inputNames(): readonly string[] {
    return this.session.inputNames;
  }

  async run(
    feeds: Feeds,
    fetches: Readonly<Record<string, NdArray | null>>,
  ): Promise<Record<string, NdArray>> {
    if (this.released) throw new Error("session: run after release; create a new session");
    const inputs = this.inputs(feeds);
    const outputs = Object.fromEntries(Object.keys(fetches).map((name) => [name, null]));
    for (const name of Object.keys(fetches)) {
      if (!this.session.outputNames.includes(name))
        throw new Error(
          `session: no output ${name}; the outputs are ${this.session.outputNames.join(", ")}`,
        );
    }
    // onnxruntime-web does not write into the arrays passed for outputs; hence null and a copy.
    const results = await this.queue.add(() => this.session.run(inputs, outputs));
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

  private inputs(feeds: Feeds): Record<string, ort.Tensor> {
    const { inputNames } = this.session;
    const tensors: Record<string, ort.Tensor> = {};
    for (const name of inputNames) {
      const value = feeds[name];
      if (!value)
        throw new Error(
          `session: no value for input ${name}; there are values for ${Object.keys(feeds).join(", ")}`,
        );
      if (isOnDevice(value))
        throw new Error(`session: input ${name} is a device array; feed an array in host memory`);
      const { dtype, shape, data } = value;
      tensors[name] = new this.module.Tensor(dtype, data as Float32Array, [...shape]);
    }
    return tensors;
  }
}

function toArray({ type, dims, data }: ort.Tensor): NdArray {
  return { dtype: type as DType, shape: dims, data: bitsOf(data) };
}

/** Writes an output into the caller's array, which must have its type and shape. */
function copyInto(array: NdArray, result: ort.Tensor, name: string): NdArray {
  const { type, dims } = result;
  if (array.dtype !== type || String(array.shape) !== String(dims)) {
    throw new RangeError(
      `session: output ${name} is ${type} [${dims}], its array ${array.dtype} [${array.shape}]; ` +
        "pass an array of the output's type and shape, or null",
    );
  }
  (array.data as Float32Array).set(bitsOf(result.data) as Float32Array);
  return array;
}

/** Elements of a tensor; float16 as bits, even where the browser has a Float16Array. */
function bitsOf(data: ort.Tensor["data"]): NdArray["data"] {
  if (!ArrayBuffer.isView(data))
    throw new TypeError("session: an output holds strings; only numbers are supported");
  if (data.constructor.name !== "Float16Array") return data as NdArray["data"];
  return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}

/** Runs tasks one after the other, also after one that failed. */
class Queue {
  private last: Promise<unknown> = Promise.resolve();

  add<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(task);
    this.last = result.catch(() => undefined);
    return result;
  }
}

const queues = new WeakMap<OrtWeb["InferenceSession"], Queue>();

/** The queue of a module, shared by all of its runtimes. */
function queueOf({ InferenceSession }: OrtWeb): Queue {
  let queue = queues.get(InferenceSession);
  if (!queue) queues.set(InferenceSession, (queue = new Queue()));
  return queue;
}
