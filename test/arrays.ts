import type { NdArray } from "../src/engine/graph/index.ts";
import { channelsLast as toChannelsLast } from "../src/method/inference/network-feeds.ts";
import type { GoldenTensor } from "./golden-tensors.ts";

/** Golden tensors as arrays that graphs take. */
export function asArrays(golden: Readonly<Record<string, GoldenTensor>>): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(golden).map(([name, { dtype, shape, data }]) => [
      name,
      dtype === "I64"
        ? { dtype: "int64", shape, data: BigInt64Array.from(data as Float64Array, BigInt) }
        : { dtype: dtype === "F32" ? "float32" : "uint8", shape, data },
    ]),
  );
}

/** Largest difference, in units of the expected values' largest magnitude. */
export function worstError(
  actual: ArrayLike<number | bigint>,
  expected: ArrayLike<number | bigint>,
): number {
  if (actual.length !== expected.length)
    throw new Error(`${actual.length} values, expected ${expected.length}`);
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(Number(expected[i])));
    const difference = Math.abs(Number(actual[i]) - Number(expected[i]));
    worst = Math.max(worst, difference); // NaN stays NaN
  }
  return worst / (largest || 1);
}

/** Norm of the difference, in units of the expected values' norm. */
export function normError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / (norm || 1));
}

/** [n, c, h, w] of any element type to float32 [n, h, w, c]. */
export function channelsLast({ shape, data }: GoldenTensor): NdArray {
  return toChannelsLast({ dtype: "float32", shape, data: Float32Array.from(data) });
}
