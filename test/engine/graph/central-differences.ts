import {
  type DType,
  type NdArray,
  type Tensor,
  gradients,
  input,
  mul,
  sizeOf,
  sumAll,
} from "../../../src/engine/graph/index.ts";
import { Random } from "../../../src/engine/random.ts";
import { evaluate } from "../../network.ts";

/** Reads one element of an array; zero outside of it, as padding wants. */
export type Reader = (...index: number[]) => number;

/** An op of the graph beside the formula that defines it, element by element. */
export interface OpCase {
  readonly name: string;
  /** Shapes of the inputs. */
  readonly inputs: readonly (readonly number[])[];
  readonly op: (...inputs: Tensor[]) => Tensor;
  /** Shape of the result. */
  readonly shape: readonly number[];
  readonly formula: (...inputs: Reader[]) => Reader;
  /** How the first input's leading axes are declared, if not by their sizes: then there is no gradient. */
  readonly sizes?: readonly (number | string)[];
  /** What ONNX Runtime's CPU kernels take; float64 unless they lack it. */
  readonly dtype: "float32" | "float64";
  /** Inputs are drawn from here, uniformly. */
  readonly range: readonly [number, number];
  /** The first input, instead of random numbers. */
  readonly at?: readonly number[];
}

/** Largest errors, in units of the expected values' largest magnitude. */
export interface OpErrors {
  readonly value: number;
  /** By input: of the gradient asked for together with the others, and alone. */
  readonly gradients: readonly number[];
}

/** d f / d x by (f(x + h) − f(x − h)) / 2h, element by element. */
export function centralDifferences(
  f: (x: readonly Float64Array[]) => number,
  x: readonly Float64Array[],
): Float64Array[] {
  const h = 1e-5;
  return x.map((values) =>
    values.map((value, i) => {
      values[i] = value + h;
      const above = f(x);
      values[i] = value - h;
      const below = f(x);
      values[i] = value;
      return (above - below) / (2 * h);
    }),
  );
}

/**
 * Evaluates an op and the gradients of a random weighted sum of its results, and compares the first
 * with its formula, the second with central differences of its formula.
 */
export async function compareWithFormula(
  row: OpCase,
  device: string,
  dtype: DType,
): Promise<OpErrors> {
  const x = row.inputs.map((shape, i) =>
    i === 0 && row.at
      ? Float64Array.from(row.at, Math.fround)
      : draw(`${row.name}/${i}`, shape, row.range),
  );
  const weights = draw(`${row.name}/weights`, row.shape, [-1, 1]);
  const tensors = row.inputs.map((shape, i) => {
    const sizes = (i === 0 && row.sizes) || [];
    return input(`x${i}`, [...sizes, ...shape.slice(sizes.length)], dtype);
  });
  const y = row.op(...tensors);
  const wanted = row.sizes ? {} : allGradients(mul(y, input("weights", row.shape, dtype)), tensors);
  const feeds: Record<string, NdArray> = { weights: array(row.shape, weights, dtype) };
  x.forEach((data, i) => (feeds[`x${i}`] = array(row.inputs[i]!, data, dtype)));
  const results = await evaluate({ y, ...wanted }, feeds, device);

  const shape = results["y"]!.shape;
  if (shape.join() !== row.shape.join())
    throw new Error(`${row.name}: the result is [${shape}], expected [${row.shape}]`);
  const value = largestError(results["y"]!.data, tabulate(row, x));
  if (row.sizes) return { value, gradients: [] };
  const weighted = (at: readonly Float64Array[]): number =>
    tabulate(row, at).reduce((sum, result, i) => sum + result * weights[i]!, 0);
  const errors = centralDifferences(weighted, x).map((slope, i) => {
    // No gradient at all stands for zeros.
    const found = ["together", "alone"].map(
      (name) => results[`${name}${i}`]?.data ?? slope.map(() => 0),
    );
    return Math.max(...found.map((gradient) => largestError(gradient, slope)));
  });
  return { value, gradients: errors };
}

/** Numbers that float32 holds exactly, so that formulas and graphs see the same ones. */
function draw(
  name: string,
  shape: readonly number[],
  [low, high]: readonly [number, number],
): Float64Array {
  const random = Random.at(0, name);
  return Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(random.uniform(low, high)));
}

/** Gradients of a tensor's sum by all inputs, asked for together and one by one. */
function allGradients(x: Tensor, inputs: readonly Tensor[]): Record<string, Tensor> {
  const loss = sumAll(x);
  const found: Record<string, Tensor> = {};
  const together = gradients(loss, inputs);
  for (const [i, tensor] of inputs.entries()) {
    const [alone] = gradients(loss, [tensor]);
    if (together[i]) found[`together${i}`] = together[i];
    if (alone) found[`alone${i}`] = alone;
  }
  return found;
}

/** In units of the expected values' largest magnitude; NaN where any value is. */
function largestError(actual: ArrayLike<number | bigint>, expected: Float64Array): number {
  if (actual.length !== expected.length)
    throw new Error(`${actual.length} values, expected ${expected.length}`);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    expected.reduce((most, value, i) => Math.max(most, Math.abs(Number(actual[i]) - value)), 0) /
    (scale || 1)
  );
}

function array(shape: readonly number[], data: Float64Array, dtype: DType): NdArray {
  return { dtype, shape, data: dtype === "float64" ? data : Float32Array.from(data) };
}

/** The formula's values over the whole shape, in row-major order. */
function tabulate(row: OpCase, x: readonly Float64Array[]): Float64Array {
  const value = row.formula(...x.map((data, i) => reader(row.inputs[i]!, data)));
  return Float64Array.from({ length: sizeOf(row.shape) }, (_, flat) => {
    const index = row.shape.map(() => 0);
    for (let axis = index.length - 1; axis >= 0; axis--) {
      index[axis] = flat % row.shape[axis]!;
      flat = Math.floor(flat / row.shape[axis]!);
    }
    return value(...index);
  });
}

function reader(shape: readonly number[], data: Float64Array): Reader {
  return (...index) => {
    if (index.length !== shape.length)
      throw new Error(`formula: index [${index}] of an array [${shape}]`);
    let flat = 0;
    for (const [axis, size] of shape.entries()) {
      if (index[axis]! < 0 || index[axis]! >= size) return 0;
      flat = flat * size + index[axis]!;
    }
    return data[flat]!;
  };
}
