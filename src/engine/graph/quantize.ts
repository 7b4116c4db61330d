import { add, cast, mul } from "./elementwise.ts";
import { concat, reshape, transpose } from "./shape-ops.ts";
import type { NdArray } from "./ndarray.ts";
import { topological } from "./topological.ts";
import { rewrite } from "./rewrite.ts";
import { type Node, constantOf, int64, node, resolve, Tensor } from "./tensor.ts";

// Products of rows and fixed weights in 8 bits. The rows are quantized when the graph runs, each tensor with its own
// scale, by operators of the ONNX standard, which ONNX Runtime fuses.

/** Largest weight: seven bits, since with eight, sums of two products overflow on processors without VNNI. */
const largest = 63;
/** Channels of an image: with so few, a quantized product is not faster. */
const fewChannels = 3;

/** A matrix [inner, columns] as integers times a scale for each column. */
export interface Int8Matrix {
  /** int8, [inner, columns] */
  readonly values: NdArray;
  /** float32, [columns] */
  readonly scales: NdArray;
}

/** A node that multiplies activations by weights. */
export interface WeightProduct {
  readonly node: Node;
  /** The weights, [inner, columns], which depend only on parameters and constants. */
  readonly matrix: Tensor;
}

/** Rounds each column to integers from −63 to 63. @param matrix float32, [inner, columns] */
export function toInt8({ shape, data }: NdArray): Int8Matrix {
  const [inner, columns] = shape as [number, number];
  const source = data as Float32Array;
  const scales = new Float32Array(columns);
  source.forEach((value, i) => {
    const size = Math.abs(value);
    if (!(size <= scales[i % columns]!)) scales[i % columns] = size; // NaN stays NaN
  });
  for (let j = 0; j < columns; j++) scales[j] = scales[j] === 0 ? 1 : scales[j]! / largest;
  const values = Int8Array.from(source, (value, i) => Math.round(value / scales[i % columns]!));
  return {
    values: { dtype: "int8", shape: [inner, columns], data: values },
    scales: { dtype: "float32", shape: [columns], data: scales },
  };
}

/**
 * Finds the linear layers and dense 3×3 convolutions with fixed weights.
 * @param isWeight whether an input is a weight
 */
export function weightProducts(
  outputs: readonly Tensor[],
  isWeight: (name: string) => boolean,
): WeightProduct[] {
  const fixed = new Set<Tensor>();
  const isFixed = (tensor: Tensor | null): boolean => {
    if (!tensor) return true;
    const { source } = resolve(tensor);
    if (source.kind === "input") return isWeight(source.name);
    return source.kind === "constant" || fixed.has(resolve(tensor));
  };
  const products: WeightProduct[] = [];
  for (const candidate of topological(outputs)) {
    const [x = null, weight = null] = candidate.inputs;
    if (candidate.inputs.every(isFixed)) candidate.outputs.forEach((t) => fixed.add(t));
    else if (weight && !isFixed(x) && candidate.inputs.slice(1).every(isFixed)) {
      const matrix = matrixOf(candidate, weight);
      if (matrix) products.push({ node: candidate, matrix });
    }
  }
  return products;
}

function matrixOf({ operator, attributes }: Node, weight: Tensor): Tensor | null {
  if (operator === "MatMul") return weight.rank === 2 ? weight : null;
  if (operator === "Gemm" && attributes["transA"] !== 1)
    return attributes["transB"] === 1 ? transpose(weight) : weight;
  const [out, channels, rows] = weight.shape as readonly number[];
  const dense = operator === "Conv" && !attributes["group"] && channels! > fewChannels;
  if (!dense || rows !== 3 || String(attributes["pads"]) !== "1,1,1,1") return null;
  return reshape(transpose(weight, [2, 3, 1, 0]), [9 * channels!, out!]); // the order of `windows`
}

/** The same graph with these products computed in 8 bits. */
export function quantizeProducts<Name extends string>(
  outputs: Readonly<Record<Name, Tensor>>,
  products: ReadonlyMap<Node, Int8Matrix>,
): Record<Name, Tensor> {
  const rows = new Map<Tensor, Quantized>();
  const quantized = (x: Tensor): Quantized => {
    const known = rows.get(x) ?? quantize(x);
    rows.set(x, known);
    return known;
  };
  return rewrite(outputs, {
    node: (original, [x, , bias]) => {
      const matrix = products.get(original);
      if (!matrix) return null;
      const { shape } = original.outputs[0]!;
      if (original.operator !== "Conv") return product(quantized(x!), matrix, shape, bias);
      const [n, out, h, w] = shape as [
        Tensor["shape"][0],
        number,
        Tensor["shape"][0],
        Tensor["shape"][0],
      ];
      const source = quantized(channelsLast(x!));
      const [stride] = original.attributes["strides"] as readonly number[];
      const columns = { ...source, values: windows(source, stride!, [n, h, w]) };
      return transpose(product(columns, matrix, [n, h, w, out], bias), [0, 3, 1, 2]);
    },
  });
}

/** A tensor that is represented as (values − zero) · scale. */
interface Quantized {
  readonly values: Tensor;
  readonly scale: Tensor;
  readonly zero: Tensor;
}

function quantize(x: Tensor): Quantized {
  const quantizer: Node = {
    operator: "DynamicQuantizeLinear",
    domain: "",
    inputs: [x],
    attributes: {},
    outputs: [],
    backward: null,
  };
  const output = (index: number, shape: Tensor["shape"], dtype: Tensor["dtype"]): Tensor => {
    quantizer.outputs[index] = new Tensor(shape, dtype, { kind: "node", node: quantizer, index });
    return quantizer.outputs[index];
  };
  return {
    values: output(0, x.shape, "uint8"),
    scale: output(1, [], "float32"),
    zero: output(2, [], "uint8"),
  };
}

function product(
  { values, scale, zero }: Quantized,
  matrix: Int8Matrix,
  shape: Tensor["shape"],
  bias: Tensor | null | undefined,
): Tensor {
  const weight = constantOf(matrix.values);
  const sums = node("MatMulInteger", [values, weight, zero], shape, null, { dtype: "int32" });
  // ONNX Runtime recognizes this order: scales multiplied first, bias added last.
  const y = mul(cast(sums, "float32"), mul(scale, constantOf(matrix.scales)));
  return bias ? add(y, bias) : y;
}

/** [n, c, h, w] as [n, h, w, c]; removes a transpose instead of adding another. */
function channelsLast(x: Tensor): Tensor {
  const { source } = resolve(x);
  const isTransposed =
    source.kind === "node" &&
    source.node.operator === "Transpose" &&
    String(source.node.attributes["perm"]) === "0,3,1,2";
  return isTransposed ? source.node.inputs[0]! : transpose(x, [0, 2, 3, 1]);
}

/** The nine taps of a padded map concatenated at every pixel, [n, h, w, 9·c]. */
function windows(
  { values, zero }: Quantized,
  stride: number,
  [n, h, w]: readonly [Tensor["shape"][0], Tensor["shape"][0], Tensor["shape"][0]],
): Tensor {
  const channels = values.shape[3]!;
  const padding = int64([0, 1, 1, 0, 0, 1, 1, 0]);
  const padded = node("Pad", [values, padding, zero], values.shape, null);
  const taps = Array.from({ length: 9 }, (_, tap) => {
    const from = [Math.floor(tap / 3), tap % 3];
    // The end leaves out pixels that only taps farther right and below read.
    const to = from.map((start) => (start === 2 ? 2 ** 31 - 1 : start - 2));
    const inputs = [padded, int64(from), int64(to), int64([1, 2]), int64([stride, stride])];
    return node("Slice", inputs, [n, h, w, channels], null);
  });
  return concat(taps, 3);
}
