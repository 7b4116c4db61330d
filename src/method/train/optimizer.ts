import { instantiate, type Kernels } from "../../engine/kernels/index.ts";
import type { NamedArrays, ParameterArena } from "./arena.ts";

/** Learning rate and weight decay of a group of parameters at a step. */
export interface GroupRates {
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** Rates of the groups by name. */
export type Rates = Readonly<Record<string, GroupRates>>;

/**
 * AdamW (Loshchilov & Hutter 2019; method 2.12) as PyTorch computes it. It updates the values in an arena in place,
 * from the gradients there.
 */
export class AdamW {
  /** Number of updates of each parameter so far, in the order of `learned`; must be restored when resuming. */
  readonly updates: BigInt64Array;
  readonly betas: readonly [number, number];
  readonly eps: number;
  private readonly kernels: Kernels;

  constructor(
    private readonly arena: ParameterArena,
    { betas = [0.9, 0.999], eps = 1e-8 }: { betas?: readonly [number, number]; eps?: number } = {},
  ) {
    this.betas = betas;
    this.eps = eps;
    this.updates = new BigInt64Array(arena.slots.length);
    this.kernels = instantiate(arena.memory);
  }

  /** Every parameter by name. */
  get values(): NamedArrays {
    return this.arena.values;
  }

  /** Gradients of the parameters that are not frozen; each pass overwrites them. */
  get gradients(): NamedArrays {
    return this.arena.gradients;
  }

  /** All gradients as one array, see `ParameterArena`. */
  get allGradients(): Float32Array {
    return this.arena.allGradients;
  }

  /** First moments. */
  get m(): NamedArrays {
    return this.arena.m;
  }

  /** Second moments. */
  get v(): NamedArrays {
    return this.arena.v;
  }

  /** Names of the parameters that are not frozen. */
  get learned(): string[] {
    return this.arena.slots.map(({ name }) => name);
  }

  /**
   * Updates all parameters with the rates of their groups. Returns the names of those whose gradient is not finite;
   * their values are lost.
   */
  step(rates: Rates): string[] {
    const [beta1, beta2] = this.betas;
    const nonFinite: string[] = [];
    for (const [i, slot] of this.arena.slots.entries()) {
      const { name, group, size, value, gradient, m, v } = slot;
      const groupRates = rates[group] ?? missingGroup(group, name, rates);
      const updates = Number(++this.updates[i]!);
      const { decay, rate, correction } = updateFactors(updates, groupRates, this.betas);
      const poison = this.kernels.adamw({
        parameters: value,
        gradients: gradient,
        firstMoments: m,
        secondMoments: v,
        count: size,
        beta1,
        oneMinusBeta1: 1 - beta1,
        beta2,
        oneMinusBeta2: 1 - beta2,
        decay,
        rate,
        correction,
        epsilon: this.eps,
      });
      if (poison !== 0) nonFinite.push(name);
    }
    return nonFinite;
  }
}

/** Factors of one update: p = decay·p − rate·m / (√v·correction + ε). */
export interface UpdateFactors {
  readonly decay: number;
  readonly rate: number;
  readonly correction: number;
}

/** Factors of a parameter's update number t, counted from 1, with its bias corrections. */
export function updateFactors(
  t: number,
  { learningRate, weightDecay }: GroupRates,
  [beta1, beta2]: readonly [number, number],
): UpdateFactors {
  return {
    decay: 1 - learningRate * weightDecay,
    rate: learningRate / (1 - beta1 ** t),
    correction: 1 / Math.sqrt(1 - beta2 ** t),
  };
}

/** Throws a RangeError because the group of a parameter has no rates. */
export function missingGroup(group: string, name: string, rates: object): never {
  throw new RangeError(
    `AdamW: ${name} is in group ${group}, but there are rates only for ${Object.keys(rates).join(", ")}; add the group`,
  );
}
