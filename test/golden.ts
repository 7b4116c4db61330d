import { readFileSync } from "node:fs";
import { goldenMetadata, goldenTensors, type GoldenTensor } from "./golden-tensors.ts";

export type { GoldenTensor };

/** Tensors of test/golden/<name>.safetensors by name. */
export function readGolden(name: string): Record<string, GoldenTensor> {
  return goldenTensors(bytesOf(name), name);
}

/** The settings a golden file was made with. */
export function readGoldenMetadata(name: string): Record<string, string> {
  return goldenMetadata(bytesOf(name));
}

function bytesOf(name: string): Uint8Array {
  return readFileSync(new URL(`./golden/${name}.safetensors`, import.meta.url));
}
