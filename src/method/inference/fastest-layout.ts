import type { Runtime } from "../../engine/graph/index.ts";
import type { HiddenLayout } from "../model/index.ts";

/**
 * The layout in which a runtime computes the encoder's feed-forward layers fastest.
 * @param within the part that may use blocks of channels: in graphs with gradients only the convolutions
 */
export async function fastestLayout(
  runtime: Runtime,
  within: "layer" | "convolution" = "layer",
): Promise<HiddenLayout> {
  const block = (await runtime.channelBlock?.()) ?? 1;
  return block > 1 ? { block, within } : "maps";
}
