import type { RuntimeOptions } from "../../host/host.ts";
import type { Config } from "../config.ts";
import { sizeOf, type NdArray, type Runtime } from "../../engine/graph/index.ts";
import type { Thresholds } from "../labels/index.ts";
import type { Phase } from "./phase.ts";
import { LabelMaker, type LabelInput, type LabelSeconds, type StepLabels } from "./labels.ts";
import { networkOf } from "../model/network-of.ts";

/** Setup of a label thread; the same in all requests of a pool. */
export interface LabelSetup {
  readonly config: Config;
  readonly classes: readonly string[];
  /** Place of each weight in `shared`; offsets count float32 values. */
  readonly places: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly offset: number;
  }[];
  readonly shared: SharedArrayBuffer;
  /** Threads that one operator uses. */
  readonly threads: number;
}

/** One crop for `LabelPool`, as plain data that can be sent to a worker. */
export interface LabelRequest {
  readonly setup: LabelSetup;
  /** Changes whenever the weights do. */
  readonly version: number;
  readonly phase: Phase;
  /** Those of the settings by default. */
  readonly thresholds?: Thresholds;
  readonly input: LabelInput;
}

export interface LabelReply {
  readonly labels: StepLabels;
  readonly seconds: LabelSeconds;
}

/** Parts of the host that a label thread needs. */
export interface LabelHost {
  runtime(options: RuntimeOptions): Promise<Runtime>;
  now(): number;
}

/**
 * The network of a label thread. It has its own copy of the weights, because ONNX Runtime cannot read shared memory.
 */
class LabelThread {
  private readonly parameters: Readonly<Record<string, NdArray>>;
  private readonly values: Float32Array;
  private readonly maker: LabelMaker;
  private version = 0;

  constructor(
    private readonly setup: LabelSetup,
    runtime: Runtime,
    now: () => number,
  ) {
    const { config, classes, places, shared } = setup;
    const values = new Float32Array(shared.byteLength / Float32Array.BYTES_PER_ELEMENT);
    const parameters = places.map(({ name, shape, offset }): [string, NdArray] => {
      const data = values.subarray(offset, offset + sizeOf(shape));
      return [name, { dtype: "float32", shape, data }];
    });
    this.values = values;
    this.parameters = Object.fromEntries(parameters);
    const network = networkOf(config, classes);
    this.maker = new LabelMaker(runtime, network, this.parameters, config, now);
  }

  make({ version, phase, thresholds, input }: LabelRequest): Promise<LabelReply> {
    if (version !== this.version) this.values.set(new Float32Array(this.setup.shared));
    this.version = version;
    return this.maker.makeOne(input, phase, thresholds);
  }
}

let thread: LabelThread | undefined;

/** Makes the labels of one crop in a worker thread. The thread keeps its network for the next crop. */
export async function makeLabels(
  request: LabelRequest,
  { runtime, now }: LabelHost,
): Promise<LabelReply> {
  const { setup } = request;
  thread ??= new LabelThread(setup, await runtime({ threads: setup.threads }), now);
  return thread.make(request);
}
