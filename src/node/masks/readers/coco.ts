import { posix } from "node:path";
import { ignoreIndex, validateClasses } from "../../../data/classes.ts";
import { readCounts } from "../../../data/coco-rle.ts";
import type { LabelMap } from "../../../data/sample.ts";
import { UserError } from "../../../user-error.ts";
import { cleanNames } from "../../class-names.ts";
import { stem } from "../../datasets/files.ts";
import { checkSize, DrawingWork, paintObjects, polygonCounts, type MaskObject } from "./objects.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "./source.ts";
import { isObject, type Fields } from "./text-files.ts";

interface CocoImage {
  readonly name: string;
  readonly fileName: string;
  readonly width: number;
  readonly height: number;
  readonly annotations: Fields[];
}

/** Whether a JSON value has the parts of COCO instances. */
export function isCoco(value: unknown): value is Fields {
  return isObject(value) && Array.isArray(value["images"]) && Array.isArray(value["annotations"]);
}

/** COCO instances: compressed and plain run lengths, polygons; crowds become ignored pixels. */
export function cocoSource(path: string, value: Fields, options: SourceOptions): MaskSource {
  const labels = labelsOfCategories(value["categories"], path);
  const classes = options.classes ?? labels.classes;
  if (classes.length < labels.classes.length) {
    throw new UserError(
      `${path}: has ${labels.classes.length} categories, --classes names ${classes.length}`,
    );
  }
  const images = new Map<unknown, CocoImage>();
  for (const [i, image] of (value["images"] as unknown[]).entries()) {
    const where = `${path}: images[${i}]`;
    if (!isObject(image)) throw new UserError(`${where}: expected an object`);
    const { id, file_name: file, width, height } = image;
    if (typeof file !== "string" || file === "") throw new UserError(`${where}: has no file_name`);
    checkSize(width, height, where);
    if (images.has(id))
      throw new UserError(`${where}: its id ${String(id)} is that of another image`);
    const fileName = file.normalize("NFC").replaceAll("\\", "/");
    const size = { width: width as number, height: height as number };
    images.set(id, { name: stem(fileName), fileName, ...size, annotations: [] });
  }
  for (const [i, annotation] of (value["annotations"] as unknown[]).entries()) {
    const where = `${path}: annotations[${i}]`;
    if (!isObject(annotation)) throw new UserError(`${where}: expected an object`);
    const image = images.get(annotation["image_id"]);
    if (image) image.annotations.push(annotation);
    else options.losses.add("annotations of an image that is not listed", path);
  }
  const entries = [...images.values()].map((image): MaskEntry => {
    const file = options.images.get(image.fileName, posix.basename(image.fileName), image.name);
    const where = `${path}: ${image.fileName}`;
    return {
      ...{ name: image.name, fileName: image.fileName, where },
      ...(file !== undefined && { image: file }),
      read: () => Promise.resolve().then(() => labelsOf(image, where, labels.byId, options)),
    };
  });
  return { format: "coco", classes, entries, close: () => Promise.resolve() };
}

/** Labels in the order of the categories' ids. A category called background is that. */
function labelsOfCategories(
  value: unknown,
  path: string,
): { classes: string[]; byId: ReadonlyMap<unknown, number> } {
  if (!Array.isArray(value)) throw new UserError(`${path}: has no list "categories"`);
  const categories = value.map((category: unknown, i) => {
    if (!isObject(category)) throw new UserError(`${path}: categories[${i}]: expected an object`);
    const { id, name } = category;
    if (!Number.isSafeInteger(id) || typeof name !== "string") {
      throw new UserError(`${path}: categories[${i}]: expected a whole number "id" and a "name"`);
    }
    return { id: id as number, name: cleanNames([name])[0]! };
  });
  const sorted = categories.sort((a, b) => a.id - b.id);
  const classes: string[] = [];
  const byId = new Map<unknown, number>();
  for (const { id, name } of sorted) {
    if (byId.has(id)) throw new UserError(`${path}: two categories have the id ${id}`);
    byId.set(id, name.toLowerCase() === "background" ? 0 : classes.push(name));
  }
  validateClasses(classes, path);
  return { classes, byId };
}

function labelsOf(
  image: CocoImage,
  where: string,
  labels: ReadonlyMap<unknown, number>,
  options: SourceOptions,
): LabelMap {
  const objects: MaskObject[] = [];
  const crowds = new Set<string>();
  const work = new DrawingWork(where);
  for (const annotation of image.annotations) {
    const place = `${where}: annotation ${String(annotation["id"])}`;
    const { category_id: category, segmentation, iscrowd } = annotation;
    const label = labels.get(category);
    if (label === undefined) {
      throw new UserError(`${place}: its category ${String(category)} is none of "categories"`);
    }
    const counts = countsOf(segmentation, image, { where: place, work });
    if (!counts) {
      options.losses.add("annotations without a mask, such as boxes alone", image.name);
    } else if (iscrowd === 1 || iscrowd === true) {
      // The same crowd is there for each class that it may be of.
      const key = JSON.stringify(segmentation);
      if (!crowds.has(key)) objects.push({ label: ignoreIndex, counts });
      crowds.add(key);
    } else if (label > 0) {
      objects.push({ label, counts });
    }
  }
  return paintObjects(objects, image, image.name, { ...options, work });
}

function countsOf(
  segmentation: unknown,
  { width, height }: CocoImage,
  context: { where: string; work: DrawingWork },
): readonly number[] | undefined {
  const { where } = context;
  if (segmentation === undefined || segmentation === null) return undefined;
  if (Array.isArray(segmentation)) {
    if (segmentation.length === 0) return undefined;
    const polygons = segmentation as unknown[];
    if (!polygons.every((points): points is number[] => Array.isArray(points))) {
      throw new UserError(`${where}: its segmentation is a list of something else than polygons`);
    }
    return polygonCounts(polygons, { width, height }, context);
  }
  const { size, counts } = isObject(segmentation) ? segmentation : {};
  if (
    !Array.isArray(size) ||
    size.length !== 2 ||
    !(typeof counts === "string" || Array.isArray(counts))
  ) {
    throw new UserError(`${where}: its segmentation is neither polygons nor run lengths`);
  }
  if (size[0] !== height || size[1] !== width) {
    throw new UserError(
      `${where}: its mask is ${String(size[1])}x${String(size[0])}, the image ${width}x${height}`,
    );
  }
  return readCounts(counts as string | number[], width, height, where);
}
