import type { Runtime } from "../graph/index.ts";
import type { HiddenLayout } from "../model/index.ts";

/** The layout in which a runtime computes the encoder's feed-forward layers fastest, where no gradients are needed. */
export async function fastestLayout(runtime: Runtime): Promise<HiddenLayout> {
  const block = (await runtime.channelBlock?.()) ?? 1;
  return block > 1 ? { block } : "maps";
}
