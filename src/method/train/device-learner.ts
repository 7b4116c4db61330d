import {
  type DeviceArray,
  type DeviceRuntime,
  type DeviceSession,
  type Feed,
  type Feeds,
  float32,
  isOnDevice,
  type NdArray,
} from "../../engine/graph/index.ts";
import type { Exchange } from "../../host/exchange.ts";
import { adamwModel, blocksOf, lane, type Block } from "./device-adamw.ts";
import { type DeviceArrays, freeAll, read, upload } from "./device-arrays.ts";
import { DeviceGradients } from "./device-gradients.ts";
import { gradientless, type Learner, type PassResults } from "./learner.ts";
import type { NetworkState } from "./network-state.ts";
import { type Rates, missingGroup, updateFactors } from "./optimizer.ts";
import type { StepGraph } from "./step-graph.ts";

/** Moments of a block: host arrays until its first update, then on the device. */
interface Moments {
  m: Feed;
  v: Feed;
}

/**
 * Trains in the memory of a device, where weights, gradients and moments stay from step to step. Each step transfers
 * the batch to the device, and from it the losses, the statistics and one number for each block. For a process that trains
 * alone; see `StagedLearner` for several.
 */
export class DeviceLearner implements Learner {
  /** `state.loads` at the last upload: a different value means that the state has been loaded since. */
  private uploadedLoads = 0;
  private weights: Record<string, DeviceArray> = {};
  private readonly gradients: DeviceGradients;
  /** Gradients of the parameters that the loss of the compiled graph does not depend on. */
  private zeroGradients: DeviceArrays = {};
  private blocks: readonly Block[] = [];
  private moments: Moments[] = [];
  private optimizer: DeviceSession | null = null;

  constructor(
    private readonly runtime: DeviceRuntime,
    private readonly state: NetworkState,
  ) {
    this.gradients = new DeviceGradients(runtime, state);
  }

  async begin(): Promise<void> {
    if (this.uploadedLoads === this.state.loads) return;
    await this.empty();
    await this.uploadWeights();
    this.placeMoments();
    this.uploadedLoads = this.state.loads;
  }

  /** Copies the weights to the device; from then on the graphs are fed with these. */
  private async uploadWeights(): Promise<void> {
    const { parameters, network, feeds } = this.state;
    // Buffers stay on the host, where BatchNorm's running statistics are updated.
    const names = network.trainable.map(({ name }) => name);
    const values = Object.fromEntries(names.map((name) => [name, parameters[name]!]));
    this.weights = { ...(await upload(this.runtime, values)) };
    Object.assign(feeds, this.weights);
  }

  /** Divides the parameters into blocks and lays out the moments of each as one array. */
  private placeMoments(): void {
    const { state } = this;
    const { m, v, updates } = state.optimizer;
    const parts = state.learned.map(({ name, group }, index) => ({
      name,
      index,
      size: state.parameters[name]!.data.length,
      group,
    }));
    // The parameters of a block have the same rates and bias correction. Runs of versions before 0.3.0 counted no
    // updates of the decoder and the affinity head in the classification phase.
    this.blocks = blocksOf(parts, ({ group, index }) => `${group} ${updates[index]}`);
    this.moments = this.blocks.map((block) => ({
      m: concatenate(block, m),
      v: concatenate(block, v),
    }));
  }

  async prepare(graph: StepGraph): Promise<void> {
    await this.rest();
    await this.gradients.prepare(graph);
    const zeros = gradientless(graph, this.state).map((name) => {
      const { shape, data } = this.state.parameters[name]!;
      return [`grad.${name}`, float32(shape, new Float32Array(data.length))] as const;
    });
    this.zeroGradients = await upload(this.runtime, Object.fromEntries(zeros));
  }

  pass(feeds: Feeds, part: number): Promise<PassResults> {
    return this.gradients.pass(feeds, part);
  }

  async total({ size }: Exchange): Promise<void> {
    if (size > 1) throw new Error("device learner: gradients of several processes");
    await this.gradients.complete();
  }

  async update(rates: Rates): Promise<string[]> {
    const { updates, betas } = this.state.optimizer;
    this.optimizer ??= await this.createOptimizer();
    const feeds: Record<string, Feed> = {};
    for (const [b, { group, parts }] of this.blocks.entries()) {
      const first = parts[0]!;
      const groupRates = rates[group] ?? missingGroup(group, first.name, rates);
      const factors = updateFactors(Number(updates[first.index]!) + 1, groupRates, betas);
      for (const [name, factor] of Object.entries(factors)) {
        feeds[`${name}.${b}`] = float32([1], [factor as number]);
      }
      feeds[`m.${b}`] = this.moments[b]!.m;
      feeds[`v.${b}`] = this.moments[b]!.v;
      for (const { name, size } of parts) {
        feeds[`value.${name}`] = this.weights[name]!.reshape([size]);
        feeds[`gradient.${name}`] = this.gradientOf(name).reshape([size]);
      }
    }
    const { host, device } = await this.optimizer.run(feeds);
    const nonFinite: string[] = [];
    for (const [b, block] of this.blocks.entries()) {
      for (const part of block.parts) this.takeWeight(part, device[`new.value.${part.name}`]!);
      freeAll(Object.values(this.moments[b]!));
      this.moments[b] = { m: device[`new.m.${b}`]!, v: device[`new.v.${b}`]! };
      if (Number(host[`poison.${b}`]!.data[0]) !== 0) {
        nonFinite.push(...(await this.nonFiniteIn(block)));
      }
    }
    this.gradients.drop();
    return nonFinite;
  }

  async download(): Promise<void> {
    if (this.uploadedLoads !== this.state.loads) return;
    const { values, m, v } = this.state.optimizer;
    const onDevice: Record<string, DeviceArray> = {};
    for (const { name } of this.state.learned) onDevice[`value.${name}`] = this.weights[name]!;
    for (const [b, moments] of this.moments.entries()) {
      if (isOnDevice(moments.m)) onDevice[`m.${b}`] = moments.m;
      if (isOnDevice(moments.v)) onDevice[`v.${b}`] = moments.v;
    }
    const arrays = await read(this.runtime, onDevice);
    const data = (name: string) => arrays[name]?.data as Float32Array | undefined;
    for (const { name } of this.state.learned) values[name]!.set(data(`value.${name}`)!);
    for (const [b, block] of this.blocks.entries()) {
      distribute(block, data(`m.${b}`), m);
      distribute(block, data(`v.${b}`), v);
    }
  }

  async rest(): Promise<void> {
    await this.gradients.rest();
    freeAll(Object.values(this.zeroGradients));
    this.zeroGradients = {};
  }

  async release(): Promise<void> {
    await this.rest();
    await this.empty();
  }

  private createOptimizer(): Promise<DeviceSession> {
    const { model, deviceOutputs } = adamwModel(this.blocks, this.state.optimizer);
    return this.runtime.createDeviceSession(model, deviceOutputs);
  }

  private gradientOf(name: string): DeviceArray {
    return (this.gradients.total[`grad.${name}`] ?? this.zeroGradients[`grad.${name}`])!;
  }

  private takeWeight({ name, index }: Block["parts"][number], value: DeviceArray): void {
    const old = this.weights[name]!;
    const weight = value.reshape(old.shape);
    old.free();
    this.weights[name] = weight;
    this.state.feeds[name] = weight;
    this.state.optimizer.updates[index]!++;
  }

  /** Names of a block's parameters whose gradients are not finite. */
  private async nonFiniteIn({ parts }: Block): Promise<string[]> {
    const names = parts.map(({ name }) => name);
    const gradients = await read(
      this.runtime,
      Object.fromEntries(names.map((name) => [name, this.gradientOf(name)])),
    );
    return names.filter((name) => !(gradients[name]!.data as Float32Array).every(Number.isFinite));
  }

  /** Frees weights and moments, and feeds the graphs with the state's own arrays again. */
  private async empty(): Promise<void> {
    Object.assign(this.state.feeds, this.state.parameters);
    freeAll([...Object.values(this.weights), ...this.moments.flatMap(({ m, v }) => [m, v])]);
    this.weights = {};
    this.moments = [];
    this.blocks = [];
    this.uploadedLoads = 0;
    const old = this.optimizer;
    this.optimizer = null;
    await old?.release();
  }
}

type Arrays = Readonly<Record<string, Float32Array>>;

/** Arrays of a block's parameters as one array [rows, lane], padded with zeros. */
function concatenate({ parts, rows }: Block, arrays: Arrays): NdArray {
  const data = new Float32Array(rows * lane);
  let end = 0;
  for (const { name, size } of parts) {
    data.set(arrays[name]!, end);
    end += size;
  }
  return float32([rows, lane], data);
}

/** Copies the array of a block back into the arrays of its parameters; does nothing without data. */
function distribute({ parts }: Block, data: Float32Array | undefined, arrays: Arrays): void {
  let end = 0;
  for (const { name, size } of parts) {
    if (data) arrays[name]!.set(data.subarray(end, end + size));
    end += size;
  }
}
