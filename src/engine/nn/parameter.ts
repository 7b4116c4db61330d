import type { DType, NdArray, Tensor } from "../graph/index.ts";
import { input, sizeOf } from "../graph/index.ts";
import type { Random } from "../random.ts";

/** Fills a parameter of `size` elements with its first values. */
export type Initializer = (size: number, random: Random) => Float32Array;

/**
 * A weight or a buffer of a network: a named input of its graphs. What it holds lives outside, under
 * its name; the name is its path through the fields of the modules, as in PyTorch's state_dict.
 */
export class Parameter {
  private bound: Tensor | null = null;
  private path = "";

  constructor(
    readonly shape: readonly number[],
    readonly initializer: Initializer,
    /** False for buffers, which training moves by other means than gradients. */
    readonly trainable = true,
    readonly dtype: DType = "float32",
  ) {}

  get name(): string {
    return this.path;
  }

  /** The graph input of this parameter. */
  get tensor(): Tensor {
    if (!this.bound) throw new Error("parameter: used before nameParameters gave it a name");
    return this.bound;
  }

  /** Names the parameter, once; `nameParameters` does this for a whole network. */
  bind(path: string): void {
    this.path = path;
    this.bound = input(path, this.shape, this.dtype);
  }

  initial(random: Random): NdArray {
    if (this.dtype === "int64")
      return { dtype: "int64", shape: this.shape, data: new BigInt64Array(sizeOf(this.shape)) };
    return {
      dtype: "float32",
      shape: this.shape,
      data: this.initializer(sizeOf(this.shape), random),
    };
  }
}

/**
 * Finds every parameter in a module's fields, in the order of declaration, and names it by its path.
 */
export function nameParameters(module: object): Parameter[] {
  const found: Parameter[] = [];
  const walk = (value: unknown, path: string): void => {
    if (value instanceof Parameter) {
      value.bind(path);
      found.push(value);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, child] of Object.entries(value)) walk(child, path ? `${path}.${key}` : key);
    }
  };
  walk(module, "");
  return found;
}
