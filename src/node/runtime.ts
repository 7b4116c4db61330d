import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import type { NdArray, Runtime, Session } from "../graph/index.ts";

export interface RuntimeOptions {
  /** An execution provider of ONNX Runtime that is there: "cpu", "webgpu", "cuda", … */
  readonly device?: string;
  /** Threads inside an operator; all cores by default. */
  readonly threads?: number;
}

/** ONNX Runtime in Node. `run` occupies the calling thread until the graph is done. */
export function nodeRuntime({
  device = "cpu",
  threads = availableParallelism(),
}: RuntimeOptions = {}): Runtime {
  return {
    device,
    async createSession(model) {
      const options: ort.InferenceSession.SessionOptions = {
        executionProviders: [device],
        graphOptimizationLevel: "all",
        executionMode: "sequential",
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        enableCpuMemArena: true,
        // Its plan keeps a third more memory resident, at the same speed.
        enableMemPattern: false,
        logSeverityLevel: 3,
        // Every session has threads of its own. Left spinning after a run they take the cores from the
        // next session: without this the passes of a small network take twice as long.
        extra: { session: { force_spinning_stop: "1" } },
      };
      const session = await (typeof model === "string"
        ? ort.InferenceSession.create(model, options)
        : ort.InferenceSession.create(model, options));
      return new NodeSession(session);
    },
  };
}

class NodeSession implements Session {
  constructor(private readonly session: ort.InferenceSession) {}

  get inputNames(): readonly string[] {
    return this.session.inputNames;
  }

  async run(
    feeds: Readonly<Record<string, NdArray>>,
    fetches: Readonly<Record<string, NdArray | null>>,
  ): Promise<Record<string, NdArray>> {
    const given: Record<string, ort.Tensor> = {};
    for (const name of this.session.inputNames) {
      const value = feeds[name];
      if (!value)
        throw new Error(`session: input ${name} was not fed; got ${Object.keys(feeds).join(", ")}`);
      given[name] = tensor(value);
    }
    const wanted: Record<string, ort.Tensor | null> = {};
    for (const [name, value] of Object.entries(fetches)) wanted[name] = value && tensor(value);
    const results = await this.session.run(given, wanted);
    const out: Record<string, NdArray> = {};
    for (const [name, value] of Object.entries(fetches)) {
      const result = results[name];
      if (!result)
        throw new Error(
          `session: no output ${name}; there is ${this.session.outputNames.join(", ")}`,
        );
      out[name] = value ?? {
        dtype: result.type as NdArray["dtype"],
        shape: result.dims,
        data: result.data as NdArray["data"],
      };
    }
    return out;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

function tensor({ dtype, data, shape }: NdArray): ort.Tensor {
  return new ort.Tensor(dtype, data as Float32Array, [...shape]);
}
