import { sameDim } from "./dim.ts";
import { reduceSum, reshape } from "./shape-ops.ts";
import { type Dim, type Shape, type Tensor, composite, node, scalar } from "./tensor.ts";
import { type DType, onnxType } from "./ndarray.ts";

/** A tensor, or a number, which is converted to the type of the other operand. */
export type Operand = Tensor | number;

/** Shape of two operands under numpy's broadcasting rules. */
export function broadcast(where: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (!sameDim(x, y) && x !== 1 && y !== 1) {
      throw new RangeError(
        `${where}: shapes do not broadcast: [${a}] against [${b}], ${x} against ${y} on axis ${i}`,
      );
    }
    out.push(x === 1 ? y : x);
  }
  return out;
}

/** Sums a gradient over the axes along which its operand was broadcast. */
export function unbroadcast(dy: Tensor, shape: Shape): Tensor {
  const extra = dy.rank - shape.length;
  const axes = dy.shape.flatMap((dim, i) =>
    i < extra || (shape[i - extra] === 1 && dim !== 1) ? [i] : [],
  );
  if (axes.length === 0) return dy;
  return reshape(reduceSum(dy, axes, true), shape);
}

function operands(a: Operand, b: Operand): [Tensor, Tensor] {
  if (typeof a === "number" && typeof b === "number")
    throw new TypeError("elementwise: both operands are numbers; pass at least one tensor");
  const dtype = typeof a === "number" ? (b as Tensor).dtype : a.dtype;
  return [
    typeof a === "number" ? scalar(a, dtype) : a,
    typeof b === "number" ? scalar(b, dtype) : b,
  ];
}

function binary(
  name: string,
  a: Operand,
  b: Operand,
  backward: (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => [() => Tensor, () => Tensor],
): Tensor {
  const [x, y] = operands(a, b);
  return node(name, [x, y], broadcast(name.toLowerCase(), x.shape, y.shape), (dz, z, needs) => {
    const parts = backward(dz, x, y, z);
    return [
      needs[0] ? unbroadcast(parts[0](), x.shape) : null,
      needs[1] ? unbroadcast(parts[1](), y.shape) : null,
    ];
  });
}

export function add(a: Operand, b: Operand): Tensor {
  return binary("Add", a, b, (dy) => [() => dy, () => dy]);
}

export function sub(a: Operand, b: Operand): Tensor {
  return binary("Sub", a, b, (dy) => [() => dy, () => neg(dy)]);
}

export function mul(a: Operand, b: Operand): Tensor {
  return binary("Mul", a, b, (dy, x, y) => [() => mul(dy, y), () => mul(dy, x)]);
}

export function div(a: Operand, b: Operand): Tensor {
  return binary("Div", a, b, (dy, _x, y, z) => [() => div(dy, y), () => neg(mul(dy, div(z, y)))]);
}

/** The larger of each pair; at a tie the gradient goes to `a`. */
export function maximum(a: Operand, b: Operand): Tensor {
  return binary("Max", a, b, (dy, x, y) => [
    () => mul(dy, cast(not(less(x, y)), dy.dtype)),
    () => mul(dy, cast(less(x, y), dy.dtype)),
  ]);
}

export function neg(x: Tensor): Tensor {
  return node("Neg", [x], x.shape, (dy) => [neg(dy)]);
}

export function exp(x: Tensor): Tensor {
  return node("Exp", [x], x.shape, (dy, y) => [mul(dy, y)]);
}

/** Natural logarithm. */
export function log(x: Tensor): Tensor {
  return node("Log", [x], x.shape, (dy) => [div(dy, x)]);
}

export function sqrt(x: Tensor): Tensor {
  return node("Sqrt", [x], x.shape, (dy, y) => [div(mul(dy, 0.5), y)]);
}

export function abs(x: Tensor): Tensor {
  return node("Abs", [x], x.shape, (dy) => [mul(dy, node("Sign", [x], x.shape, null))]);
}

export function relu(x: Tensor): Tensor {
  return node("Relu", [x], x.shape, (dy, y) => [mul(dy, cast(less(0, y), dy.dtype))]);
}

/** Logistic sigmoid, 1 / (1 + exp(-x)). */
export function sigmoid(x: Tensor): Tensor {
  return node("Sigmoid", [x], x.shape, (dy, y) => [mul(dy, mul(y, sub(1, y)))]);
}

/**
 * Exact Gaussian error linear unit, x · Φ(x). The gradient recomputes Φ, which takes no longer than storing it and less
 * memory.
 */
export function gelu(x: Tensor): Tensor {
  return node(
    "Gelu",
    [x],
    x.shape,
    (dy) => {
      const u = mul(x, Math.SQRT1_2);
      const erf = node("Erf", [u], x.shape, null);
      // HardSigmoid computes (erf + 1) / 2 in one pass; its clipping to [0, 1] changes nothing.
      const attributes = { alpha: { float: 0.5 }, beta: { float: 0.5 } };
      const cdf = node("HardSigmoid", [erf], x.shape, null, { attributes });
      const density = div(mul(u, 1 / Math.sqrt(Math.PI)), exp(mul(u, u)));
      return [mul(dy, add(cdf, density))];
    },
    { domain: "com.microsoft" },
  );
}

/** Softmax over the last axis. */
export function softmax(x: Tensor): Tensor {
  return node(
    "Softmax",
    [x],
    x.shape,
    (dy, y) => {
      const weighted = mul(dy, y);
      return [sub(weighted, mul(y, reduceSum(weighted, [-1], true)))];
    },
    { attributes: { axis: -1 } },
  );
}

/** Logarithm of the softmax over the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  return node(
    "LogSoftmax",
    [x],
    x.shape,
    (dy, y) => [sub(dy, mul(exp(y), reduceSum(dy, [-1], true)))],
    { attributes: { axis: -1 } },
  );
}

/** log(1 + exp(x)) without overflow; its gradient is the sigmoid. */
export function softplus(x: Tensor): Tensor {
  const value = add(maximum(x, 0), log(add(exp(neg(abs(x))), 1)));
  return composite([x], [value], ([dy]) => [mul(dy!, sigmoid(x))])[0]!;
}

/** Whether a < b, as booleans; no gradient. */
export function less(a: Operand, b: Operand): Tensor {
  const [x, y] = operands(a, b);
  return node("Less", [x, y], broadcast("less", x.shape, y.shape), null, { dtype: "bool" });
}

/** Whether a = b, as booleans; no gradient. */
export function equal(a: Operand, b: Operand): Tensor {
  const [x, y] = operands(a, b);
  return node("Equal", [x, y], broadcast("equal", x.shape, y.shape), null, { dtype: "bool" });
}

export function not(x: Tensor): Tensor {
  return node("Not", [x], x.shape, null);
}

/** Changes the element type; no gradient. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  return node("Cast", [x], x.shape, null, { dtype, attributes: { to: onnxType[dtype] } });
}
