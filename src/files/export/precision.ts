import {
  type NdArray,
  type Node,
  type Runtime,
  type Tensor,
  cast,
  constantOf,
  quantizeProducts,
  rewrite,
  toInt8,
  weightProducts,
  writeModel,
} from "../../engine/graph/index.ts";
import { narrowFloat16 } from "../weights/half.ts";

/** Element type of an exported model's weights and, for int8, of its large products. */
export type Precision = "float32" | "float16" | "int8";

type Graph<Name extends string> = Readonly<Record<Name, Tensor>>;
type Weights = Readonly<Record<string, NdArray>>;

/** Fewer values are not worth a conversion of their own. */
const fewest = 1024;

/** A graph whose weights are stored as float16 and widened when the model is loaded: half the size. */
export function halveWeights<Name extends string>(
  graph: Graph<Name>,
  weights: Weights,
): Record<Name, Tensor> {
  return rewrite(graph, {
    input: (_, name) => {
      const weight = weights[name];
      if (weight?.dtype !== "float32" || weight.data.length < fewest) return null;
      const data = narrowFloat16(weight.data as Float32Array);
      return cast(constantOf({ dtype: "float16", shape: weight.shape, data }), "float32");
    },
  });
}

/**
 * A graph whose products with weights are computed in 8 bits: weights by output channel, symmetric;
 * activations by tensor, when it runs. The rest stays in float32.
 * @param runtime computes the matrices, which may be products of several weights
 */
export async function quantizeWeights<Name extends string>(
  runtime: Runtime,
  graph: Graph<Name>,
  weights: Weights,
): Promise<Record<Name, Tensor>> {
  const found = weightProducts(Object.values<Tensor>(graph), (name) => name in weights);
  const wanted = found.map(({ matrix }, i) => [`/matrix${i}`, matrix] as const);
  const model = writeModel(Object.fromEntries(wanted));
  const session = await runtime.createSession(model);
  try {
    const fetches = Object.fromEntries(wanted.map(([name]) => [name, null]));
    const matrices = await session.run(weights, fetches);
    const products = found.map(({ node }, i): [Node, ReturnType<typeof toInt8>] => [
      node,
      toInt8(matrices[`/matrix${i}`]!),
    ]);
    return quantizeProducts(graph, new Map(products));
  } finally {
    await session.release();
  }
}
