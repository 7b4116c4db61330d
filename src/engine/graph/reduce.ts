import { cast, equal, mul } from "./elementwise.ts";
import { expand, normalizeAxes, reduced, reduceSum, reshape } from "./shape-ops.ts";
import { type Tensor, constant, node } from "./tensor.ts";

/** Sum of all elements, axis by axis, since a single long float32 sum would be less accurate. */
export function sumAll(x: Tensor): Tensor {
  let y = x;
  while (y.rank > 0) y = reduceSum(y, [-1]);
  return y;
}

/** Mean over axes of static size. */
export function reduceMean(x: Tensor, axes: readonly number[], keepDims = false): Tensor {
  const list = normalizeAxes("reduceMean", axes, x.rank);
  if (list.length === 0) return x;
  const backward = (dy: Tensor): Tensor[] => {
    const count = list.reduce((n, axis) => {
      const dim = x.shape[axis]!;
      if (typeof dim !== "number")
        throw new RangeError(`reduceMean: no gradient over the symbolic axis ${dim}`);
      return n * dim;
    }, 1);
    return [expand(mul(reshape(dy, reduced(x.shape, list, true)), 1 / count), x.shape)];
  };
  return node("ReduceMean", [x], reduced(x.shape, list, keepDims), backward, {
    attributes: { axes: list, keepdims: keepDims ? 1 : 0 },
  });
}

/** Maximum over one axis. If several elements have it, the first gets the whole gradient, as in PyTorch. */
export function reduceMax(x: Tensor, axis: number, keepDims = false): Tensor {
  const [at] = normalizeAxes("reduceMax", [axis], x.rank) as [number];
  const keptShape = reduced(x.shape, [at], true);
  const backward = (dy: Tensor, y: Tensor): Tensor[] => {
    const size = x.shape[at]!;
    if (typeof size !== "number")
      throw new RangeError(`reduceMax: no gradient over the symbolic axis ${size}`);
    const shape = x.shape.map((_, i) => (i === at ? size : 1));
    const fromEnd = constant(
      shape,
      Array.from({ length: size }, (_, i) => size - i),
      x.dtype,
    );
    // ArgMax would give integers, which WebGPU cannot compare.
    const ranks = mul(cast(equal(x, reshape(y, keptShape)), x.dtype), fromEnd);
    const first = equal(ranks, reduceMax(ranks, at, true));
    return [mul(reshape(dy, keptShape), cast(first, x.dtype))];
  };
  return node("ReduceMax", [x], reduced(x.shape, [at], keepDims), backward, {
    attributes: { axes: [at], keepdims: keepDims ? 1 : 0 },
  });
}
