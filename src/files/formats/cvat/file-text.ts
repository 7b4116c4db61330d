import { vocPalette } from "../../../method/images/classes.ts";
import { ignoreIndex } from "../../../method/images/image.ts";
import { ignoredName } from "../formats.ts";

/** The list of the images in an archive, a name a line. */
export const imageList = "ImageSets/Segmentation/default.txt";

export const labelMapFile = "labelmap.txt";

/** The two pictures of an image in an archive: its classes and its objects. */
export function picturesOf(name: string): readonly [classes: string, objects: string] {
  return [`SegmentationClass/${name}.png`, `SegmentationObject/${name}.png`];
}

/** The text of `labelmap.txt`. @param ignored whether an image has ignored pixels */
export function labelMap(classes: readonly string[], ignored: boolean): string {
  const entries = [["background", 0] as const, ...classes.map((name, i) => [name, i + 1] as const)];
  if (ignored) entries.push([ignoredName(classes), ignoreIndex]);
  const lines = entries.map(
    ([name, label]) => `${labelMapName(name)}:${vocPalette[label]!.join(",")}::`,
  );
  return `# label:color_rgb:parts:actions\n${lines.join("\n")}\n`;
}

/** A class name that a label map can hold: there, colons separate fields and # begins a comment. */
export function labelMapName(name: string): string {
  return name.replaceAll(":", "-").replace(/^#/, "_");
}
