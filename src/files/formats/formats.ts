import type { InstanceKind } from "../../method/images/regions.ts";

/** Formats that masks are written in and read from. */
export const maskFormats = ["voc", "coco", "labelstudio", "cvat", "yolo", "ultralytics"] as const;
export type MaskFormat = (typeof maskFormats)[number];

/** Usual file names of the formats that are a single file. */
export const formatFiles: Readonly<Partial<Record<MaskFormat, string>>> = {
  coco: "instances.json",
  labelstudio: "labelstudio.json",
  cvat: "cvat.zip",
};

/** The unit that a format stores as one object, where `instances` may choose it; undefined for formats of pixels. */
export function objectUnit(format: MaskFormat, instances: InstanceKind): InstanceKind | undefined {
  if (format === "yolo") return "regions";
  return format === "coco" || format === "labelstudio" ? instances : undefined;
}

/** Outlines of objects in COCO: run lengths, exact in every detail, or polygons, for readers that know nothing else. */
export const cocoShapes = ["rle", "polygon"] as const;
export type CocoShape = (typeof cocoShapes)[number];

/** Trees of palette PNGs: `masks/` alone, or the folders and lists of VOC 2012 with the images. */
export const maskLayouts = ["masks", "voc2012"] as const;
export type MaskLayout = (typeof maskLayouts)[number];

/** Candidates for the name of the ignored pixels; the first that is not a class is used. */
export const ignoredNames: readonly string[] = ["ignored", "void", "ignored (255)", "label 255"];

/** Supercategory of the category of ignored pixels in COCO files, where a class may have any name. */
export const ignoredSupercategory = "ignored";

/** Name of the ignored pixels in formats where every pixel of a mask has a name. */
export function ignoredName(classes: readonly string[]): string {
  const classNames = new Set(classes.map((name) => name.trim().toLowerCase()));
  return ignoredNames.find((name) => !classNames.has(name)) ?? ignoredNames[0]!;
}
