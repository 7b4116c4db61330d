import { allocate, type Memory } from "../../engine/kernels/index.ts";

/** A parameter that training keeps in memory. */
export interface ParameterSpec {
  readonly name: string;
  /** Number of elements. */
  readonly size: number;
  /**
   * Group with its learning rate and weight decay; null for a frozen parameter, which has a value but no gradient or
   * moments.
   */
  readonly group: string | null;
}

/** Float32 arrays by parameter name. */
export type NamedArrays = Readonly<Record<string, Float32Array>>;

/** A parameter that the optimizer updates, and the byte addresses of its four arrays in the arena. */
export interface ArenaSlot {
  readonly name: string;
  readonly group: string;
  /** Number of elements. */
  readonly size: number;
  readonly value: number;
  readonly gradient: number;
  readonly m: number;
  readonly v: number;
}

const FLOAT = 4;
/** Bytes of a cache line; every array starts on one. */
const LINE = 64;

/**
 * One memory for the values, gradients and moments of a network's parameters. It never grows and its arrays never move,
 * so a network can read `values` and write `gradients` in place. Arrays of one kind are contiguous: all gradients are
 * one range of memory.
 */
export class ParameterArena {
  /** @internal */
  readonly memory: Memory;
  /** Every parameter by name, frozen ones too. */
  readonly values: NamedArrays;
  /** Gradients of the parameters that are not frozen; each pass overwrites them. */
  readonly gradients: NamedArrays;
  /** First moments. */
  readonly m: NamedArrays;
  /** Second moments. */
  readonly v: NamedArrays;
  /** All gradients as one array, in the order of `slots`, with zeros up to the next cache line after each. */
  readonly allGradients: Float32Array;
  /** Parameters that are not frozen. */
  readonly slots: readonly ArenaSlot[];

  constructor(parameters: readonly ParameterSpec[]) {
    const names = new Set(parameters.map(({ name }) => name));
    if (names.size < parameters.length) {
      throw new RangeError(
        "parameters: two of them have the same name; give every parameter its own",
      );
    }
    let end = 0;
    const place = ({ size }: { readonly size: number }): number => {
      const address = end;
      end += Math.ceil((size * FLOAT) / LINE) * LINE;
      return address;
    };
    const learned = parameters.flatMap(({ group, ...rest }) =>
      group === null ? [] : [{ ...rest, group }],
    );
    const values = new Map(parameters.map((parameter) => [parameter.name, place(parameter)]));
    const firstGradient = end;
    const gradients = learned.map(place);
    const endOfGradients = end;
    const m = learned.map(place);
    const v = learned.map(place);
    this.memory = allocate(end, `training ${parameters.length} parameters`);
    this.slots = learned.map((parameter, i) => ({
      ...parameter,
      value: values.get(parameter.name)!,
      gradient: gradients[i]!,
      m: m[i]!,
      v: v[i]!,
    }));

    const { buffer } = this.memory;
    const views = (address: (slot: ArenaSlot) => number): NamedArrays =>
      Object.fromEntries(
        this.slots.map((slot) => [slot.name, new Float32Array(buffer, address(slot), slot.size)]),
      );
    this.values = Object.fromEntries(
      parameters.map(({ name, size }) => [name, new Float32Array(buffer, values.get(name), size)]),
    );
    this.gradients = views(({ gradient }) => gradient);
    this.m = views((slot) => slot.m);
    this.v = views((slot) => slot.v);
    this.allGradients = new Float32Array(
      buffer,
      firstGradient,
      (endOfGradients - firstGradient) / FLOAT,
    );
  }
}
