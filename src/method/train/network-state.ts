import type { Config } from "../config.ts";
import { type Feed, type NdArray, sizeOf } from "../../engine/graph/index.ts";
import type { Afa, ParameterGroup } from "../model/index.ts";
import type { Parameter } from "../../engine/nn/index.ts";
import { ParameterArena } from "./arena.ts";
import { AdamW } from "./optimizer.ts";
import { isLearned } from "./parameter-groups.ts";

/** Weight of a batch in BatchNorm's running statistics. */
const momentum = 0.1;
const norm = "decoder.linear_fuse.bn";

/** Error for weights or a checkpoint of a different network. */
export class WeightsMismatch extends RangeError {
  override readonly name = "WeightsMismatch";
}

/**
 * The state of a network in training: weights, buffers, gradients and moments. During training on a device with its own
 * memory, weights and moments are those of the last download.
 */
export class NetworkState {
  readonly optimizer: AdamW;
  /** Weights and buffers by name. */
  readonly parameters: Readonly<Record<string, NdArray>>;
  /** Feeds of the graphs: `parameters`, but with device arrays for weights that are on a device. */
  readonly feeds: Record<string, Feed>;
  /** Arrays for the gradients that a step's graph outputs, by `grad.<name>`. */
  readonly gradients: Readonly<Record<string, NdArray>>;
  /** Parameters that the optimizer updates. */
  readonly learned: readonly Parameter<ParameterGroup>[];
  /** Number of calls of `load` and `restore`: device copies from before are out of date. */
  loads = 0;
  private readonly batches = new BigInt64Array(1);

  constructor(
    readonly network: Afa,
    config: Config["train"],
  ) {
    this.learned = network.parameters.filter((p) => isLearned(p, config));
    const floats = network.parameters.filter((p) => p.dtype === "float32");
    const arena = new ParameterArena(
      floats.map((p) => ({
        name: p.name,
        size: sizeOf(p.shape),
        group: isLearned(p, config) ? p.group : null,
      })),
    );
    this.optimizer = new AdamW(arena, { betas: config.betas, eps: config.eps });
    const { values, gradients } = arena;
    const array = (p: Parameter, data: Float32Array): NdArray => ({
      dtype: "float32",
      shape: p.shape,
      data,
    });
    this.parameters = Object.fromEntries(
      network.parameters.map((p) => [
        p.name,
        p.dtype === "float32"
          ? array(p, values[p.name]!)
          : { dtype: "int64", shape: p.shape, data: this.batches },
      ]),
    );
    this.feeds = { ...this.parameters };
    this.gradients = Object.fromEntries(
      this.learned.map((p) => [`grad.${p.name}`, array(p, gradients[p.name]!)]),
    );
  }

  /** Copies weights and buffers into the state. All must be present, in the shapes of the network. */
  load(tensors: Readonly<Record<string, NdArray>>): void {
    this.loads++;
    for (const [name, target] of Object.entries(this.parameters))
      this.copy(name, tensors[name], target);
  }

  /** Tensors of a checkpoint: weights, buffers and moments. */
  tensors(): Record<string, NdArray> {
    const { m, v } = this.optimizer;
    const moments = this.learned.flatMap(({ name, shape }): [string, NdArray][] => [
      [`optimizer.m.${name}`, { dtype: "float32", shape, data: m[name]! }],
      [`optimizer.v.${name}`, { dtype: "float32", shape, data: v[name]! }],
    ]);
    const { updates } = this.optimizer;
    const counts: NdArray = { dtype: "int64", shape: [updates.length], data: updates };
    return { ...this.parameters, ...Object.fromEntries(moments), "optimizer.updates": counts };
  }

  /** Copies the tensors of a checkpoint into the state. */
  restore(tensors: Readonly<Record<string, NdArray>>): void {
    this.loads++;
    for (const [name, target] of Object.entries(this.tensors()))
      this.copy(name, tensors[name], target);
  }

  /**
   * Updates BatchNorm's running statistics with those of a batch.
   * @param rows number of positions that they are over
   */
  moveStatistics(mean: Float32Array, variance: Float32Array, rows: number): void {
    const { values } = this.optimizer;
    const unbiased = rows > 1 ? rows / (rows - 1) : 1;
    move(values[`${norm}.running_mean`]!, mean, 1);
    move(values[`${norm}.running_var`]!, variance, unbiased);
    this.batches[0]! += 1n;
  }

  /** Copies a tensor after checking its shape and type. */
  private copy(name: string, source: NdArray | undefined, target: NdArray): void {
    if (!source)
      throw new WeightsMismatch(
        `weights: ${name} is missing; the network has ${this.network.parameters.length} tensors`,
      );
    // Some programs cannot store scalars and write them as [1].
    const scalar = target.shape.length === 0 && source.data.length === 1;
    if (!scalar && String(source.shape) !== String(target.shape)) {
      throw new WeightsMismatch(
        `weights: ${name} has shape [${source.shape}], the network needs [${target.shape}]`,
      );
    }
    if (source.dtype !== target.dtype) {
      throw new WeightsMismatch(
        `weights: ${name} is ${source.dtype}, the network needs ${target.dtype}`,
      );
    }
    if (target.data instanceof BigInt64Array) target.data.set(source.data as BigInt64Array);
    else (target.data as Float32Array).set(source.data as Float32Array);
  }
}

/** running ← (1 − momentum) · running + momentum · factor · statistic */
function move(running: Float32Array, statistic: Float32Array, factor: number): void {
  for (let i = 0; i < running.length; i++) {
    running[i] = (1 - momentum) * running[i]! + momentum * factor * statistic[i]!;
  }
}
