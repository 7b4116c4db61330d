import { isStatic } from "./dim.ts";
import { sizeOf } from "./ndarray.ts";
import { topological } from "./topological.ts";
import type { Node, Tensor } from "./tensor.ts";

/** Floating-point operations of one run of a graph. */
export interface Operations {
  /** Matrix products and convolutions alone, two for each multiply-add. */
  readonly matrix: number;
  /** All operators. */
  readonly total: number;
}

/** Operators that only move, rename or convert numbers. */
const moves = new Set([
  "Reshape",
  "Transpose",
  "Concat",
  "Split",
  "Slice",
  "Pad",
  "Gather",
  "Expand",
  "Shape",
  "Cast",
  "Identity",
  "ReorderInput",
  "ReorderOutput",
]);

/**
 * Operations for each element of the result: the number of its simple steps, each of which counts as one, exponentials
 * too.
 */
const elementwise: Readonly<Record<string, number>> = {
  Add: 1,
  Sub: 1,
  Mul: 1,
  Div: 1,
  Max: 1,
  Neg: 1,
  Abs: 1,
  Sign: 1,
  Relu: 1,
  Exp: 1,
  Log: 1,
  Sqrt: 1,
  Erf: 1,
  Less: 1,
  Equal: 1,
  Not: 1,
  HardSigmoid: 2, // mul, add
  Sigmoid: 4, // neg, exp, add, div
  Gelu: 5, // div, erf, add, mul, mul
  BatchNormalization: 4, // mean, scale, gain, bias
  Softmax: 5, // max, sub, exp, sum, div
  LogSoftmax: 5, // max, sub, exp, sum, sub
  LayerNormalization: 7, // mean, sub, square, its mean, scale, gain, bias
  Resize: 7, // four products and three sums
};

/** Operators that reduce many numbers to one, with one operation for each element that they read. */
const reductions = new Set(["ReduceSum", "ReduceMean", "ReduceMax"]);

/**
 * Number of floating-point operations that compute these tensors, in the graph as it is built: multiplications by zeros
 * are counted, fusions by a runtime are not considered. All sizes must be static.
 */
export function floatingPointOperations(outputs: readonly Tensor[]): Operations {
  let [matrix, other] = [0, 0];
  for (const node of topological(outputs)) {
    const products = multiplyAdds(node);
    if (products !== null) {
      matrix += 2 * products;
      const [, , bias] = node.inputs;
      if (bias) other += size(node, node.outputs[0]!);
    } else {
      other += plainOperations(node);
    }
  }
  return { matrix, total: matrix + other };
}

/** Multiply-adds of a matrix product or a convolution; null for another operator. */
function multiplyAdds(node: Node): number | null {
  const [a, b] = node.inputs;
  const [y] = node.outputs;
  switch (node.operator) {
    case "MatMul":
      return size(node, y!) * (a!.shape.at(-1) as number);
    case "Gemm":
      return size(node, y!) * (a!.shape[node.attributes["transA"] === 1 ? 0 : 1] as number);
    case "Conv":
      // Each result takes one filter, [channels of its group, k, k].
      return (size(node, y!) * size(node, b!)) / (b!.shape[0] as number);
    case "ConvTranspose":
      // Each number that is read is multiplied by one filter, [channels of its group, k, k].
      return (size(node, a!) * size(node, b!)) / (b!.shape[0] as number);
    default:
      return null;
  }
}

function plainOperations(node: Node): number {
  const operator = node.operator!;
  if (moves.has(operator)) return 0;
  if (reductions.has(operator)) return size(node, node.inputs[0]!);
  const each = elementwise[operator];
  if (each === undefined) {
    throw new RangeError(`flops: ${operator} has no count; add it to the tables in graph/flops.ts`);
  }
  return each * size(node, node.outputs[0]!);
}

function size({ operator }: Node, { shape }: Tensor): number {
  if (!isStatic(shape)) {
    throw new RangeError(
      `flops: ${operator} has the symbolic size [${shape.map(String)}]; give every axis a number`,
    );
  }
  return sizeOf(shape);
}
