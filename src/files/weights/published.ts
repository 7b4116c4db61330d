import { parseConfig, type Config } from "../../method/config.ts";
import { cocoClasses, vocClasses } from "../../method/images/classes.ts";
import type { UnderstoodWeights } from "./understand.ts";
import type { WeightsFile } from "./weights-file.ts";
import { parseList, readConfig } from "./model-metadata.ts";

/** Settings and class names of a network, which files of published weights do not contain. */
export interface ModelMeaning {
  readonly config: Config;
  /** Foreground class names. */
  readonly classes: readonly string[] | undefined;
}

/**
 * Settings and class names of a file: those it says itself, else those of the recipe that its shapes
 * tell of: 20 classes are VOC's, 80 COCO's. Undefined where the shapes tell of no network.
 * @param given class names that the user gives
 */
export function meaningOf(
  file: WeightsFile,
  { architecture, match }: UnderstoodWeights,
  given?: readonly string[],
): ModelMeaning | undefined {
  const { metadata } = file;
  const stored =
    metadata["classes"] === undefined ? undefined : parseList(file.name, metadata["classes"]);
  const { backbone, decoderWidth, classes: count } = architecture;
  const known = count === 20 ? vocClasses : count === 80 ? cocoClasses : undefined;
  const classes = given ?? stored ?? known;
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
