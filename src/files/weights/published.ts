import { parseConfig, type Config } from "../../method/config.ts";
import { cocoClasses, vocClasses } from "../../method/images/classes.ts";
import type { UnderstoodWeights } from "./understand.ts";
import type { WeightsFile } from "./weights-file.ts";
import { parseList, readConfig } from "./model-metadata.ts";

/** Settings and class names of a network; files of published weights contain neither. */
export interface ModelMeaning {
  readonly config: Config;
  /** Foreground class names. */
  readonly classes: readonly string[] | undefined;
}

/**
 * Settings and class names of a file: those in its metadata, or else those of the published recipe that its shapes
 * match, VOC's for 20 classes and COCO's for 80. Undefined for an unknown network.
 * @param userClasses class names that take precedence
 */
export function meaningOf(
  file: WeightsFile,
  { architecture, match }: UnderstoodWeights,
  userClasses?: readonly string[],
): ModelMeaning | undefined {
  const { metadata } = file;
  const stored =
    metadata["classes"] === undefined ? undefined : parseList(file.name, metadata["classes"]);
  const { backbone, decoderWidth, classes: count } = architecture;
  const usual = count === 20 ? vocClasses : count === 80 ? cocoClasses : undefined;
  const classes = userClasses ?? stored ?? usual;
  if (metadata["config"] !== undefined) {
    return { config: readConfig(file.name, metadata["config"]), classes };
  }
  if (match === undefined || backbone === undefined) return undefined;
  const set = {
    "model.backbone": backbone,
    ...(decoderWidth !== undefined && { "model.decoderWidth": decoderWidth }),
  };
  return { config: parseConfig({ preset: count === 80 ? "coco" : "voc", set }), classes };
}
