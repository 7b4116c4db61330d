import { open, stat, type FileHandle } from "node:fs/promises";
import { maxClasses } from "../../data/classes.ts";
import type { LabelMap } from "../../data/sample.ts";
import { UserError } from "../../user-error.ts";
import { unreadable } from "../file-error.ts";
import { drawAnnotations, readAnnotation } from "./coco-outlines.ts";
import { scanJsonArrays, type Place } from "./json-arrays.ts";

/** Images beyond this many pixels are refused, as when they are decoded. */
const pixelLimit = 200_000_000;

/** Bytes that the annotations of one image may take; in COCO they have some hundred kilobytes. */
const outlineLimit = 64 * 1024 * 1024;

/** A kind of object of an annotation file; the ids of COCO's own eighty go up to 90, with gaps. */
interface CocoCategory {
  readonly id: number;
  readonly name: string;
}

/** An image of an annotation file. */
export interface CocoImage {
  readonly id: number;
  /** Its path from the image folder. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
}

/** An annotation as it is kept: what it shows, and where in the file its outline is. */
interface Reference extends Place {
  readonly category: number;
  /** Whether there is an outline and not only a box. */
  readonly outlined: boolean;
}

/**
 * An instances_*.json of COCO. Of 600,000 annotations only their categories and places in the file are kept;
 * outlines are read when a mask is asked for.
 */
export class CocoInstances {
  readonly images: CocoImage[] = [];
  /** By ascending id. */
  readonly categories: CocoCategory[] = [];
  /** Annotations whose image is not in the file. */
  strays = 0;
  private readonly references = new Map<number, Reference[]>();
  private readonly byId = new Map<number, CocoImage>();
  private version = "";

  private constructor(readonly path: string) {}

  /** Reads the whole file once, an entry at a time. */
  static async read(
    path: string,
    onProgress?: (done: number, total: number) => void,
  ): Promise<CocoInstances> {
    const instances = new CocoInstances(path);
    instances.version = await versionOf(path);
    const keys = new Set(["images", "annotations", "categories"]);
    const seen = new Set<string>();
    await scanJsonArrays(
      path,
      keys,
      (key, index, element, place) => {
        seen.add(key);
        const where = `${path}: entry ${index + 1} of "${key}"`;
        if (key === "images") instances.addImage(element, where);
        else if (key === "categories") instances.addCategory(element, where);
        else instances.addAnnotation(element, place, where);
      },
      onProgress,
    );
    instances.finish(seen);
    return instances;
  }

  /** Ids of the categories that an image shows, crowds too; undefined if it has no annotation. */
  categoriesOf(image: CocoImage): ReadonlySet<number> | undefined {
    const references = this.references.get(image.id);
    return references && new Set(references.map(({ category }) => category));
  }

  /** Whether every object of an image has an outline, so that a mask can be drawn. */
  isOutlined(image: CocoImage): boolean {
    return (this.references.get(image.id) ?? []).every(({ outlined }) => outlined);
  }

  /** Draws the mask of the image of this id; `labels` gives the label of each category. */
  async readMask(id: number, labels: ReadonlyMap<number, number>): Promise<LabelMap> {
    const image = this.byId.get(id);
    if (!image) throw new UserError(`${this.path}: there is no image ${id}`);
    if ((await versionOf(this.path)) !== this.version) {
      throw new UserError(`${this.path}: changed since it was opened; start again`);
    }
    const references = this.references.get(id) ?? [];
    const size = references.reduce((sum, { length }) => sum + length, 0);
    if (size > outlineLimit) {
      throw new UserError(
        `${this.path}: the annotations of image ${id} have ${size} bytes; at most ${outlineLimit} are read`,
      );
    }
    const annotations = [];
    let file: FileHandle | undefined;
    try {
      file = await open(this.path);
      for (const { offset, length } of references) {
        const bytes = Buffer.alloc(length);
        await file.read(bytes, 0, length, offset);
        annotations.push(readAnnotation(JSON.parse(bytes.toString("utf8")), this.path));
      }
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw unreadable(this.path, error);
    } finally {
      await file?.close();
    }
    return drawAnnotations(annotations, image, labels, this.path);
  }

  private addImage(element: Readonly<Record<string, unknown>>, where: string): void {
    const { file_name: file } = element;
    if (typeof file !== "string" || file === "") {
      throw new UserError(`${where} has no "file_name"`);
    }
    const [id, width, height] = ["id", "width", "height"].map((field) =>
      wholeNumber(element, field, where),
    ) as [number, number, number];
    if (width < 1 || height < 1 || width * height > pixelLimit) {
      throw new UserError(`${where} is ${width}x${height}; images have 1 to ${pixelLimit} pixels`);
    }
    if (this.byId.has(id)) throw new UserError(`${where} has the id ${id} of an image before it`);
    const image = { id, file, width, height };
    this.byId.set(id, image);
    this.images.push(image);
  }

  private addCategory(element: Readonly<Record<string, unknown>>, where: string): void {
    const { name } = element;
    const id = wholeNumber(element, "id", where);
    if (typeof name !== "string") throw new UserError(`${where} has no "name"`);
    if (this.categories.some((other) => other.id === id)) {
      throw new UserError(`${where} has the id ${id} of a category before it`);
    }
    if (this.categories.length >= maxClasses) {
      throw new UserError(
        `${where}: there are more than ${maxClasses} categories; masks have 8 bits, leave some out`,
      );
    }
    this.categories.push({ id, name: name.normalize("NFC").trim() });
  }

  private addAnnotation(
    element: Readonly<Record<string, unknown>>,
    { offset, length }: Place,
    where: string,
  ): void {
    const image = wholeNumber(element, "image_id", where);
    const category = wholeNumber(element, "category_id", where);
    const { segmentation } = element;
    const outlined = Array.isArray(segmentation)
      ? segmentation.length > 0
      : typeof segmentation === "object" && segmentation !== null;
    const reference = { category, outlined, offset, length };
    const others = this.references.get(image);
    if (others) others.push(reference);
    else this.references.set(image, [reference]);
  }

  private finish(seen: ReadonlySet<string>): void {
    for (const key of ["images", "categories"]) {
      if (!seen.has(key)) {
        throw new UserError(
          `${this.path}: no "${key}"; an annotation file has the lists images, annotations and categories`,
        );
      }
    }
    this.categories.sort((a, b) => a.id - b.id);
    const known = new Set(this.categories.map(({ id }) => id));
    for (const [id, references] of this.references) {
      const wrong = references.find(({ category }) => !known.has(category));
      if (wrong) {
        throw new UserError(
          `${this.path}: an annotation of image ${id} has category_id ${wrong.category}, which is none of the ` +
            `${known.size} categories`,
        );
      }
      if (!this.byId.has(id)) this.strays += references.length;
    }
  }
}

async function versionOf(path: string): Promise<string> {
  try {
    const { size, mtimeMs } = await stat(path);
    return `${size} ${mtimeMs}`;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function wholeNumber(
  element: Readonly<Record<string, unknown>>,
  field: string,
  where: string,
): number {
  const value = element[field];
  if (Number.isSafeInteger(value)) return value as number;
  const found = value === undefined ? "missing" : typeof value === "number" ? value : "no number";
  throw new UserError(`${where}: its "${field}" is ${found}; a whole number is expected`);
}
