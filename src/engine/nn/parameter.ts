import { type DType, type NdArray, type Tensor, input, sizeOf } from "../graph/index.ts";
import type { Random } from "../random.ts";

/** Computes the initial values of a parameter of `size` elements. */
export type Initializer = (size: number, random: Random) => Float32Array;

/**
 * A weight or buffer of a network: a named input of its graphs. Its values are stored elsewhere, under its name, which
 * is the path through the fields of the modules as in PyTorch's `state_dict`.
 */
export class Parameter<Group extends string = string> {
  private bound: { readonly tensor: Tensor; readonly group: Group } | null = null;
  private path = "";

  constructor(
    readonly shape: readonly number[],
    readonly initializer: Initializer,
    /** False for buffers, which are not updated by gradients. */
    readonly trainable = true,
    readonly dtype: DType = "float32",
  ) {}

  /** Path through the fields; empty before `bind`. */
  get name(): string {
    return this.path;
  }

  /** Group of parameters that share learning rate and weight decay. */
  get group(): Group {
    return this.named.group;
  }

  /** The graph input of this parameter. */
  get tensor(): Tensor {
    return this.named.tensor;
  }

  /** Gives the parameter its name and group; `nameParameters` does this for a whole network. */
  bind(path: string, group: Group): void {
    this.path = path;
    this.bound = { tensor: input(path, this.shape, this.dtype), group };
  }

  /** Initial values. */
  initial(random: Random): NdArray {
    if (this.dtype === "int64")
      return { dtype: "int64", shape: this.shape, data: new BigInt64Array(sizeOf(this.shape)) };
    return {
      dtype: "float32",
      shape: this.shape,
      data: this.initializer(sizeOf(this.shape), random),
    };
  }

  private get named(): { readonly tensor: Tensor; readonly group: Group } {
    if (!this.bound)
      throw new Error("parameter: it has no name yet; call nameParameters before using it");
    return this.bound;
  }
}

/**
 * Names every parameter of a module by its path through the fields, and returns them in the order of declaration.
 * @param groupOf group of the parameters in a module; undefined for the group of the enclosing module
 */
export function nameParameters<Group extends string>(
  module: object,
  groupOf: (module: object) => Group | undefined,
): Parameter<Group>[] {
  const parameters: Parameter<Group>[] = [];
  const visit = (value: object, path: string, enclosing: Group | undefined): void => {
    if (value instanceof Parameter) {
      const parameter = value as Parameter<Group>;
      if (enclosing === undefined)
        throw new Error(`parameter: ${path} has no group; return one from groupOf`);
      parameter.bind(path, enclosing);
      parameters.push(parameter);
      return;
    }
    const group = groupOf(value) ?? enclosing;
    for (const [key, field] of fieldsOf(value)) visit(field, path ? `${path}.${key}` : key, group);
  };
  visit(module, "", undefined);
  return parameters;
}

/** Every parameter of a module, in the order of declaration. */
export function parametersOf(module: object): Parameter[] {
  if (module instanceof Parameter) return [module as Parameter];
  return fieldsOf(module).flatMap(([, field]) => parametersOf(field));
}

function fieldsOf(module: object): [key: string, field: object][] {
  return Object.entries(module).filter(
    (entry): entry is [string, object] => typeof entry[1] === "object" && entry[1] !== null,
  );
}
