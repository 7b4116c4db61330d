import { isStatic } from "./dim.ts";
import { sizeOf } from "./ndarray.ts";
import { topological } from "./topological.ts";
import type { Node, Tensor } from "./tensor.ts";

/** Floating-point operations of one run of a graph. */
export interface Operations {
  /** Of matrix products and convolutions alone, two a multiply-add. */
  readonly matrix: number;
  /** Of all operators. */
  readonly total: number;
}

/** Operators that only move, name or convert numbers. */
const moves = new Set([
  ...["Reshape", "Transpose", "Concat", "Split", "Slice", "Pad", "Gather", "Expand", "Shape"],
  ...["Cast", "Identity", "ReorderInput", "ReorderOutput"],
]);

/** Operations an element of the result: one for each simple step, an exponential among them. */
const elementwise: Readonly<Record<string, number>> = {
  ...{ Add: 1, Sub: 1, Mul: 1, Div: 1, Max: 1, Neg: 1, Abs: 1, Sign: 1, Relu: 1 },
  ...{ Exp: 1, Log: 1, Sqrt: 1, Erf: 1, Less: 1, Equal: 1, Not: 1 },
  HardSigmoid: 2, // mul, add
  Sigmoid: 4, // neg, exp, add, div
  Gelu: 5, // div, erf, add, mul, mul
  Softmax: 5, // max, sub, exp, sum, div
  LogSoftmax: 5, // max, sub, exp, sum, sub
  LayerNormalization: 7, // mean, sub, square, its mean, scale, gain, bias
  Resize: 7, // four products and three sums
};

/** Operators that make one number of many: an operation an element they read. */
const reductions = new Set(["ReduceSum", "ReduceMean", "ReduceMax"]);

/**
 * Floating-point operations behind these tensors, as the graph is written: zeros that a form multiplies
 * count, what a runtime fuses or leaves out does not matter. Sizes must be known.
 */
export function floatingPointOperations(outputs: readonly Tensor[]): Operations {
  let [matrix, other] = [0, 0];
  for (const made of topological(outputs)) {
    const products = multiplyAdds(made);
    if (products !== null) {
      matrix += 2 * products;
      const [, , bias] = made.inputs;
      if (bias) other += size(made, made.outputs[0]!);
    } else {
      other += plainOperations(made);
    }
  }
  return { matrix, total: matrix + other };
}

/** Multiply-adds of a matrix product or a convolution; null for another operator. */
function multiplyAdds(made: Node): number | null {
  const [a, b] = made.inputs;
  const [y] = made.outputs;
  switch (made.operator) {
    case "MatMul":
      return size(made, y!) * (a!.shape.at(-1) as number);
    case "Gemm":
      return size(made, y!) * (a!.shape[made.attributes["transA"] === 1 ? 0 : 1] as number);
    case "Conv":
      // Each result reads one filter, [channels of its group, k, k].
      return (size(made, y!) * size(made, b!)) / (b!.shape[0] as number);
    default:
      return null;
  }
}

function plainOperations(made: Node): number {
  const operator = made.operator!;
  if (moves.has(operator)) return 0;
  if (reductions.has(operator)) return size(made, made.inputs[0]!);
  const each = elementwise[operator];
  if (each === undefined) {
    throw new RangeError(`flops: ${operator} has no count; add it to the tables of graph/flops.ts`);
  }
  return each * size(made, made.outputs[0]!);
}

function size({ operator }: Node, { shape }: Tensor): number {
  if (!isStatic(shape)) {
    throw new RangeError(
      `flops: the size [${shape.map(String)}] at ${operator} is not known; give static ones`,
    );
  }
  return sizeOf(shape);
}
