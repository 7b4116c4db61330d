import type { Maps } from "../../../src/method/images/maps.ts";
import { resizeMaps } from "../../../src/method/images/resize-maps.ts";

/** PAR written down as the paper has it, in plain loops and double precision: the kernel's oracle. */
export function plainPar(
  image: Maps,
  maps: Maps,
  { iterations, dilations }: { iterations: number; dilations: readonly number[] },
): Maps {
  const { width, height } = image;
  const area = width * height;
  const neighbors = dilations.flatMap((d) =>
    [-1, 0, 1].flatMap((y) => [-1, 0, 1].map((x) => ({ dy: y * d, dx: x * d }))),
  );
  const around = neighbors.filter(({ dx, dy }) => dx !== 0 || dy !== 0);
  const distances = around.map(({ dx, dy }) => Math.hypot(dx, dy));
  const spread = deviation(distances);
  const nearness = softmax(distances.map((d) => -((d / (spread + 1e-8) / 0.3) ** 2)));
  const at = (p: number, { dx, dy }: { dx: number; dy: number }): number => {
    const x = clamp((p % width) + dx, width);
    const y = clamp(Math.floor(p / width) + dy, height);
    return y * width + x;
  };

  const weights = Array.from({ length: area }, (_, p) => {
    const logits = around.map(() => 0);
    for (let c = 0; c < 3; c++) {
      const values = around.map((neighbor) => image.data[c * area + at(p, neighbor)]!);
      const scale = (deviation(values) + 1e-8) * 0.3;
      for (const [n, value] of values.entries()) {
        logits[n]! -= ((value - image.data[c * area + p]!) / scale) ** 2 / 3;
      }
    }
    return softmax(logits).map((weight, n) => weight + 0.01 * nearness[n]!);
  });

  let current = Float64Array.from(resizeMaps(maps, width, height, { alignCorners: true }).data);
  for (let i = 0; i < iterations; i++) {
    current = current.map((_, index) => {
      const p = index % area;
      return around.reduce(
        (sum, neighbor, n) => sum + weights[p]![n]! * current[index - p + at(p, neighbor)]!,
        0,
      );
    });
  }
  return { count: maps.count, width, height, data: Float32Array.from(current) };
}

function clamp(i: number, size: number): number {
  return Math.min(size - 1, Math.max(0, i));
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

function softmax(logits: readonly number[]): number[] {
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}
