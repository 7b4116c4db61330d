import { mul, sub } from "./elementwise.ts";
import { type GraphReaders, isSame, madeBy, numberOf } from "./graph-readers.ts";
import { reshape, transpose } from "./shape-ops.ts";
import {
  type Attributes,
  type Node,
  type Tensor,
  constant,
  node,
  nodes,
  resolve,
} from "./tensor.ts";

/** Where a graph is rewritten. */
export interface Place {
  /** Of the original graph. */
  readonly readers: GraphReaders;
  /** What has become of a tensor of the original graph. */
  current(tensor: Tensor): Tensor;
  /** An operator that may have been made before; then that one. */
  once(made: Tensor): Tensor;
}

/**
 * Puts an operator into another one.
 * @param original the operator as it was @param inputs its inputs by now @returns null where it does not fit
 */
type Fusion = (original: Node, inputs: readonly (Tensor | null)[], place: Place) => Tensor | null;

function factorOf({ attributes }: Node, name: "alpha" | "beta"): number {
  return (attributes[name] as { readonly float: number } | undefined)?.float ?? 1;
}

function productLike(like: Node, inputs: readonly (Tensor | null)[], more: Attributes): Tensor {
  const attributes = { ...like.attributes, ...more };
  return node("Gemm", inputs, like.outputs[0]!.shape, null, { attributes });
}

/** A product with a number: which input is multiplied, and the number. */
function scaledBy({ operator, inputs }: Node): { at: 0 | 1; factor: number } | null {
  if (operator !== "Mul") return null;
  for (const at of [0, 1] as const) {
    const factor = numberOf(inputs[1 - at]);
    if (factor !== null && inputs[at]!.rank >= inputs[1 - at]!.rank) return { at, factor };
  }
  return null;
}

/** s · (A·B + c) is a product with other factors. */
const scaledProduct: Fusion = (original, inputs, { readers }) => {
  const scaled = scaledBy(original);
  const product = scaled && madeBy(inputs[scaled.at], "Gemm");
  if (!product || !readers.readOnce(original.inputs[scaled.at]!)) return null;
  const factor = (name: "alpha" | "beta") => ({ float: factorOf(product, name) * scaled.factor });
  return productLike(product, product.inputs, { alpha: factor("alpha"), beta: factor("beta") });
};

/** Whether all that read s · x can take s over: products, and sums of rows, which are products with ones. */
function canTakeOver(scaled: Tensor, readers: GraphReaders): boolean {
  const all = readers.of(scaled);
  return (
    !readers.isOutput(scaled) &&
    all.every(({ operator, inputs }) => {
      const [first, second, third] = inputs.map((t) => isSame(t, scaled));
      if (third || first === second) return false;
      return operator === "Gemm" || (operator === "MatMul" && second && isConstant(inputs[0]!));
    })
  );
}

function isConstant(tensor: Tensor): boolean {
  return resolve(tensor).source.kind === "constant";
}

/** A · (s·B) is s · A·B; a sum of rows of s·B weighs them with s. */
const productOfScaled: Fusion = (original, inputs, { readers }) => {
  const { operator } = original;
  if (operator !== "Gemm" && operator !== "MatMul") return null;
  for (const at of [0, 1] as const) {
    const before = original.inputs[at]!;
    const scaled = madeBy(before, "Mul");
    const by = scaled && scaledBy(scaled);
    const now = madeBy(inputs[at], "Mul");
    if (!by || !now || !canTakeOver(before, readers)) continue;
    const own = inputs.map((t, i) => (i === at ? now.inputs[by.at]! : t));
    if (operator === "Gemm")
      return productLike(original, own, {
        alpha: { float: factorOf(original, "alpha") * by.factor },
      });
    own[0] = scaledConstant(own[0]!, by.factor);
    return node("MatMul", own, original.outputs[0]!.shape, null);
  }
  return null;
};

function scaledConstant(tensor: Tensor, factor: number): Tensor {
  const t = resolve(tensor);
  const { data } = (t.source as Extract<Tensor["source"], { kind: "constant" }>).value;
  return constant(
    t.shape as number[],
    Array.from(data as Float32Array, (v) => v * factor),
    t.dtype,
  );
}

/** x + A·B is one product that starts from x. */
const productAndSum: Fusion = (original, inputs, { readers }) => {
  if (original.operator !== "Add") return null;
  const shape = original.outputs[0]!.shape.join();
  for (const at of [1, 0] as const) {
    const product = madeBy(inputs[at], "Gemm");
    const [term, other] = [original.inputs[at]!, inputs[1 - at]!];
    if (!product || product.inputs.length > 2 || !readers.readOnce(term)) continue;
    if (other.shape.join() !== shape || term.shape.join() !== shape) continue;
    return productLike(product, [...product.inputs, other], {});
  }
  return null;
};

/** Axes that are moved twice can be moved once. */
const twoTransposes: Fusion = (original, inputs) => {
  const first = original.operator === "Transpose" ? madeBy(inputs[0], "Transpose") : null;
  if (!first) return null;
  const order = (of: Node): readonly number[] => of.attributes["perm"] as readonly number[];
  const inner = order(first);
  return transpose(
    first.inputs[0]!,
    order(original).map((axis) => inner[axis]!),
  );
};

/** The normalized rows in the gradient of a LayerNorm: (x − mean) / deviation. */
function isNormalized(tensor: Tensor | null | undefined): tensor is Tensor {
  const product = madeBy(tensor, "Mul");
  const [x, mean] = madeBy(product?.inputs[0], "Sub")?.inputs ?? [];
  const norm = madeBy(mean, "LayerNormalization");
  return (
    !!norm &&
    isSame(norm.inputs[0], x) &&
    isSame(norm.outputs[1], mean) &&
    isSame(norm.outputs[2], product!.inputs[1])
  );
}

/** They are what a LayerNorm without gain and bias computes. */
const normalizedRows: Fusion = (original, _inputs, { current, once }) => {
  const [y] = original.outputs as [Tensor];
  if (!isNormalized(y)) return null;
  const [x, mean] = madeBy(original.inputs[0], "Sub")!.inputs as [Tensor, Tensor];
  const { attributes } = madeBy(mean, "LayerNormalization")!;
  return once(plainNorm(current(x), attributes)[0]!);
};

/** LayerNorm without gain and bias: normalized rows, means and reciprocal deviations. */
function plainNorm(x: Tensor, attributes: Attributes): Tensor[] {
  const c = x.shape.at(-1) as number;
  const stats = [...x.shape.slice(0, -1), 1];
  const [gain, bias] = [1, 0].map((value) => filled(c, value, x.dtype)) as [Tensor, Tensor];
  return nodes("LayerNormalization", [x, gain, bias], [x.shape, stats, stats], null, {
    attributes,
  });
}

/** Constants of equal numbers, shared by all graphs, so that equal operators are seen to be equal. */
const constants = new Map<string, Tensor>();

function filled(size: number, value: number, dtype: Tensor["dtype"]): Tensor {
  const key = `${size} ${value} ${dtype}`;
  let tensor = constants.get(key);
  if (!tensor)
    constants.set(key, (tensor = constant([size], new Float32Array(size).fill(value), dtype)));
  return tensor;
}

/**
 * The gradient of a LayerNorm, g − mean(g) − z · mean(g∘z) with g = gain ∘ dy and the normalized rows z. gain ∘ z is not
 * multiplied out: mean(g∘z) is the product (dy∘z) · gain / c, and dy∘z is there for the gradient of the gain. The two terms
 * that are subtracted are one BatchNormalization whose channels are the rows.
 */
const normGradient: Fusion = (original, _inputs, { current, once }) => {
  if (original.operator !== "Sub") return null;
  const [left, right] = original.inputs;
  const [g, meanOfG] = madeBy(left, "Sub")?.inputs ?? [];
  const [z, meanOfGz] = madeBy(right, "Mul")?.inputs ?? [];
  const [dy, gain] = madeBy(g, "Mul")?.inputs ?? [];
  const gz = madeBy(madeBy(meanOfGz, "ReduceMean")?.inputs[0], "Mul")?.inputs;
  if (!isNormalized(z) || !gz || !isSame(gz[0], g) || !isSame(gz[1], z)) return null;
  if (!isSame(madeBy(meanOfG, "ReduceMean")?.inputs[0], g)) return null;
  const [rows, c] = z.shape as [number, number];
  const products = once(mul(current(dy!), current(z)));
  const column = once(reshape(current(gain!), [c, 1]));
  const slope = node("Gemm", [products, column], [rows, 1], null, {
    attributes: { alpha: { float: 1 / c } },
  });
  const line = node(
    "BatchNormalization",
    [
      reshape(current(z), [1, rows, c]),
      reshape(slope, [rows]),
      reshape(current(meanOfG!), [rows]),
      filled(rows, 0, z.dtype),
      filled(rows, 1, z.dtype),
    ],
    [1, rows, c],
    null,
    { attributes: { epsilon: { float: 0 } } },
  );
  return sub(current(g!), reshape(line, z.shape));
};

/** In the order in which they are tried. */
export const fusions: readonly Fusion[] = [
  twoTransposes,
  normalizedRows,
  normGradient,
  scaledProduct,
  productOfScaled,
  productAndSum,
];

/** Puts the sum before a LayerNorm into it, and takes the statistics for its gradient from the normalized rows. */
export function normFusion({ readers, current, once }: Place): {
  readonly sum: (original: Node, inputs: readonly (Tensor | null)[]) => Tensor | null;
  readonly norm: (original: Node, inputs: readonly (Tensor | null)[]) => readonly Tensor[] | null;
} {
  const normed = new Map<Node, Tensor>();
  return {
    sum(original, [a, b]) {
      const [y] = original.outputs as [Tensor];
      if (original.operator !== "Add" || y.rank !== 2 || !a || !b) return null;
      if ([a, b].some(({ shape }) => shape.join() !== y.shape.join())) return null;
      const norm = readers
        .of(y)
        .find(({ operator, inputs }) => operator === "LayerNormalization" && isSame(inputs[0], y));
      if (!norm) return null;
      const [, gain, bias] = norm.inputs as [Tensor, Tensor, Tensor];
      const { epsilon } = norm.attributes as { epsilon: Attributes[string] };
      const stats = [y.shape[0]!, 1];
      const [normal, , , sum] = nodes(
        "SkipLayerNormalization",
        [a, b, current(gain), current(bias)],
        [y.shape, stats, stats, y.shape],
        null,
        { domain: "com.microsoft", attributes: { epsilon } },
      );
      normed.set(norm, normal!);
      return sum!;
    },
    norm(original, inputs) {
      if (original.operator !== "LayerNormalization") return null;
      const y = normed.get(original);
      const [, mean, inverse] = original.outputs as [Tensor, Tensor, Tensor];
      const hasGradient = [mean, inverse].some((t) => readers.of(t).length > 0);
      const { attributes } = original;
      const own =
        y ?? node("LayerNormalization", inputs, original.outputs[0]!.shape, null, { attributes });
      if (!hasGradient) return [own, own, own];
      const [z] = plainNorm(inputs[0]!, attributes);
      const { source } = once(z!);
      const [, plainMean, plainInverse] = (source as { node: Node }).node.outputs;
      return [own, plainMean!, plainInverse!];
    },
  };
}
