import { type DType, type NdArray, sizeOf } from "./ndarray.ts";

/**
 * Size of one axis: a number, or a symbol whose value is known when the graph runs. Symbols stand for axes of inputs or
 * for integer arithmetic with them, so the same network code builds static graphs for training and graphs with dynamic
 * N, H, W for inference.
 */
export type Dim = number | SymbolicDim;
export type Shape = readonly Dim[];

export type Expression =
  | { readonly kind: "axis"; readonly tensor: Tensor; readonly axis: number }
  | { readonly kind: "Add" | "Mul" | "Div"; readonly a: Dim; readonly b: Dim };

/** Size that is known when the graph runs: that of a tensor's axis, or one computed from such sizes. */
export class SymbolicDim {
  constructor(
    readonly key: string,
    readonly expression: Expression,
  ) {}

  toString(): string {
    return this.key;
  }
}

/** An attribute of an ONNX operator. Whole numbers become ints, `{ float }` becomes a float. */
export type Attribute = number | string | readonly number[] | { readonly float: number };
export type Attributes = Readonly<Record<string, Attribute>>;

/**
 * Function from the gradients of an op's outputs to those of its inputs. If `needs[i]` is false, the gradient of input
 * i is not used: return null and build nothing.
 */
export type Backward = (
  gradients: readonly (Tensor | null)[],
  needs: readonly boolean[],
) => readonly (Tensor | null)[];

/**
 * One application of an ONNX operator, or a composite: it has no `operator`, and its outputs stand for inner tensors.
 */
export interface Node {
  readonly operator: string | null;
  readonly domain: string;
  readonly inputs: readonly (Tensor | null)[];
  readonly attributes: Attributes;
  readonly outputs: Tensor[];
  readonly backward: Backward | null;
}

/** A value that a graph computes: shape, type and origin, without numbers. */
export class Tensor {
  constructor(
    readonly shape: Shape,
    readonly dtype: DType,
    readonly source:
      | { readonly kind: "input"; readonly name: string }
      | { readonly kind: "constant"; readonly value: NdArray }
      | {
          readonly kind: "node";
          readonly node: Node;
          readonly index: number;
          readonly inner?: Tensor;
        },
  ) {}

  get rank(): number {
    return this.shape.length;
  }
}

/**
 * An input of the graph: data or a parameter, fed under this name.
 * @param shape sizes of the axes; a string names a size that is known only when the graph runs
 */
export function input(
  name: string,
  shape: readonly (number | string)[],
  dtype: DType = "float32",
): Tensor {
  const dims: Dim[] = [];
  const tensor = new Tensor(dims, dtype, { kind: "input", name });
  shape.forEach((dim, axis) =>
    dims.push(typeof dim === "number" ? dim : new SymbolicDim(dim, { kind: "axis", tensor, axis })),
  );
  return tensor;
}

/** A constant of the graph; the numbers are copied. */
export function constant(
  shape: readonly number[],
  data: ArrayLike<number>,
  dtype: DType = "float32",
): Tensor {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(
      `constant: shape [${shape}] has ${sizeOf(shape)} elements, data has ${data.length}`,
    );
  }
  return new Tensor(shape, dtype, {
    kind: "constant",
    value: { dtype, shape, data: typed(data, dtype) },
  });
}

/** An array as a constant; its data is not copied. */
export function constantOf(value: NdArray): Tensor {
  return new Tensor(value.shape, value.dtype, { kind: "constant", value });
}

export function scalar(value: number, dtype: DType = "float32"): Tensor {
  return constant([], [value], dtype);
}

/** A constant of integers, such as a shape, axes or indices. */
export function int64(values: readonly number[]): Tensor {
  return constant([values.length], values, "int64");
}

function typed(data: ArrayLike<number>, dtype: DType): NdArray["data"] {
  switch (dtype) {
    case "float32":
      return Float32Array.from(data);
    case "float64":
      return Float64Array.from(data);
    case "float16":
      return Uint16Array.from(data);
    case "int32":
      return Int32Array.from(data);
    case "int8":
      return Int8Array.from(data);
    case "int64":
      return BigInt64Array.from(Array.from(data, (v) => BigInt(v)));
    case "uint8":
    case "bool":
      return Uint8Array.from(data);
  }
}

export interface NodeOptions {
  readonly attributes?: Attributes;
  readonly domain?: string;
  readonly dtype?: DType;
}

/** Applies an ONNX operator with one output. */
export function node(
  operator: string,
  inputs: readonly (Tensor | null)[],
  shape: Shape,
  backward:
    ((dy: Tensor, y: Tensor, needs: readonly boolean[]) => readonly (Tensor | null)[]) | null,
  options: NodeOptions = {},
): Tensor {
  const [y] = nodes(
    operator,
    inputs,
    [shape],
    backward && (([dy], needs) => backward(dy!, y!, needs)),
    options,
  ) as [Tensor];
  return y;
}

/** Applies an ONNX operator with several outputs, all of the same type. */
export function nodes(
  operator: string,
  inputs: readonly (Tensor | null)[],
  shapes: readonly Shape[],
  backward: Backward | null,
  { attributes = {}, domain = "", dtype }: NodeOptions = {},
): Tensor[] {
  const applied: Node = { operator, domain, inputs, attributes, outputs: [], backward };
  const type = dtype ?? inputs.find((t) => t !== null)?.dtype ?? "float32";
  shapes.forEach((shape, index) =>
    applied.outputs.push(new Tensor(shape, type, { kind: "node", node: applied, index })),
  );
  return applied.outputs;
}

/**
 * Gives several operators a common gradient that is cheaper or more accurate than their own. The returned tensors stand
 * for `inner`, and gradients flow directly from them to `inputs`.
 */
export function composite(
  inputs: readonly Tensor[],
  inner: readonly Tensor[],
  backward: Backward,
): Tensor[] {
  const applied: Node = {
    operator: null,
    domain: "",
    inputs,
    attributes: {},
    outputs: [],
    backward,
  };
  inner.forEach((tensor, index) =>
    applied.outputs.push(
      new Tensor(tensor.shape, tensor.dtype, { kind: "node", node: applied, index, inner: tensor }),
    ),
  );
  return applied.outputs;
}

/** The inner tensor that an output of a composite stands for; any other tensor itself. */
export function resolve(tensor: Tensor): Tensor {
  let t = tensor;
  while (t.source.kind === "node" && t.source.inner) t = t.source.inner;
  return t;
}

/** The same value without its gradient. */
export function stopGradient(x: Tensor): Tensor {
  return composite([x], [x], () => [null])[0]!;
}
