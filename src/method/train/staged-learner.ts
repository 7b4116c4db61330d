import {
  type DeviceRuntime,
  type DeviceSession,
  type Feeds,
  type NdArray,
  type Session,
  transferModel,
} from "../../engine/graph/index.ts";
import type { Exchange } from "../../host/exchange.ts";
import { type DeviceArrays, freeAll, prefixed, shapesOf } from "./device-arrays.ts";
import { DeviceGradients } from "./device-gradients.ts";
import { gradientless, type Learner, type PassResults } from "./learner.ts";
import type { NetworkState } from "./network-state.ts";
import type { Rates } from "./optimizer.ts";
import type { StepGraph } from "./step-graph.ts";

/**
 * Trains on a device with its own memory together with other processes. The gradients of a step leave the device once, as sums over
 * the parts of this process; they are summed over the processes and used in host memory, from which the new weights go back. So
 * every process has the same weights to the last bit, also if the devices are of different kinds and round differently, and each
 * step transfers two numbers for a parameter, however many parts it has.
 */
export class StagedLearner implements Learner {
  /** `state.loads` at the last upload: a different value means that the state has been loaded since. */
  private uploadedLoads = 0;
  /** Copies of the weights, which are those of the state. */
  private weights: DeviceArrays = {};
  private readonly gradients: DeviceGradients;
  private uploader: DeviceSession | null = null;
  /** Reads the gradients of the compiled graph. */
  private reader: Session | null = null;

  constructor(
    private readonly runtime: DeviceRuntime,
    private readonly state: NetworkState,
  ) {
    this.gradients = new DeviceGradients(runtime, state);
  }

  async begin(): Promise<void> {
    if (this.uploadedLoads !== this.state.loads) await this.upload();
  }

  async prepare(graph: StepGraph): Promise<void> {
    await this.rest();
    for (const name of gradientless(graph, this.state))
      this.state.optimizer.gradients[name]!.fill(0);
    await this.gradients.prepare(graph);
  }

  pass(feeds: Feeds, part: number): Promise<PassResults> {
    return this.gradients.pass(feeds, part);
  }

  async total(exchange: Exchange): Promise<void> {
    const { gradients, state } = this;
    await gradients.complete();
    this.reader ??= await this.runtime.createSession(transferModel(shapesOf(gradients.total)), {
      whole: true,
    });
    const names = Object.keys(gradients.total);
    // Read into the arrays that the optimizer reads.
    const fetches = Object.fromEntries(names.map((name) => [name, state.gradients[name]!]));
    await this.reader.run(prefixed("from.", gradients.total), fetches);
    gradients.drop();
    await exchange.sum(state.optimizer.allGradients);
  }

  async update(rates: Rates): Promise<string[]> {
    const nonFinite = this.state.optimizer.step(rates);
    await this.upload();
    return nonFinite;
  }

  async download(): Promise<void> {}

  async rest(): Promise<void> {
    await this.gradients.rest();
    const { reader } = this;
    this.reader = null;
    await reader?.release();
  }

  async release(): Promise<void> {
    await this.rest();
    const { uploader, state } = this;
    this.uploader = null;
    freeAll(Object.values(this.weights));
    this.weights = {};
    this.uploadedLoads = 0;
    Object.assign(state.feeds, state.parameters);
    await uploader?.release();
  }

  /** Replaces the weights on the device by those of the state, and feeds the graphs with them. */
  private async upload(): Promise<void> {
    const { parameters, network, feeds } = this.state;
    // Buffers stay on the host, where BatchNorm's running statistics are updated.
    const names = network.trainable.map(({ name }) => name);
    const values: Record<string, NdArray> = {};
    for (const name of names) values[name] = parameters[name]!;
    this.uploader ??= await this.runtime.createDeviceSession(
      transferModel(shapesOf(values)),
      names,
    );
    freeAll(Object.values(this.weights));
    const { device } = await this.uploader.run(prefixed("from.", values));
    this.weights = device;
    Object.assign(feeds, device);
    this.uploadedLoads = this.state.loads;
  }
}
