import { ignoredName, ignoredSupercategory } from "../formats.ts";

/** The beginning of a file, up to its annotations: one a line, each after a line break. */
export const cocoHead =
  '{"info": {"description": "masks by tag2mask"}, "licenses": [],\n"annotations": [';

/** What stands between the annotations and the images. */
export const cocoMiddle = '\n],\n"images": [';

/** The end of a file, behind its images. @param ignored whether an annotation is of ignored pixels */
export function cocoTail(classes: readonly string[], ignored: boolean): string {
  const categories = classes.map((name, i) => ({ id: i + 1, name, supercategory: "" }));
  if (ignored) {
    const name = ignoredName(classes);
    categories.push({ id: ignoredId(classes), name, supercategory: ignoredSupercategory });
  }
  const lines = categories.map((category) => JSON.stringify(category));
  return `\n],\n"categories": [\n${lines.join(",\n")}\n]}\n`;
}

/** Id of the category of ignored pixels. */
export function ignoredId(classes: readonly string[]): number {
  return classes.length + 1;
}
