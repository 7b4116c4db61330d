import { type Backbone, backbones, type BackboneName } from "../../method/model/index.ts";
import type { Naming } from "./names.ts";
import type { StoredTensor } from "./weights-file.ts";

type Shapes = ReadonlyMap<string, Pick<StoredTensor, "shape">>;

/** Properties of a network, inferred from the shapes of its tensors; undefined where they cannot be. */
export interface Architecture {
  readonly backbone: BackboneName | undefined;
  /** Channels of the encoder's stages. */
  readonly channels: readonly number[];
  /** Blocks of the encoder's stages. */
  readonly depths: readonly number[];
  /** Hidden channels of the feed-forward layers as a multiple of each stage's; null in a stage without such a layer. */
  readonly ratios: readonly (number | null)[];
  /** Channels of the segmentation decoder. */
  readonly decoderWidth: number | undefined;
  /** Foreground classes. */
  readonly classes: number | undefined;
  /** Parts of the network that the file has, complete or not. */
  readonly parts: readonly string[];
}

const parts = { encoder: "encoder.", decoder: "decoder.", classifier: "classifier.", affinity: "attn_proj." }; // prettier-ignore

/**
 * Recognizes a network by its tensors under the published names of AFA.
 * @param naming names that the file itself uses: they tell mit_b5 from pvt_v2_b5, whose shapes are the same
 */
export function recognize(tensors: Shapes, naming?: Naming): Architecture {
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
  const ratios = channels.map((count, index) => {
    const hidden = size(`encoder.block${index + 1}.0.mlp.fc1.weight`);
    return hidden === undefined || count === 0 ? null : hidden / count;
  });
  const fitting = (Object.keys(backbones) as BackboneName[]).filter((name) => {
    const known: Backbone = backbones[name];
    return (
      String(known.channels) === String(channels) &&
      String(known.depths) === String(depths) &&
      ratios.every((ratio, stage) => ratio === null || ratio === known.ratios[stage])
    );
  });
  const isPvt = naming === "timm";
  const backbone = fitting.find((name) => name.startsWith("pvt") === isPvt) ?? fitting[0];
  const labels = size("decoder.linear_pred.weight");
  return {
    backbone,
    channels,
    depths,
    ratios,
    decoderWidth: size("decoder.linear_c1.proj.weight"),
    classes: size("classifier.weight") ?? (labels === undefined ? undefined : labels - 1),
    parts: Object.entries(parts)
      .filter(([, prefix]) => [...tensors.keys()].some((name) => name.startsWith(prefix)))
      .map(([part]) => part),
  };
}
