/** Formats that masks are written in and read from. */
export const maskFormats = ["voc", "coco", "labelstudio", "cvat", "yolo", "ultralytics"] as const;
export type MaskFormat = (typeof maskFormats)[number];

/** The file of a format that is one file, in its folder. */
export const formatFiles: Readonly<Partial<Record<MaskFormat, string>>> = {
  coco: "instances.json",
  labelstudio: "labelstudio.json",
  cvat: "cvat.zip",
};

/** Names for pixels that count for nothing; the first that is no class is taken. */
export const ignoredNames: readonly string[] = ["ignored", "void", "ignored (255)", "label 255"];

/** What pixels that count for nothing are called where every pixel of a mask must have a name. */
export function ignoredName(classes: readonly string[]): string {
  const taken = new Set(classes.map((name) => name.trim().toLowerCase()));
  return ignoredNames.find((name) => !taken.has(name)) ?? ignoredNames[0]!;
}
