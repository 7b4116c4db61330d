import { ExportedForward, ForwardPass, type Logits } from "../method/inference/forward.ts";
import type { NdArray, Runtime } from "../engine/graph/index.ts";
import { Random } from "../engine/random.ts";
import type { OpenedModel } from "../method/inference/model.ts";

/**
 * Runs an exported model and its network on two random images of an odd size and returns the largest difference of their
 * logits, divided by the largest logit.
 * @param file path of the .onnx
 * @param weights weights and buffers of the network by name
 */
export async function logitDifference(
  runtime: Runtime,
  file: string,
  { network, classes }: OpenedModel,
  weights: Readonly<Record<string, NdArray>>,
): Promise<number> {
  const random = Random.at(0, "export");
  const shape = [2, 3, 75, 101];
  const data = Float32Array.from({ length: 2 * 3 * 75 * 101 }, () => random.normal());
  const own = new ForwardPass(runtime, network, weights, ["clsLogits", "segLogits"]);
  const exported = new ExportedForward(runtime, file, file, classes.length);
  try {
    const images: NdArray = { dtype: "float32", shape, data };
    return largestDifference(await exported.run(images), await own.run(images));
  } finally {
    await own.release();
    await exported.release();
  }
}

function largestDifference(actual: Logits, expected: Logits): number {
  const differences = (["clsLogits", "segLogits"] as const).map((name) => {
    const [a, b] = [actual[name].data as Float32Array, expected[name].data as Float32Array];
    let [difference, largest] = [0, 0];
    b.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value));
      difference = Math.max(difference, Math.abs(value - a[i]!)); // NaN stays NaN
    });
    return difference === 0 ? 0 : difference / largest;
  });
  return Math.max(...differences);
}
