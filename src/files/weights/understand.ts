import { Afa } from "../../method/model/index.ts";
import { matchWeights, type WeightMatch } from "./match.ts";
import { nameAsPublished, type NamedWeights } from "./names.ts";
import { recognize, type Architecture } from "./recognize.ts";
import type { WeightsFile } from "./weights-file.ts";

/** Tensors of a weights file and what their names and shapes reveal. */
export interface UnderstoodWeights extends NamedWeights {
  readonly architecture: Architecture;
  /** Comparison with the network that the shapes imply; undefined for an unknown network. */
  readonly match: WeightMatch | undefined;
}

/** Infers the network of a weights file from names and shapes, without reading a tensor. */
export function understandWeights(file: WeightsFile): UnderstoodWeights {
  const named = nameAsPublished(file.tensors, file.name);
  const architecture = recognize(named.tensors, named.naming);
  const { backbone, classes, decoderWidth } = architecture;
  if (backbone === undefined || classes === 0 || decoderWidth === 0) {
    return { ...named, architecture, match: undefined };
  }
  const network = new Afa({
    backbone,
    classes: classes ?? 20,
    ...(decoderWidth !== undefined && { decoderWidth }),
  });
  return { ...named, architecture, match: matchWeights(named.tensors, network.parameters) };
}

/** The stages of an encoder for messages. */
export function describeStages({
  channels,
  depths,
  ratios,
}: Pick<Architecture, "channels" | "depths" | "ratios">): string {
  const known = ratios.map((ratio) => ratio ?? "?").join(",");
  return `stages of ${channels.join(",")} channels, ${depths.join(",")} blocks and feed-forward ratios ${known}`;
}

/** Names of dropped tensors by reason. */
export function byReason(dropped: NamedWeights["dropped"]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, reason } of dropped) {
    const group = groups.get(reason) ?? [];
    group.push(name);
    groups.set(reason, group);
  }
  return groups;
}
