import { ignoreIndex } from "../../method/images/image.ts";
import { vocPalette } from "../../method/images/classes.ts";
import { hexColor, overlayColor } from "../../method/images/overlay.ts";

/** The text of `classes.json`: the class of each label of the masks, and its colors. */
export function classesJson(classes: readonly string[]): string {
  const entries = ["background", ...classes].map((name, index) => ({
    index,
    name,
    color: hexColor(vocPalette[index]!),
    ...(index > 0 && { overlayColor: hexColor(overlayColor(index)) }),
  }));
  const ignore = { index: ignoreIndex, color: hexColor(vocPalette[ignoreIndex]!) };
  return `${JSON.stringify({ classes: entries, ignore }, undefined, 2)}\n`;
}
