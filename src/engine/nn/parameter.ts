import { type DType, type NdArray, type Tensor, input, sizeOf } from "../graph/index.ts";
import type { Random } from "../random.ts";

/** Computes the initial values of a parameter of `size` elements. */
export type Initializer = (size: number, random: Random) => Float32Array;

/**
 * A weight or buffer of a network: a named input of its graphs, without values, which are stored elsewhere under its
 * name. The name is the path through the fields of the modules, as in PyTorch's state_dict.
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

  get name(): string {
    return this.path;
  }

  /** Parameters of a group share learning rate and weight decay. */
  get group(): Group {
    return this.named.group;
  }

  /** The graph input of this parameter. */
  get tensor(): Tensor {
    return this.named.tensor;
  }

  /** Names the parameter, once; `nameParameters` does this for a whole network. */
  bind(path: string, group: Group): void {
    this.path = path;
    this.bound = { tensor: input(path, this.shape, this.dtype), group };
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

  private get named(): { readonly tensor: Tensor; readonly group: Group } {
    if (!this.bound) throw new Error("parameter: used before nameParameters gave it a name");
    return this.bound;
  }
}

/**
 * Names every parameter of a module by its path through the fields, and returns them in the order of declaration.
 * @param groupOf group of the parameters in a module; undefined: that of the module around it
 */
export function nameParameters<Group extends string>(
  module: object,
  groupOf: (module: object) => Group | undefined,
): Parameter<Group>[] {
  const parameters: Parameter<Group>[] = [];
  const visit = (value: object, path: string, around: Group | undefined): void => {
    if (value instanceof Parameter) {
      const parameter = value as Parameter<Group>;
      if (around === undefined) throw new Error(`parameter: ${path} is in no group`);
      parameter.bind(path, around);
      parameters.push(parameter);
      return;
    }
    const group = groupOf(value) ?? around;
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
