import {
  add,
  type DeviceRuntime,
  type DeviceSession,
  type Feeds,
  input,
  writeModel,
} from "../../engine/graph/index.ts";
import { PairwiseSum } from "../../engine/pairwise-sum.ts";
import { type DeviceArrays, freeAll, prefixed } from "./device-arrays.ts";
import type { PassResults } from "./learner.ts";
import type { NetworkState } from "./network-state.ts";
import type { StepGraph } from "./step-graph.ts";

interface Compiled {
  readonly session: DeviceSession;
  /** Adds the gradients of a part to the sum so far; created when the second part is computed. */
  adder: DeviceSession | null;
}

/** The gradients of a batch in the memory of a device, by `grad.<name>`: computed in parts, and added there. */
export class DeviceGradients {
  /** Sum over the parts of the last complete batch. */
  total: DeviceArrays = {};
  /** Gradients of the parts of a batch that is not complete. */
  private readonly sums = new PairwiseSum<DeviceArrays>((a, b) => this.add(a, b));
  private compiled: Compiled | null = null;

  constructor(
    private readonly runtime: DeviceRuntime,
    private readonly state: NetworkState,
  ) {}

  /** Compiles the graph of the following passes. */
  async prepare(graph: StepGraph): Promise<void> {
    await this.rest();
    const gradients = graph.gradients.map((name) => `grad.${name}`);
    const session = await this.runtime.createDeviceSession(graph.model, gradients);
    this.compiled = { session, adder: null };
  }

  /** Computes one part of a batch; part 0 begins a new sum. */
  async pass(feeds: Feeds, part: number): Promise<PassResults> {
    const { session } = this.compiled!;
    const { host, device } = await session.run({ ...this.state.feeds, ...feeds });
    if (part === 0) this.drop();
    await this.sums.add(device);
    return host;
  }

  /** Completes the sum after the last part. */
  async complete(): Promise<void> {
    this.total = (await this.sums.total())!;
  }

  /** Frees all gradients. */
  drop(): void {
    const unfinished = this.sums.clear();
    freeAll([this.total, ...unfinished].flatMap((arrays) => Object.values(arrays)));
    this.total = {};
  }

  /** Frees all gradients and the compiled graph. */
  async rest(): Promise<void> {
    const { compiled } = this;
    this.compiled = null;
    this.drop();
    await compiled?.session.release();
    await compiled?.adder?.release();
  }

  /** Adds the gradients of two runs of parts, and frees both. */
  private async add(a: DeviceArrays, b: DeviceArrays): Promise<DeviceArrays> {
    const compiled = this.compiled!;
    compiled.adder ??= await this.createAdder(a);
    const { device } = await compiled.adder.run({ ...prefixed("a.", a), ...prefixed("b.", b) });
    freeAll([...Object.values(a), ...Object.values(b)]);
    return device;
  }

  private createAdder(gradients: DeviceArrays): Promise<DeviceSession> {
    const sums = Object.fromEntries(
      Object.entries(gradients).map(([name, { shape }]) => [
        name,
        add(input(`a.${name}`, shape), input(`b.${name}`, shape)),
      ]),
    );
    return this.runtime.createDeviceSession(writeModel(sums), Object.keys(sums));
  }
}
