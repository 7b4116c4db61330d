import type { DType, NdArray, Tensor } from "../graph/index.ts";
import { input, sizeOf } from "../graph/index.ts";
import type { Random } from "../random.ts";

/** Computes the initial values of a parameter of `size` elements. */
export type Initializer = (size: number, random: Random) => Float32Array;

/**
 * A weight or buffer of a network: a named input of its graphs, without values, which are stored elsewhere under its
 * name. The name is the path through the fields of the modules, as in PyTorch's state_dict.
 */
export class Parameter {
  private bound: Tensor | null = null;
  private path = "";

  constructor(
    readonly shape: readonly number[],
    readonly initializer: Initializer,
    /** False for buffers, which are not updated by gradients. */
    readonly trainable = true,
    readonly dtype: DType = "float32",
  ) {}

  get name(): string {
    return this.path;
  }

  /** The graph input of this parameter. */
  get tensor(): Tensor {
    if (!this.bound)
      throw new Error(
        "parameter: used before it has a name; call nameParameters on the network first",
      );
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

/** Names all parameters of a module by their paths through its fields, and returns them in order of declaration. */
export function nameParameters(module: object): Parameter[] {
  const parameters: Parameter[] = [];
  const walk = (value: unknown, path: string): void => {
    if (value instanceof Parameter) {
      value.bind(path);
      parameters.push(value);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, child] of Object.entries(value)) walk(child, path ? `${path}.${key}` : key);
    }
  };
  walk(module, "");
  return parameters;
}
