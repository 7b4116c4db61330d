import { goldenTensors, type GoldenTensor } from "../golden-tensors.ts";

export type { GoldenTensor };

const names = ["forward_64x96", "gradients", "model", "trajectory"];

const files = new Map(
  await Promise.all(
    names.map(async (name): Promise<[string, Uint8Array]> => {
      const response = await fetch(`/golden/${name}.safetensors`);
      return [name, new Uint8Array(await response.arrayBuffer())];
    }),
  ),
);

/** In place of test/golden.ts, in a browser: the same, from files that were fetched beforehand. */
export function readGolden(name: string): Record<string, GoldenTensor> {
  return goldenTensors(files.get(name)!, name);
}
