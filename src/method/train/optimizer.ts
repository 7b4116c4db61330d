import { allocate, instantiate, type Kernels, type Memory } from "../../engine/kernels/index.ts";

/** A parameter the optimizer shall hold. */
export interface ParameterSpec {
  readonly name: string;
  /** Number of elements. */
  readonly size: number;
  /** Whose learning rate and weight decay it follows; null: frozen, a value and nothing else. */
  readonly group: string | null;
}

/** How a group of parameters is updated at a step. */
export interface GroupRates {
  readonly learningRate: number;
  readonly weightDecay: number;
}

type Arrays = Readonly<Record<string, Float32Array>>;

/** Rates of every group. */
export type Rates = Readonly<Record<string, GroupRates>>;

interface Slot {
  readonly name: string;
  readonly group: string;
  readonly size: number;
  /** Byte addresses. */
  readonly value: number;
  readonly gradient: number;
  readonly m: number;
  readonly v: number;
}

const FLOAT = 4;
/** Arrays start on cache lines. */
const LINE = 64;

/**
 * AdamW with decoupled weight decay (Loshchilov & Hutter 2019), as PyTorch computes it. All arrays
 * are views of one memory that never grows: a network may read `values` and write `gradients` in
 * place, and `step` moves nothing.
 */
export class AdamW {
  /** Every parameter by name. */
  readonly values: Arrays;
  /** Gradients of the parameters that are not frozen; whoever computes them overwrites them. */
  readonly gradients: Arrays;
  /** First moments. */
  readonly m: Arrays;
  /** Second moments. */
  readonly v: Arrays;
  /** Updates that each parameter has had, in the order of `learned`; set them when resuming. */
  readonly updates: BigInt64Array;

  readonly betas: readonly [number, number];
  readonly eps: number;
  private readonly memory: Memory;
  private readonly kernels: Kernels;
  private readonly slots: readonly Slot[];

  constructor(
    parameters: readonly ParameterSpec[],
    { betas = [0.9, 0.999], eps = 1e-8 }: { betas?: readonly [number, number]; eps?: number } = {},
  ) {
    this.betas = betas;
    this.eps = eps;
    const names = new Set(parameters.map(({ name }) => name));
    if (names.size < parameters.length) {
      throw new RangeError("AdamW: two parameters have the same name; names must be unique");
    }
    let end = 0;
    const place = (size: number): number => {
      const address = end;
      end += Math.ceil((size * FLOAT) / LINE) * LINE;
      return address;
    };
    const addresses = parameters.map(({ size }) => place(size));
    this.slots = parameters.flatMap(({ name, size, group }, i) =>
      group === null
        ? []
        : [
            {
              name,
              size,
              group,
              value: addresses[i]!,
              gradient: place(size),
              m: place(size),
              v: place(size),
            },
          ],
    );
    this.updates = new BigInt64Array(this.slots.length);
    this.memory = allocate(end, `AdamW of ${parameters.length} parameters`);
    this.kernels = instantiate(this.memory);

    const view = (size: number, address: number): Float32Array =>
      new Float32Array(this.memory.buffer, address, size);
    const views = (of: (slot: Slot) => number): Arrays =>
      Object.fromEntries(this.slots.map((slot) => [slot.name, view(slot.size, of(slot))]));
    this.values = Object.fromEntries(
      parameters.map(({ name, size }, i) => [name, view(size, addresses[i]!)]),
    );
    this.gradients = views((slot) => slot.gradient);
    this.m = views((slot) => slot.m);
    this.v = views((slot) => slot.v);
  }

  /** Names of the parameters that are not frozen. */
  get learned(): string[] {
    return this.slots.map(({ name }) => name);
  }

  /**
   * Updates parameters from their gradients, by their groups' rates: all of them, or only `reached`,
   * those that the loss depends on. As in PyTorch, where their gradient is None, the others are left
   * alone: no decay, and their bias correction starts with their first update. Returns the names of
   * those whose gradient is not finite: they are spoilt now, and so is the run.
   */
  step(rates: Rates, reached?: ReadonlySet<string>): string[] {
    const [beta1, beta2] = this.betas;
    const spoilt: string[] = [];
    for (const [i, { name, group, size, value, gradient, m, v }] of this.slots.entries()) {
      if (reached && !reached.has(name)) continue;
      const own = rates[group] ?? missingGroup(group, name, rates);
      const { decay, rate, correction } = updateFactors(
        Number(++this.updates[i]!),
        own,
        this.betas,
      );
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
      if (poison !== 0) spoilt.push(name);
    }
    return spoilt;
  }
}

/** What an update multiplies with: p = decay·p − rate·m / (√v·correction + ε). */
export interface UpdateFactors {
  readonly decay: number;
  readonly rate: number;
  readonly correction: number;
}

/** @param t number of the update; the first has the bias corrections 1 − β¹ */
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

/** Parameters without the rates of their group. */
export function missingGroup(group: string, name: string, rates: object): never {
  throw new RangeError(
    `AdamW: ${name} is in group ${group}, rates are given for ${Object.keys(rates).join(", ")}`,
  );
}
