import type { Image } from "../../../src/method/images/image.ts";
import type { BilateralFilter } from "../../../src/method/refine/dense-energy.ts";
import type { Maps } from "../../../src/method/images/maps.ts";

/** All pairs' Gaussian weights of the pixels of an image, [pixels, pixels]: the lattice's oracle. */
export function allPairs(
  { width, height, data }: Image,
  { positionDeviation, colorDeviation }: { positionDeviation: number; colorDeviation: number },
): Float64Array {
  const area = width * height;
  const kernel = new Float64Array(area * area);
  for (let p = 0; p < area; p++) {
    for (let q = p; q < area; q++) {
      const dx = (p % width) - (q % width);
      const dy = Math.floor(p / width) - Math.floor(q / width);
      let color = 0;
      for (let c = 0; c < 3; c++) color += (data[3 * p + c]! - data[3 * q + c]!) ** 2;
      const square = (dx * dx + dy * dy) / positionDeviation ** 2 + color / colorDeviation ** 2;
      kernel[p * area + q] = kernel[q * area + p] = Math.exp(-square / 2);
    }
  }
  return kernel;
}

/** Filters maps by all pairs' weights. */
export const plainFilter: BilateralFilter = (image, maps, deviations) => {
  return { ...maps, data: multiply(allPairs(image, deviations), maps.data) };
};

/** Mean field with exact kernels in double precision: the dense CRF's oracle. */
export function plainCrf(
  image: Image,
  probabilities: Maps,
  settings: {
    iterations: number;
    gaussianWeight: number;
    gaussianDeviation: number;
    bilateralWeight: number;
    positionDeviation: number;
    colorDeviation: number;
  },
): Maps {
  const { gaussianDeviation, gaussianWeight, bilateralWeight, iterations } = settings;
  const position = { positionDeviation: gaussianDeviation, colorDeviation: Infinity };
  const kernels = [
    normalized(allPairs(image, position), gaussianWeight),
    normalized(allPairs(image, settings), bilateralWeight),
  ];
  const sum = kernels[0]!;
  for (let i = 0; i < sum.length; i++) sum[i]! += kernels[1]![i]!;
  const unary = Float64Array.from(probabilities.data, (p) => Math.log(Math.max(p, 1e-5)));
  let beliefs = softmax(unary, probabilities.count);
  for (let i = 0; i < iterations; i++) {
    const messages = multiply(sum, beliefs);
    beliefs = softmax(
      unary.map((value, k) => value + messages[k]!),
      probabilities.count,
    );
  }
  return { ...probabilities, data: Float32Array.from(beliefs) };
}

/** weight · D^-1/2 K D^-1/2, in place */
function normalized(kernel: Float64Array, weight: number): Float64Array {
  const area = Math.sqrt(kernel.length);
  const scales = multiply(kernel, new Float64Array(area).fill(1)).map((sum) => 1 / Math.sqrt(sum));
  for (let p = 0, at = 0; p < area; p++) {
    for (let q = 0; q < area; q++, at++) kernel[at]! *= weight * scales[p]! * scales[q]!;
  }
  return kernel;
}

/** Each map, [maps, pixels], times a symmetric kernel; four maps at a time share the reading of it. */
function multiply<T extends Float32Array | Float64Array>(kernel: Float64Array, maps: T): T {
  const area = Math.sqrt(kernel.length);
  const result = maps.slice() as T;
  const empty = new Float64Array(area);
  for (let start = 0; start < maps.length; start += 4 * area) {
    const [a, b, c, d] = [0, 1, 2, 3].map((k) => {
      const from = start + k * area;
      return from < maps.length ? Float64Array.from(maps.subarray(from, from + area)) : empty;
    }) as [Float64Array, Float64Array, Float64Array, Float64Array];
    for (let p = 0, at = 0; p < area; p++) {
      let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
      for (let q = 0; q < area; q++, at++) {
        const weight = kernel[at]!;
        sumA += weight * a[q]!;
        sumB += weight * b[q]!;
        sumC += weight * c[q]!;
        sumD += weight * d[q]!;
      }
      // What lies beyond the last map is not stored.
      [sumA, sumB, sumC, sumD].forEach((sum, k) => (result[start + k * area + p] = sum));
    }
  }
  return result;
}

function softmax(scores: Float64Array, count: number): Float64Array {
  const area = scores.length / count;
  const result = scores.slice();
  for (let p = 0; p < area; p++) {
    let highest = -Infinity;
    for (let i = p; i < scores.length; i += area) highest = Math.max(highest, scores[i]!);
    let sum = 0;
    for (let i = p; i < scores.length; i += area) sum += result[i] = Math.exp(scores[i]! - highest);
    for (let i = p; i < scores.length; i += area) result[i]! /= sum;
  }
  return result;
}
