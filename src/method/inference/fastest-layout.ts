import { fewerKernels, type Runtime, type Tensor } from "../../engine/graph/index.ts";
import type { HiddenLayout } from "../model/index.ts";

/**
 * The layout in which a runtime computes the encoder's feed-forward layers fastest.
 * @param within the part that may use blocks of channels: in graphs with gradients only the convolutions
 */
export async function fastestLayout(
  runtime: Runtime,
  within: "layer" | "convolution" = "layer",
): Promise<HiddenLayout> {
  if (runtime.device === "webgpu") return "gpu";
  const block = (await runtime.channelBlock?.()) ?? 1;
  return block > 1 ? { block, within } : "maps";
}

/** A graph of static sizes as the runtime with this layout computes it fastest. */
export function fastestGraph<Name extends string>(
  outputs: Readonly<Record<Name, Tensor>>,
  layout: HiddenLayout | undefined,
): Readonly<Record<Name, Tensor>> {
  return layout === "gpu" ? fewerKernels(outputs) : outputs;
}
