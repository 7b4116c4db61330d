import type { Initializer } from "./parameter.ts";

export const zeros: Initializer = (size) => new Float32Array(size);
export const ones: Initializer = (size) => new Float32Array(size).fill(1);

/** Normal with mean 0. The published code also truncates it at ±2, which has no effect at a hundred deviations. */
export function normal(std: number): Initializer {
  return (size, random) => Float32Array.from({ length: size }, () => random.normal() * std);
}

/** PyTorch's default for the weights and biases of Linear and Conv2d: uniform in ±1/√fan_in. */
export function fanInUniform(fanIn: number): Initializer {
  const bound = 1 / Math.sqrt(fanIn);
  return (size, random) => Float32Array.from({ length: size }, () => random.uniform(-bound, bound));
}
