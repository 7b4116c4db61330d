import type {
  DeviceArray,
  DeviceRuntime,
  DeviceSession,
  Feed,
  Feeds,
} from "../../engine/graph/index.ts";
import {
  add,
  float32,
  input,
  isOnDevice,
  transferModel,
  writeModel,
} from "../../engine/graph/index.ts";
import type { NdArray } from "../../engine/graph/index.ts";
import { adamwModel, blocksOf, lane, type Block } from "./device-adamw.ts";
import type { Learner, PassResults } from "./learner.ts";
import type { NetworkState } from "./network-state.ts";
import type { Rates } from "./optimizer.ts";
import { missingGroup, updateFactors } from "./optimizer.ts";
import type { StepGraph } from "./step-graph.ts";

type DeviceArrays = Readonly<Record<string, DeviceArray>>;

interface Compiled {
  readonly graph: StepGraph;
  readonly session: DeviceSession;
  /** Adds the gradients of a part to those before; made when there is a second part. */
  adder: DeviceSession | null;
}

/** Moments of a block; host arrays until its first update. */
interface Moments {
  m: Feed;
  v: Feed;
}

/**
 * Trains in a device's memory: weights, gradients and moments stay there from step to step. A step
 * feeds the batch, and losses, statistics and a number a block come back.
 */
export class DeviceLearner implements Learner {
  /** `state.loads` when the device was filled. */
  private filled = 0;
  private weights: Record<string, DeviceArray> = {};
  private gradients: DeviceArrays = {};
  private blocks: readonly Block[] = [];
  private moments: Moments[] = [];
  private compiled: Compiled | null = null;
  private optimizer: { readonly key: string; readonly session: DeviceSession } | null = null;

  constructor(
    private readonly runtime: DeviceRuntime,
    private readonly state: NetworkState,
  ) {}

  async begin(): Promise<void> {
    const { state } = this;
    if (this.filled === state.loads) return;
    await this.empty();
    const { parameters } = state;
    // The others are the statistics, which a step moves on the host.
    const names = state.network.trainable.map(({ name }) => name);
    const given = Object.fromEntries(names.map((name) => [name, parameters[name]!]));
    const shapes = Object.fromEntries(names.map((name) => [name, parameters[name]!.shape]));
    const session = await this.runtime.createDeviceSession(transferModel(shapes), names);
    const { device } = await session.run(prefixed("from.", given));
    await session.release();
    this.weights = device;
    Object.assign(state.feeds, device);
    const { updates } = state.optimizer;
    const parts = state.learned.map(({ name, group }, index) => ({
      name,
      index,
      size: parameters[name]!.data.length,
      group,
    }));
    this.blocks = blocksOf(
      parts,
      ({ name, group, index }) => `${group} ${name.split(".")[0]} ${updates[index]}`,
    );
    const { m, v } = state.optimizer;
    this.moments = this.blocks.map((block) => ({ m: joined(block, m), v: joined(block, v) }));
    this.filled = state.loads;
  }

  async prepare(graph: StepGraph): Promise<void> {
    await this.rest();
    const kept = graph.gradients.map((name) => `grad.${name}`);
    const session = await this.runtime.createDeviceSession(graph.model, kept);
    this.compiled = { graph, session, adder: null };
  }

  async pass(feeds: Feeds, part: number): Promise<PassResults> {
    const compiled = this.compiled!;
    const { host, device } = await compiled.session.run({ ...this.state.feeds, ...feeds });
    if (part === 0) {
      this.dropGradients();
      this.gradients = device;
      return host;
    }
    compiled.adder ??= await this.createAdder(device);
    const sums = await compiled.adder.run({
      ...prefixed("a.", this.gradients),
      ...prefixed("b.", device),
    });
    freeAll(Object.values(device));
    this.dropGradients();
    this.gradients = sums.device;
    return host;
  }

  async update(rates: Rates, reached?: ReadonlySet<string>): Promise<string[]> {
    const { updates, betas } = this.state.optimizer;
    const chosen = this.chosen(reached);
    const session = await this.optimizerOf(chosen);
    const feeds: Record<string, Feed> = {};
    for (const [b, { group, parts }] of chosen) {
      const first = parts[0]!;
      const own = rates[group] ?? missingGroup(group, first.name, rates);
      const factors = updateFactors(Number(updates[first.index]!) + 1, own, betas);
      for (const [name, factor] of Object.entries(factors)) {
        feeds[`${name}.${b}`] = float32([1], [factor as number]);
      }
      feeds[`m.${b}`] = this.moments[b]!.m;
      feeds[`v.${b}`] = this.moments[b]!.v;
      for (const { name, size } of parts) {
        feeds[`value.${name}`] = this.weights[name]!.reshape([size]);
        feeds[`gradient.${name}`] = this.gradients[`grad.${name}`]!.reshape([size]);
      }
    }
    const { host, device } = await session.run(feeds);
    const spoilt: string[] = [];
    for (const [b, block] of chosen) {
      for (const part of block.parts) this.takeWeight(part, device[`new.value.${part.name}`]!);
      freeAll(Object.values(this.moments[b]!));
      this.moments[b] = { m: device[`new.m.${b}`]!, v: device[`new.v.${b}`]! };
      if (Number(host[`poison.${b}`]!.data[0]) !== 0) spoilt.push(...(await this.spoilt(block)));
    }
    this.dropGradients();
    return spoilt;
  }

  async download(): Promise<void> {
    if (this.filled !== this.state.loads) return;
    const { values, m, v } = this.state.optimizer;
    const wanted: Record<string, DeviceArray> = {};
    for (const { name } of this.state.learned) wanted[`value.${name}`] = this.weights[name]!;
    for (const [b, moments] of this.moments.entries()) {
      if (isOnDevice(moments.m)) wanted[`m.${b}`] = moments.m;
      if (isOnDevice(moments.v)) wanted[`v.${b}`] = moments.v;
    }
    const found = await this.read(wanted);
    const data = (name: string) => found[name]?.data as Float32Array | undefined;
    for (const { name } of this.state.learned) values[name]!.set(data(`value.${name}`)!);
    for (const [b, block] of this.blocks.entries()) {
      takeApart(block, data(`m.${b}`), m);
      takeApart(block, data(`v.${b}`), v);
    }
  }

  async rest(): Promise<void> {
    const old = this.compiled;
    this.compiled = null;
    this.dropGradients();
    await old?.session.release();
    await old?.adder?.release();
  }

  async release(): Promise<void> {
    await this.rest();
    await this.empty();
  }

  /** Those of the blocks that are reached, by number. */
  private chosen(reached: ReadonlySet<string> | undefined): ReadonlyMap<number, Block> {
    const chosen = new Map<number, Block>();
    for (const [b, block] of this.blocks.entries()) {
      const count = reached
        ? block.parts.filter(({ name }) => reached.has(name)).length
        : block.parts.length;
      if (count === 0) continue;
      if (count < block.parts.length) {
        throw new RangeError(
          `AdamW: ${count} of ${block.parts.length} parameters of a part of the network are reached, ` +
            `among them not ${block.parts.find(({ name }) => !reached!.has(name))!.name}; reach all or none`,
        );
      }
      chosen.set(b, block);
    }
    return chosen;
  }

  private async optimizerOf(blocks: ReadonlyMap<number, Block>): Promise<DeviceSession> {
    const key = [...blocks.keys()].join();
    if (this.optimizer?.key === key) return this.optimizer.session;
    await this.optimizer?.session.release();
    this.optimizer = null;
    const { model, kept } = adamwModel(blocks, this.state.optimizer);
    this.optimizer = { key, session: await this.runtime.createDeviceSession(model, kept) };
    return this.optimizer.session;
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
  private async spoilt({ parts }: Block): Promise<string[]> {
    const names = parts.map(({ name }) => name);
    const found = await this.read(
      Object.fromEntries(names.map((name) => [name, this.gradients[`grad.${name}`]!])),
    );
    return names.filter((name) => !(found[name]!.data as Float32Array).every(Number.isFinite));
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

  private async read(arrays: DeviceArrays): Promise<Record<string, NdArray>> {
    const names = Object.keys(arrays);
    if (names.length === 0) return {};
    const shapes = Object.fromEntries(names.map((name) => [name, arrays[name]!.shape]));
    const session = await this.runtime.createSession(transferModel(shapes), { whole: true });
    const wanted = Object.fromEntries(names.map((name) => [name, null]));
    return session.run(prefixed("from.", arrays), wanted).finally(() => session.release());
  }

  private dropGradients(): void {
    freeAll(Object.values(this.gradients));
    this.gradients = {};
  }

  /** Frees weights and moments; graphs are fed with the state's own arrays again. */
  private async empty(): Promise<void> {
    Object.assign(this.state.feeds, this.state.parameters);
    freeAll([...Object.values(this.weights), ...this.moments.flatMap(({ m, v }) => [m, v])]);
    this.weights = {};
    this.moments = [];
    this.blocks = [];
    this.filled = 0;
    const old = this.optimizer;
    this.optimizer = null;
    await old?.session.release();
  }
}

function prefixed<T>(prefix: string, values: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

function freeAll(arrays: readonly Feed[]): void {
  for (const array of arrays) if (isOnDevice(array)) array.free();
}

type Arrays = Readonly<Record<string, Float32Array>>;

/** Arrays of a block's parameters as the graph lays them out. */
function joined({ parts, rows }: Block, arrays: Arrays): NdArray {
  const data = new Float32Array(rows * lane);
  let end = 0;
  for (const { name, size } of parts) {
    data.set(arrays[name]!, end);
    end += size;
  }
  return float32([rows, lane], data);
}

/** The reverse; nothing where a block was not downloaded. */
function takeApart({ parts }: Block, data: Float32Array | undefined, arrays: Arrays): void {
  let end = 0;
  for (const { name, size } of parts) {
    if (data) arrays[name]!.set(data.subarray(end, end + size));
    end += size;
  }
}
