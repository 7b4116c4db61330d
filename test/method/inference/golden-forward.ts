import type { Runtime } from "../../../src/engine/graph/index.ts";
import { ForwardPass } from "../../../src/method/inference/forward.ts";
import { Afa } from "../../../src/method/model/index.ts";
import { asArrays, worstError } from "../../arrays.ts";
import { readGolden } from "../../golden.ts";

/** How far a runtime is from golden forward_64x96: errors of all outputs, in units of their largest magnitudes. */
export async function forwardErrors(runtime: Runtime): Promise<Record<string, number>> {
  const expected = readGolden("forward_64x96");
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const pass = new ForwardPass(runtime, network, asArrays(readGolden("model")));
  const found = await pass.run(asArrays(expected)["input"]!);
  await pass.release();
  return {
    clsLogits: worstError(found.clsLogits.data, expected["cls_logits"]!.data),
    segLogits: worstError(found.segLogits.data, expected["seg_logits"]!.data),
    affinity: worstError(found.affinity.data, expected["affinity"]!.data),
    cam: worstError(found.cam.data, expected["cam"]!.data),
  };
}
