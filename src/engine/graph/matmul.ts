import { sameDim, sameShape } from "./dim.ts";
import { broadcast, unbroadcast } from "./elementwise.ts";
import { transpose } from "./shape-ops.ts";
import { type Dim, type Shape, type Tensor, node } from "./tensor.ts";

/** Matrix product of the last two axes, broadcasting the others. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const inner = a.shape.at(-1)!;
  const innerB = b.shape.at(-2)!;
  if (a.rank < 2 || b.rank < 2 || !sameDim(inner, innerB)) {
    throw new RangeError(
      `matmul: inner axes differ: [${a.shape}] x [${b.shape}], ${inner} against ${innerB}`,
    );
  }
  const batch = broadcast("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
  return node("MatMul", [a, b], [...batch, a.shape.at(-2)!, b.shape.at(-1)!], (dy, _y, needs) => [
    needs[0] ? unbroadcast(gradientOf(a, dy, transpose(b)), a.shape) : null,
    needs[1] ? unbroadcast(gradientOf(b, transpose(a), dy), b.shape) : null,
  ]);
}

/**
 * x · y, the gradient of `operand`. For a transposed operand it is built as (yᵀ · xᵀ)ᵀ, whose outer transpose cancels
 * with the operand's.
 */
function gradientOf(operand: Tensor, x: Tensor, y: Tensor): Tensor {
  const { source } = operand;
  const isTransposed = source.kind === "node" && source.node.operator === "Transpose";
  return isTransposed ? transpose(matmul(transpose(y), transpose(x))) : matmul(x, y);
}

export interface GemmOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Tensor to add to the product, [columns] or [rows, 1]. */
  readonly bias?: Tensor;
}

/** Product of two matrices, each transposed or not, plus a bias, in one kernel. */
export function gemm(
  a: Tensor,
  b: Tensor,
  { transA = false, transB = false, bias }: GemmOptions = {},
): Tensor {
  if (a.rank !== 2 || b.rank !== 2)
    throw new RangeError(`gemm: expected two matrices, found [${a.shape}] and [${b.shape}]`);
  const [rows, innerA] = transA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const [innerB, columns] = transB ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
  if (!sameDim(innerA, innerB)) {
    throw new RangeError(
      `gemm: inner axes differ: [${a.shape}]${transA ? "ᵀ" : ""} x [${b.shape}]${transB ? "ᵀ" : ""}, ${innerA} against ${innerB}`,
    );
  }
  if (bias && !fits(bias.shape, rows, columns)) {
    throw new RangeError(
      `gemm: bias [${bias.shape}] does not fit the product [${rows},${columns}]; make it [${columns}] or [${rows},1]`,
    );
  }
  const inputs = bias ? [a, b, bias] : [a, b];
  const backward = (dy: Tensor, _y: Tensor, needs: readonly boolean[]): (Tensor | null)[] => [
    !needs[0]
      ? null
      : transA
        ? gemm(b, dy, { transA: transB, transB: true })
        : gemm(dy, b, { transB: !transB }),
    !needs[1]
      ? null
      : transB
        ? gemm(dy, a, { transA: true, transB: transA })
        : gemm(a, dy, { transA: !transA }),
    bias && needs[2] ? unbroadcast(dy, bias.shape) : null,
  ];
  return node("Gemm", inputs, [rows, columns], backward, {
    attributes: { transA: transA ? 1 : 0, transB: transB ? 1 : 0 },
  });
}

function fits(bias: Shape, rows: Dim, columns: Dim): boolean {
  return sameShape(bias, [columns]) || sameShape(bias, [rows, 1]);
}

/** x · Wᵀ + b, PyTorch's Linear. @param x [rows, in] @param weight [out, in] @param bias [out] */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return gemm(x, weight, bias ? { transB: true, bias } : { transB: true });
}
