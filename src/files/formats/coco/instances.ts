import type { Store } from "../../../host/store.ts";
import {
  guessedBackground,
  isBackground,
  maxClasses,
  validateClasses,
} from "../../../method/images/classes.ts";
import { ignoreIndex } from "../../../method/images/image.ts";
import { excerpt, shown, UserError } from "../../../user-error.ts";
import { cleanNames } from "../class-names.ts";
import { imagePlaces } from "./file-names.ts";
import { ignoredNames, ignoredSupercategory } from "../formats.ts";
import { cocoObjects, hasOutline, isCrowd, type CocoObjects } from "./outlines.ts";
import { JsonScanner, type JsonPlace } from "../../text/json.ts";
import { pushJson } from "../../text/pieces.ts";
import { counted } from "../../text/units.ts";

/** Most pixels of an image, the same as for decoding one. */
const pixelLimit = 200_000_000;

/** Largest entry of a list, in bytes; an annotation with its outline has some kilobytes. */
const entryLimit = 16 << 20;

/** Most bytes of the annotations of one image; in COCO they have some hundred kilobytes. */
const outlineLimit = 64 << 20;

type Fields = Readonly<Record<string, unknown>>;

/** Id of an image: a number in COCO, text in the files of some other tools. */
export type CocoId = number | string;

/** A category of an annotation file; the ids of COCO's eighty go up to 90, with gaps. */
interface CocoCategory {
  readonly id: number;
  readonly name: string;
  /** 0 for a category named like the background, 255 for that of ignored pixels. */
  readonly label: number;
}

/** An image of an annotation file. */
export interface CocoImage {
  readonly id: CocoId;
  /** Its path from the image folder, with forward slashes. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
}

/** An annotation in memory: its category, and the position of its text in the file. */
interface Reference {
  readonly category: unknown;
  /** Whether the annotation has an outline, and not only a box. */
  readonly outlined: boolean;
  readonly isCrowd: boolean;
  /** Whether its outline is run lengths, and not polygons. */
  readonly isRle: boolean;
  readonly offset: number;
  readonly length: number;
}

/**
 * COCO instances in a JSON file of any size. Memory holds only the category and the file position of each annotation;
 * outlines are read when the objects of an image are asked for.
 */
export class CocoInstances {
  readonly images: CocoImage[] = [];
  /** Sorted by id. */
  categories: readonly CocoCategory[] = [];
  /** Names of the categories except background; label i + 1 is classes[i]. */
  classes: readonly string[] = [];
  /** Number of annotations whose image is not in the file. */
  strays = 0;
  /** How the file was understood where that is a guess, one sentence each. */
  readonly notes: string[] = [];
  /** Whether tag2mask wrote the file, whose crowds are ignored pixels and whose bare images are background. */
  isOwn = false;
  /** Whether annotations with `iscrowd` 1 are single objects, as in the files of CVAT's brush. */
  private crowdsAreObjects = false;
  private readonly strayIds = new Set<string>();
  private readonly unsortedCategories: { id: number; name: string; parent: unknown }[] = [];
  /** By the id of the image as text: some tools write numbers in one list and texts in the other. */
  private readonly references = new Map<string, Reference[]>();
  private readonly byId = new Map<string, CocoImage>();
  private version = "";

  private constructor(
    private readonly store: Store,
    readonly path: string,
  ) {}

  /** Reads the whole file once, an entry at a time. */
  static async read(
    store: Store,
    path: string,
    onProgress?: (done: number, total: number) => void,
  ): Promise<CocoInstances> {
    const instances = new CocoInstances(store, path);
    instances.version = await versionOf(store, path);
    const seen = new Set<string>();
    const scanner = new JsonScanner(
      {
        member(key) {
          if (key === "info") return "whole";
          if (!["images", "annotations", "categories"].includes(key)) return "skip";
          seen.add(key);
          return "elements";
        },
        value: (text, place) => {
          if (place.kind === "element") instances.add(text, place);
          else if (place.key === "info") instances.isOwn = /"masks by tag2mask/.test(text);
        },
      },
      { limit: entryLimit },
    );
    await pushJson(store, path, scanner, { onProgress });
    instances.finish(seen);
    return instances;
  }

  /** Ids of the categories in an image, including crowds; undefined if it has no annotation. */
  categoriesOf(image: CocoImage): ReadonlySet<unknown> | undefined {
    const references = this.references.get(String(image.id));
    return references && new Set(references.map(({ category }) => category));
  }

  /**
   * Throws a UserError for an image without annotations if annotations of unknown images are in the file: they may be
   * this image's, so that it cannot pass for empty.
   */
  requireKnown(image: CocoImage, where: string): void {
    if (this.strays === 0 || this.references.has(String(image.id))) return;
    throw new UserError(
      `${where}: no annotation has its id ${image.id}, but ${counted(this.strays, "annotation")} of the file ` +
        `${this.strays === 1 ? "has" : "have"} an image_id that is not in "images" (${listIds(this.strayIds)}); ` +
        "they may be of this image, so it is not written as empty",
    );
  }

  /** Whether every object of an image has an outline, so that its mask is complete. */
  isOutlined(image: CocoImage): boolean {
    return (this.references.get(String(image.id)) ?? []).every(({ outlined }) => outlined);
  }

  /** Throws a UserError if the category of an annotation is not in the file. */
  checkCategories(): void {
    const known = new Set<unknown>(this.categories.map(({ id }) => id));
    for (const [id, references] of this.references) {
      const unknown = references.find(({ category }) => !known.has(category));
      if (!unknown) continue;
      throw new UserError(
        `${this.path}: an annotation of image ${id} has category_id ${shown(unknown.category)}, which is none of the ` +
          `${known.size} categories`,
      );
    }
  }

  /** The image whose id, as text, is `id`. */
  image(id: string): CocoImage {
    const image = this.byId.get(id);
    if (!image) throw new UserError(`${this.path}: has no image with the id ${id}`);
    return image;
  }

  /**
   * Reads the objects of an image, ready to be painted.
   * @param labels label of each category
   * @param where prefix of messages
   */
  async readObjects(
    image: CocoImage,
    labels: ReadonlyMap<unknown, number>,
    where: string,
  ): Promise<CocoObjects> {
    if ((await versionOf(this.store, this.path)) !== this.version) {
      throw new UserError(`${this.path}: changed since it was opened; start again`);
    }
    const references = this.references.get(String(image.id)) ?? [];
    const size = references.reduce((sum, { length }) => sum + length, 0);
    if (size > outlineLimit) {
      throw new UserError(
        `${this.path}: the annotations of image ${image.id} have ${size} bytes; at most ${outlineLimit} are read`,
      );
    }
    const annotations: Fields[] = [];
    const file = await this.store.open(this.path);
    try {
      for (const { offset, length } of references) {
        const text = new TextDecoder().decode(await file.read(offset, length));
        const annotation = parseEntry(text) as Fields;
        annotations.push({ ...annotation, category_id: categoryOf(annotation) });
      }
    } finally {
      await file.close();
    }
    const { crowdsAreObjects } = this;
    return cocoObjects(annotations, image, labels, where, { crowdsAreObjects });
  }

  private add(text: string, { key, index, offset, length }: JsonPlace): void {
    const where = `${this.path}: entry ${index + 1} of "${key}"`;
    const entry = parseEntry(text);
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
      throw new UserError(`${where} is ${text.slice(0, 40)}, expected an object`);
    }
    if (key === "images") this.addImage(entry as Fields, where);
    else if (key === "categories") this.addCategory(entry as Fields, where);
    else {
      const { image_id, segmentation, iscrowd } = entry as Fields;
      const image = String(idOf(image_id, "image_id", where));
      const outlined = hasOutline(segmentation);
      const reference = {
        category: categoryOf(entry as Fields),
        outlined,
        isCrowd: isCrowd(iscrowd),
        isRle: outlined && !Array.isArray(segmentation),
        ...{ offset, length },
      };
      const others = this.references.get(image);
      if (others) others.push(reference);
      else this.references.set(image, [reference]);
    }
  }

  private addImage({ id: value, file_name: name, width, height }: Fields, where: string): void {
    if (typeof name !== "string" || name === "") {
      throw new UserError(`${where} has no "file_name"`);
    }
    const id = idOf(value, "id", where);
    const isSide = (side: unknown): side is number =>
      Number.isSafeInteger(side) && Number(side) > 0;
    if (!isSide(width) || !isSide(height) || width * height > pixelLimit) {
      throw new UserError(
        `${where} is ${shown(width)}x${shown(height)}; expected whole numbers from 1, and at most ${pixelLimit} pixels`,
      );
    }
    if (this.byId.has(String(id)))
      throw new UserError(`${where} has the id ${id} of an image before it`);
    const image = { id, file: name.replaceAll("\\", "/"), width, height };
    this.byId.set(String(id), image);
    this.images.push(image);
  }

  private addCategory({ id: value, name, supercategory }: Fields, where: string): void {
    const id = numberOf(value);
    if (!Number.isSafeInteger(id)) {
      throw new UserError(`${where}: its "id" is ${show(value)}; expected a whole number`);
    }
    if (typeof name !== "string") throw new UserError(`${where} has no "name"`);
    if (this.unsortedCategories.some((other) => other.id === id)) {
      throw new UserError(`${where} has the id ${String(id)} of a category before it`);
    }
    const parent = typeof supercategory === "string" ? supercategory.trim() : undefined;
    this.unsortedCategories.push({ id: id as number, name: cleanNames([name])[0]!, parent });
    if (this.unsortedCategories.filter(isClass).length > maxClasses) {
      throw new UserError(
        `${where}: there are more than ${maxClasses} categories; remove some, since the labels of a mask have 8 bits`,
      );
    }
  }

  private finish(seen: ReadonlySet<string>): void {
    for (const key of ["images", "categories"]) {
      if (seen.has(key)) continue;
      throw new UserError(
        `${this.path}: no "${key}"; an annotation file has the lists images, annotations and categories`,
      );
    }
    const sorted = this.withoutRoot(this.unsortedCategories.sort((a, b) => a.id - b.id));
    const guess = guessedBackground(sorted.map(({ name }) => name));
    if (guess !== undefined) this.notes.push(guess);
    const classes: string[] = [];
    this.categories = sorted.map((category, i) => ({
      id: category.id,
      name: category.name,
      label: isIgnored(category)
        ? ignoreIndex
        : isBackground(category.name, i)
          ? 0
          : classes.push(category.name),
    }));
    validateClasses(classes, this.path);
    this.classes = classes;
    for (const [id, { length }] of this.references) {
      if (this.byId.has(id)) continue;
      this.strays += length;
      this.strayIds.add(id);
    }
    this.placeImages();
    this.judgeCrowds();
  }

  /** Gives images whose names lead elsewhere a path inside of the image folder. */
  private placeImages(): void {
    const { places, outside, example } = imagePlaces(this.images.map(({ file }) => file));
    this.images.forEach((image, i) => ((image as { file: string }).file = places[i]!));
    if (outside === 0) return;
    this.notes.push(
      `${counted(outside, "image")} with absolute names, addresses or .. ${outside === 1 ? "is" : "are"} looked up in the image folder: ${excerpt(example!)}`,
    );
  }

  /** Leaves out a category without annotations that only groups the others, as Roboflow puts one first. */
  private withoutRoot<C extends { id: number; name: string; parent: unknown }>(
    categories: readonly C[],
  ): readonly C[] {
    const used = new Set([...this.references.values()].flat().map(({ category }) => category));
    const root = categories.find(
      ({ id, name, parent }) =>
        !used.has(id) &&
        (parent === undefined || parent === "" || parent === "none") &&
        categories.length > 1 &&
        categories.every((other) => other.id === id || other.parent === name),
    );
    if (!root) return categories;
    this.notes.push(
      `the category "${root.name}" has no annotation and groups the others; it is not taken for a class`,
    );
    return categories.filter((category) => category !== root);
  }

  /**
   * Takes crowds for single objects if exactly the run lengths are crowds, and no crowd stands beside a single object of its
   * category in the same image: so CVAT writes masks of its brush.
   */
  private judgeCrowds(): void {
    if (this.isOwn) return;
    let crowds = 0;
    for (const references of this.references.values()) {
      if (references.some(({ isRle, isCrowd: crowd }) => isRle !== crowd)) return;
      const single = new Set(references.filter((r) => !r.isCrowd).map(({ category }) => category));
      const ofImage = references.filter((r) => r.isCrowd);
      if (ofImage.some(({ category }) => single.has(category))) return;
      crowds += ofImage.length;
    }
    if (crowds === 0) return;
    this.crowdsAreObjects = true;
    this.notes.push(
      `all ${counted(crowds, "annotation")} with run lengths have iscrowd 1; they are taken for single objects, not for crowds, as CVAT writes masks of its brush`,
    );
  }
}

interface NamedCategory {
  readonly name: string;
  readonly parent: unknown;
}

/** Whether a category is that of the ignored pixels, as tag2mask writes it. */
function isIgnored({ name, parent }: NamedCategory): boolean {
  return parent === ignoredSupercategory && ignoredNames.includes(name);
}

function isClass(category: NamedCategory): boolean {
  return !isIgnored(category) && !isBackground(category.name);
}

/** The first few of some ids, for a message. */
function listIds(ids: ReadonlySet<string>): string {
  const list = [...ids].slice(0, 5).join(", ");
  return ids.size > 5 ? `${list}, …` : list;
}

/** A number, also one that is written as a text; anything else stays as it is. */
function numberOf(value: unknown): unknown {
  return typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
}

function categoryOf({ category_id: category }: Fields): unknown {
  return numberOf(category);
}

/** An entry of a list. Python writes NaN and Infinity, which JSON does not have; they become null. */
function parseEntry(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const plain = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (token) =>
      token.startsWith('"') ? token : "null",
    );
    if (plain === text) throw error;
    return JSON.parse(plain) as unknown;
  }
}

/** Size and time of the last change of a file; empty if it is missing. */
async function versionOf(store: Store, path: string): Promise<string> {
  const info = await store.stat(path);
  return info ? `${info.size} ${info.modified}` : "";
}

function idOf(value: unknown, field: string, where: string): CocoId {
  if (Number.isSafeInteger(value)) return value as number;
  if (typeof value === "string" && value !== "") return value;
  throw new UserError(`${where}: its "${field}" is ${show(value)}; expected a whole number`);
}

function show(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value).slice(0, 40);
}
