import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { encodeSafetensors } from "../../src/files/weights/safetensors.ts";
import { writeFileAtomic } from "../../src/host/node/files/atomic-file.ts";
import { Afa, type BackboneName } from "../../src/method/model/index.ts";

/** Writes random weights of a PVTv2 into a folder of repositories, where and under the names that timm gives to trained ones. */
export async function publishWeights(repositories: string, backbone: BackboneName): Promise<void> {
  const network = new Afa({ backbone, classes: 1, decoderWidth: 16 });
  const tensors = Object.entries(network.initialize(1)).flatMap(([name, array]) =>
    name.startsWith("encoder.") ? [[timmName(name.slice("encoder.".length)), array] as const] : [],
  );
  const folder = join(repositories, `timm/${backbone}.in1k`);
  await mkdir(folder, { recursive: true });
  const bytes = encodeSafetensors(Object.fromEntries(tensors));
  await writeFileAtomic(join(folder, "model.safetensors"), bytes);
}

/** The name that timm gives to a tensor of the encoder. */
function timmName(published: string): string {
  return published
    .replace(/^patch_embed1\./, "patch_embed.")
    .replace(/^patch_embed([2-4])\./, (_, stage) => `stages.${Number(stage) - 1}.downsample.`)
    .replace(/^block([1-4])\./, (_, stage) => `stages.${Number(stage) - 1}.blocks.`)
    .replace(/^norm([1-4])\./, (_, stage) => `stages.${Number(stage) - 1}.norm.`)
    .replace(".dwconv.dwconv.", ".dwconv.");
}
