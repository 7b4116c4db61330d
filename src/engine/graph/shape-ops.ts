import { addDim, isStatic, product, sameDim, sameShape, staticShape } from "./dim.ts";
import {
  type Dim,
  type Shape,
  type SymbolicDim,
  type Tensor,
  constant,
  int64,
  node,
  nodes,
} from "./tensor.ts";

// Linear ops that move or sum numbers. The gradient of each is another of them.

/** A shape as an int64 tensor; symbolic sizes are read from the inputs when the graph runs. */
export function shapeTensor(shape: Shape): Tensor {
  if (isStatic(shape)) return int64(shape);
  return node("Concat", shape.map(dimTensor), [shape.length], null, {
    dtype: "int64",
    attributes: { axis: 0 },
  });
}

function dimTensor(dim: Dim): Tensor {
  if (typeof dim === "number") return int64([dim]);
  const known = dimTensors.get(dim);
  if (known) return known;
  const e = dim.expression;
  const tensor =
    e.kind === "axis"
      ? node("Shape", [e.tensor], [1], null, {
          dtype: "int64",
          attributes: { start: e.axis, end: e.axis + 1 },
        })
      : node(e.kind, [dimTensor(e.a), dimTensor(e.b)], [1], null, { dtype: "int64" });
  dimTensors.set(dim, tensor);
  return tensor;
}
// Each size is computed once per graph, however many reshapes read it.
const dimTensors = new WeakMap<SymbolicDim, Tensor>();

/** The same numbers in the same order, with another shape. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (isStatic(x.shape) && isStatic(shape) && product(x.shape) !== product(shape)) {
    throw new RangeError(
      `reshape: [${x.shape}] has ${product(x.shape)} elements, [${shape}] has ${product(shape)}`,
    );
  }
  return node("Reshape", [x, shapeTensor(shape)], shape, (dy) => [reshape(dy, x.shape), null]);
}

/** Axes in another order; without `order`, the last two are swapped. */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  const axes = x.shape.map((_, i) => i);
  const perm = order ?? [...axes.slice(0, -2), x.rank - 1, x.rank - 2];
  if (perm.length !== x.rank || [...perm].sort((a, b) => a - b).some((axis, i) => axis !== i)) {
    throw new RangeError(
      `transpose: [${perm}] is not an order of the ${x.rank} axes of [${x.shape}]`,
    );
  }
  const inverse = axes.map((i) => perm.indexOf(i));
  // Two transposes cancel.
  const { source } = x;
  if (source.kind === "node" && source.node.operator === "Transpose") {
    const previous = source.node.attributes["perm"] as readonly number[];
    if (previous.every((axis, i) => axis === inverse[i])) return source.node.inputs[0]!;
  }
  const shape = perm.map((i) => x.shape[i]!);
  // If only axes of size 1 move, a reshape is enough.
  const long = perm.filter((i) => x.shape[i] !== 1);
  if (long.every((axis, i) => i === 0 || long[i - 1]! < axis)) return reshape(x, shape);
  return node("Transpose", [x], shape, (dy) => [transpose(dy, inverse)], {
    attributes: { perm },
  });
}

/** Checks axes and converts negative ones to positive. */
export function normalizeAxes(where: string, axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => {
    const positive = axis < 0 ? axis + rank : axis;
    if (positive < 0 || positive >= rank)
      throw new RangeError(
        `${where}: axis ${axis} does not exist in a tensor of rank ${rank}; give one from ${-rank} to ${rank - 1}`,
      );
    return positive;
  });
}

/** Shape after reducing axes, which stay with size 1 or are removed. */
export function reduced(shape: Shape, axes: readonly number[], keep: boolean): Dim[] {
  return shape.flatMap((dim, i) => (axes.includes(i) ? (keep ? [1] : []) : [dim]));
}

/** Sum over axes. */
export function reduceSum(x: Tensor, axes: readonly number[], keepDims = false): Tensor {
  const list = normalizeAxes("reduceSum", axes, x.rank);
  // In ONNX no axes would mean all of them.
  if (list.length === 0) return x;
  const sums = reduced(x.shape, list, keepDims);
  if (x.rank === 2 && list.join() === "0" && isStatic(x.shape)) return reshape(sumOfRows(x), sums);
  return node(
    "ReduceSum",
    [x, int64(list)],
    sums,
    (dy) => [expand(reshape(dy, reduced(x.shape, list, true)), x.shape), null],
    { attributes: { keepdims: keepDims ? 1 : 0 } },
  );
}

/**
 * Sum over the axis before the last, which stays with size 1. It is a product with ones: for a few large matrices two
 * to five times as fast as the runtime's sum, and more accurate. @param x [..., rows, c]
 */
export function sumOfRows(x: Tensor): Tensor {
  const [rows] = staticShape("sumOfRows", x.shape.slice(-2, -1)) as [number];
  const ones = constant([1, rows], new Float32Array(rows).fill(1), x.dtype);
  const shape = [...x.shape.slice(0, -2), 1, x.shape.at(-1)!];
  return node("MatMul", [ones, x], shape, (dy) => [null, expand(dy, x.shape)]);
}

/** Repeats axes of size 1 to reach a shape. */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (x.rank !== shape.length || x.shape.some((dim, i) => dim !== 1 && !sameDim(dim, shape[i]!))) {
    throw new RangeError(
      `expand: [${x.shape}] does not repeat into [${shape}]; only axes of size 1 grow`,
    );
  }
  const axes = x.shape.flatMap((dim, i) => (dim === 1 && shape[i] !== 1 ? [i] : []));
  return node("Expand", [x, shapeTensor(shape)], shape, (dy) => [reduceSum(dy, axes, true), null]);
}

/** Concatenates tensors along an axis of static size. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const [at] = normalizeAxes("concat", [axis], parts[0]!.rank) as [number];
  if (parts.length === 1) return parts[0]!;
  const first = parts[0]!.shape;
  for (const { shape } of parts) {
    if (
      shape.length !== first.length ||
      shape.some((dim, i) => i !== at && !sameDim(dim, first[i]!))
    ) {
      throw new RangeError(`concat: [${shape}] does not join [${first}] along axis ${at}`);
    }
  }
  const sizes = parts.map((p) => staticShape("concat", [p.shape[at]!])[0]!);
  const total = sizes.reduce((a, b) => a + b, 0);
  return node(
    "Concat",
    parts,
    first.map((dim, i) => (i === at ? total : dim)),
    (dy) => split(dy, sizes, at),
    { attributes: { axis: at } },
  );
}

/** Splits a tensor along an axis into parts of these sizes. */
export function split(x: Tensor, sizes: readonly number[], axis: number): Tensor[] {
  const [at] = normalizeAxes("split", [axis], x.rank) as [number];
  const total = sizes.reduce((a, b) => a + b, 0);
  if (x.shape[at] !== total) {
    throw new RangeError(
      `split: sizes [${sizes}] add up to ${total}, axis ${at} of [${x.shape}] has ${x.shape[at]}`,
    );
  }
  const shapes = sizes.map((size) => x.shape.map((dim, i) => (i === at ? size : dim)));
  const backward = (dys: readonly (Tensor | null)[]): (Tensor | null)[] => [
    concat(
      dys.map((dy, i) => dy ?? zeros(staticShape("split", shapes[i]!), x)),
      at,
    ),
    null,
  ];
  return nodes("Split", [x, int64(sizes)], shapes, backward, { attributes: { axis: at } });
}

/** Most outputs of a Split on a GPU: WebGPU guarantees a kernel 8 buffers, one of which is the input. */
const mostParts = 7;

/** Splits like `split`, into any number of parts: in several steps where a GPU's kernel cannot write so many. */
export function splitTree(x: Tensor, sizes: readonly number[], axis = 0): Tensor[] {
  if (sizes.length === 1) return [x];
  // Full runs at the leaves, so that there are as few as possible.
  let each = 1;
  while (each * mostParts < sizes.length) each *= mostParts;
  const runs: (readonly number[])[] = [];
  for (let i = 0; i < sizes.length; i += each) runs.push(sizes.slice(i, i + each));
  const totals = runs.map((run) => run.reduce((sum, size) => sum + size, 0));
  return split(x, totals, axis).flatMap((part, i) => splitTree(part, runs[i]!, axis));
}

function zeros(shape: readonly number[], like: Tensor): Tensor {
  const zero = constant(
    shape.map(() => 1),
    [0],
    like.dtype,
  );
  return expand(zero, shape);
}

/** The part of a tensor with `sizes[i]` elements from `starts[i]` on along each axis i. */
export function slice(x: Tensor, starts: readonly number[], sizes: Shape): Tensor {
  if (starts.length !== x.rank || sizes.length !== x.rank) {
    throw new RangeError(
      `slice: [${sizes}] after [${starts}] does not cut [${x.shape}]; give every axis a start and a size`,
    );
  }
  if (starts.every((start) => start === 0) && sameShape(x.shape, sizes)) return x;
  const ends = starts.map((start, i) => addDim(sizes[i]!, start));
  ends.forEach((end, i) => {
    const dim = x.shape[i]!;
    if (starts[i]! < 0 || (typeof end === "number" && typeof dim === "number" && end > dim)) {
      throw new RangeError(
        `slice: [${sizes}] after [${starts}] leaves [${x.shape}]: axis ${i} ends at ${end}, of ${dim}`,
      );
    }
  });
  const backward = (dy: Tensor): (Tensor | null)[] => {
    const whole = staticShape("slice", x.shape);
    const after = staticShape("slice", ends).map((end, i) => whole[i]! - end);
    return [pad(dy, starts, after), null, null];
  };
  return node("Slice", [x, int64(starts), shapeTensor(ends)], sizes, backward);
}

/** Adds zeros before and after each axis. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  if (before.length !== x.rank || after.length !== x.rank) {
    throw new RangeError(
      `pad: [${before}] and [${after}] do not fit [${x.shape}]; give every axis both`,
    );
  }
  if ([...before, ...after].every((n) => n === 0)) return x;
  const shape = x.shape.map((dim, i) => addDim(dim, before[i]! + after[i]!));
  return node("Pad", [x, int64([...before, ...after])], shape, (dy) => [
    slice(dy, before, x.shape),
    null,
  ]);
}
