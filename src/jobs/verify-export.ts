import { ExportedForward, ForwardPass, type Logits } from "../method/inference/forward.ts";
import type { NdArray, Runtime } from "../engine/graph/index.ts";
import { Random } from "../engine/random.ts";
import type { Precision } from "../files/export/precision.ts";
import type { OpenedModel } from "../method/inference/model.ts";
import { UserError } from "../user-error.ts";

/** Largest accepted difference between exported and own logits, divided by the largest logit. */
const tolerances: Readonly<Record<Precision, number>> = { float32: 1e-4, float16: 1e-2, int8: 0.2 };

/**
 * Runs an exported model and its network on two random images of an odd size. Returns the largest difference of their
 * logits, divided by the largest logit; a UserError if it is more than the precision allows.
 * @param file path of the .onnx
 * @param weights weights and buffers of the network by name
 */
export async function verifyExport(
  runtime: Runtime,
  file: string,
  { file: source, network, classes }: OpenedModel,
  weights: Readonly<Record<string, NdArray>>,
  precision: Precision,
): Promise<number> {
  const tolerance = tolerances[precision];
  const random = Random.at(0, "export");
  const shape = [2, 3, 75, 101];
  const data = Float32Array.from({ length: 2 * 3 * 75 * 101 }, () => random.normal());
  const own = new ForwardPass(runtime, network, weights, ["clsLogits", "segLogits"]);
  const exported = new ExportedForward(runtime, file, file, classes.length);
  try {
    const images: NdArray = { dtype: "float32", shape, data };
    const difference = largestDifference(await exported.run(images), await own.run(images));
    if (difference <= tolerance) return difference;
    throw new UserError(
      `${file}: removed, because its logits differ from those of ${source} by ${difference.toPrecision(2)} of the ` +
        `largest logit, more than ${tolerance}; check the weights for NaN and huge values`,
    );
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
