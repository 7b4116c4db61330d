import { type NdArray, sizeOf } from "../../engine/graph/index.ts";
import type { Parameter } from "../../engine/nn/index.ts";
import { readTensor, type StoredTensor } from "./weights-file.ts";

/** A tensor whose type or shape differs from that of the network's parameter. */
export interface Misfit {
  readonly name: string;
  /** Type and shape in the file, as `float32 [5,64]`. */
  readonly found: string;
  /** Type and shape in the network. */
  readonly needed: string;
}

/** Comparison of the tensors of a file with the parameters of a network, by published name. */
export interface WeightMatch {
  readonly used: readonly { readonly parameter: Parameter; readonly tensor: StoredTensor }[];
  /** Parameters that the file does not have. */
  readonly missing: readonly Parameter[];
  readonly misfits: readonly Misfit[];
  /** Tensors that the network does not have. */
  readonly extra: readonly string[];
}

/** Compares a file with a network by names, types and shapes, without reading a tensor. */
export function matchWeights(
  tensors: ReadonlyMap<string, StoredTensor>,
  parameters: readonly Parameter[],
): WeightMatch {
  const used: { parameter: Parameter; tensor: StoredTensor }[] = [];
  const missing: Parameter[] = [];
  const misfits: Misfit[] = [];
  for (const parameter of parameters) {
    const tensor = tensors.get(parameter.name);
    if (!tensor) missing.push(parameter);
    else if (fits(tensor, parameter)) used.push({ parameter, tensor });
    else
      misfits.push({ name: parameter.name, found: describe(tensor), needed: describe(parameter) });
  }
  const known = new Set(parameters.map(({ name }) => name));
  return { used, missing, misfits, extra: [...tensors.keys()].filter((name) => !known.has(name)) };
}

/** Whether the shape of a parameter depends on the number of classes. */
export function isClassLayer(name: string): boolean {
  return name === "classifier.weight" || name.startsWith("decoder.linear_pred.");
}

/** Reads the tensors that fit, converted to the element types of the network. */
export async function readMatched({ used }: WeightMatch): Promise<Record<string, NdArray>> {
  const arrays: Record<string, NdArray> = {};
  for (const { parameter, tensor } of used) {
    const { data } = await readTensor(tensor);
    const { name, shape, dtype } = parameter;
    arrays[name] = { dtype, shape, data: dtype === "float32" ? toFloats(data) : toIntegers(data) };
  }
  return arrays;
}

function fits(tensor: StoredTensor, { shape, dtype }: Parameter): boolean {
  // Some programs have no scalars and store them with the shape [1].
  const scalar = shape.length === 0 && sizeOf(tensor.shape) === 1;
  if (!scalar && String(tensor.shape) !== String(shape)) return false;
  const isFloat = tensor.element.dtype.startsWith("float");
  return isFloat === dtype.startsWith("float") && tensor.element.type !== "bool";
}

function toFloats(data: NdArray["data"]): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data as Float64Array);
}

function toIntegers(data: NdArray["data"]): BigInt64Array {
  return data instanceof BigInt64Array
    ? data
    : BigInt64Array.from(data as Int32Array as ArrayLike<unknown> as bigint[], BigInt);
}

/** Type and shape for messages, as `float32 [5,64]`. */
export function describe(tensor: StoredTensor | Parameter): string {
  const type = "element" in tensor ? tensor.element.type : tensor.dtype;
  return `${type} [${tensor.shape.join(",")}]`;
}
