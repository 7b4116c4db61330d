import { backbones, type BackboneName } from "../../method/model/index.ts";
import type { StoredTensor } from "./weights-file.ts";

type Shapes = ReadonlyMap<string, Pick<StoredTensor, "shape">>;

/** Properties of a network, inferred from the shapes of its tensors; undefined where they cannot be. */
export interface Architecture {
  readonly backbone: BackboneName | undefined;
  /** Channels of the encoder's stages. */
  readonly channels: readonly number[];
  /** Blocks of the encoder's stages. */
  readonly depths: readonly number[];
  /** Channels of the segmentation decoder. */
  readonly decoderWidth: number | undefined;
  /** Foreground classes. */
  readonly classes: number | undefined;
  /** Parts of the network that the file has, complete or not. */
  readonly parts: readonly string[];
}

const parts = { encoder: "encoder.", decoder: "decoder.", classifier: "classifier.", affinity: "attn_proj." }; // prettier-ignore

/** Recognizes a network by its tensors under the published names of AFA. */
export function recognize(tensors: Shapes): Architecture {
  const size = (name: string): number | undefined => tensors.get(name)?.shape[0];
  const channels = [1, 2, 3, 4].map(
    (stage) => size(`encoder.patch_embed${stage}.proj.weight`) ?? 0,
  );
  const depths = [0, 0, 0, 0];
  for (const name of tensors.keys()) {
    const [, stage, block] = /^encoder\.block([1-4])\.(\d{1,4})\./.exec(name) ?? [];
    if (stage === undefined || block === undefined) continue;
    const index = Number(stage) - 1;
    depths[index] = Math.max(depths[index]!, Number(block) + 1);
  }
  const names = Object.keys(backbones) as BackboneName[];
  const backbone = names.find(
    (name) =>
      String(backbones[name].channels) === String(channels) &&
      String(backbones[name].depths) === String(depths),
  );
  const labels = size("decoder.linear_pred.weight");
  return {
    backbone,
    channels,
    depths,
    decoderWidth: size("decoder.linear_c1.proj.weight"),
    classes: size("classifier.weight") ?? (labels === undefined ? undefined : labels - 1),
    parts: Object.entries(parts)
      .filter(([, prefix]) => [...tensors.keys()].some((name) => name.startsWith(prefix)))
      .map(([part]) => part),
  };
}
