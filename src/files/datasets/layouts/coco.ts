import { UserError } from "../../../user-error.ts";
import { CocoInstances, type CocoImage } from "../../formats/coco/instances.ts";
import type { Description } from "./description.ts";
import { leavesFolder } from "../../text/file-name.ts";
import type { FileHost } from "../../../host/host.ts";
import type { FolderContent, Store } from "../../../host/store.ts";
import { isFolder, listImages } from "../../text/folders.ts";
import { basename, join, relative, stem } from "../../text/path.ts";
import { counted } from "../../text/units.ts";
import {
  type Listing,
  type OnProgress,
  type Origin,
  type Problem,
  type Source,
  originAt,
} from "../listing/listing.ts";
import type { Named } from "../listing/entry.ts";
import { ImageList } from "../listing/image-list.ts";
import { readLists } from "./lists.ts";
import { TagSources, tagsFileSource, type TagSource } from "../tags/sources.ts";
import { paint } from "../../formats/objects.ts";
import { listVoc } from "./voc.ts";
import { splitOfFolder } from "./files-by-name.ts";

/**
 * COCO in either of its forms: `JPEGImages/{train,val}` with masks in folders like VOC's, or images with
 * `annotations/instances_*.json`. Undefined if that is not what is there.
 * @param inside what is directly in JPEGImages, if there is such a folder
 */
export async function listCoco(
  host: FileHost,
  root: string,
  description: Description,
  inside: FolderContent | undefined,
  onProgress?: OnProgress,
): Promise<Listing | undefined> {
  const files = await findInstances(host.store, root);
  if (inside && hasSplits(inside)) {
    if (files.length === 0 || (await isFolder(host.store, join(root, "SegmentationClass")))) {
      return listVoc(host, root, description, { kind: "coco", inside, onProgress });
    }
  }
  if (files.length === 0) return undefined;
  const bySplit = new Map<string, string>();
  for (const path of files) {
    const split = splitOf(path);
    const other = bySplit.get(split);
    if (other !== undefined) {
      throw new UserError(
        `${path}: ${basename(other)} is of the split "${split}" too; leave one of them in the folder`,
      );
    }
    bySplit.set(split, path);
  }
  return listInstances(host.store, root, description, bySplit, onProgress);
}

function hasSplits({ folders }: FolderContent): boolean {
  return folders.some((name) => ["train", "val"].includes(splitOfFolder(`${name}/`)));
}

/** instances_*.json in annotations/ or in the folder itself. */
async function findInstances(store: Store, root: string): Promise<string[]> {
  for (const folder of [join(root, "annotations"), root]) {
    if (!(await isFolder(store, folder))) continue;
    const { files } = await store.list(folder);
    const found = files.filter((name) => /^instances_.+\.json$/.test(name));
    if (found.length > 0) return found.map((name) => join(folder, name));
  }
  return [];
}

/** `train` for instances_train2014.json. */
function splitOf(path: string): string {
  return suffixOf(path).replace(/\d{4}$/, "");
}

/** `train2014` for instances_train2014.json. */
function suffixOf(path: string): string {
  return stem(basename(path)).slice("instances_".length);
}

/** One annotation file, what it has and where its images are. */
interface Part {
  readonly split: string;
  readonly instances: CocoInstances;
  readonly folder: string;
  /** Of the folder, as in `file_name`. */
  readonly onDisk: ReadonlySet<string>;
}

async function listInstances(
  store: Store,
  root: string,
  description: Description,
  bySplit: ReadonlyMap<string, string>,
  onProgress?: OnProgress,
): Promise<Listing> {
  const problems: Problem[] = [];
  const parts: Part[] = [];
  for (const [split, path] of bySplit) {
    const instances = await CocoInstances.read(store, path, (done, total) =>
      onProgress?.(megabytes(done), megabytes(total), `MB of ${basename(path)}`),
    );
    instances.checkCategories();
    if (instances.strays > 0) {
      const message = `${counted(instances.strays, "annotation")} of images that it does not list, so not used`;
      problems.push({ severity: "warning", file: path, message });
    }
    const found = await findImages(store, root, description, instances);
    if (found) parts.push({ split, instances, ...found });
    else {
      const message = `none of its ${instances.images.length} images is there; they are left out`;
      problems.push({ severity: "warning", file: path, message, leftOut: true });
    }
  }
  const [first] = bySplit.values();
  if (parts.length === 0) {
    throw new UserError(
      `${first}: none of its images is there; they belong into images/${suffixOf(first!)}`,
    );
  }
  const classes = classesOf(parts, description);
  const labels = labelsOf(parts, classes);
  const found = await listImagesOf(store, root, parts, { description, classes, problems });
  const readers = new Map(
    parts.map(({ instances }) => [store.absolute(instances.path), instances]),
  );
  return {
    ...{ format: "coco", ...found, distinct: false, classes, problems },
    readMask: async (address) => {
      const at = address.lastIndexOf("#");
      const instances = readers.get(store.absolute(address.slice(0, at)));
      if (!instances) throw new UserError(`${address}: no annotation file of this data set`);
      const image = instances.image(address.slice(at + 1));
      const { objects, work } = await instances.readObjects(image, labels, instances.path);
      return paint(objects, image, work);
    },
  };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}

/** The folder that has the images of an annotation file. */
async function findImages(
  store: Store,
  root: string,
  description: Description,
  { path, images }: CocoInstances,
): Promise<Pick<Part, "folder" | "onDisk"> | undefined> {
  const wrong = images.find(({ file }) => leavesFolder(file));
  if (wrong) {
    throw new UserError(`${path}: image ${wrong.id}: ${wrong.file} leads out of the image folder`);
  }
  const [suffix, split] = [suffixOf(path), splitOf(path)];
  const given = description.images === undefined ? [] : [description.images];
  const inImages = [suffix, split].flatMap((name) => [
    `images/${name}`,
    name,
    `JPEGImages/${name}`,
  ]);
  const base = [...given.flatMap((at) => [`${at}/${suffix}`, `${at}/${split}`, at]), ...inImages];
  for (const place of [...base, "images", "JPEGImages", "."]) {
    const folder = join(root, place);
    if (!(await isFolder(store, folder))) continue;
    // The data set's own folder is not searched: it holds everything else as well.
    const files =
      place === "." ? (await store.list(folder)).files : await listImages(store, folder);
    const onDisk = new Set(files);
    if (images.some(({ file }) => onDisk.has(file))) return { folder, onDisk };
  }
}

/** Classes are the categories by ascending id, in all files alike, unless the folder lists them. */
function classesOf(parts: readonly Part[], description: Description): Listing["classes"] & object {
  const [{ instances }] = parts as [Part];
  const list = (part: Part): string =>
    part.instances.categories.map(({ id, name }) => `${id} ${name}`).join(", ");
  for (const part of parts) {
    if (list(part) === list(parts[0]!)) continue;
    throw new UserError(
      `${part.instances.path}: its ${part.instances.categories.length} categories are not the ` +
        `${instances.categories.length} of ${instances.path}; ids and names must agree`,
    );
  }
  const names = instances.classes;
  if (!description.classes) return { names, file: instances.path };
  const missing = names.find((name) => !description.classes!.names.includes(name));
  if (missing === undefined) return description.classes;
  throw new UserError(
    `${description.classes.file}: lacks the category "${missing}" of ${instances.path}`,
  );
}

/** Label of each category. */
function labelsOf(
  [part]: readonly Part[],
  { names }: { readonly names: readonly string[] },
): ReadonlyMap<unknown, number> {
  return new Map(
    part!.instances.categories.map(({ id, name, label }) => [
      id,
      label === 0 ? 0 : names.indexOf(name) + 1,
    ]),
  );
}

/** An image with the annotation file that it is from. */
interface Known extends Named {
  readonly part: Part;
  readonly image: CocoImage;
}

/** The images of all annotation files by their names; different splits may have the same. */
class ImagesByName {
  readonly list: ImageList;
  private readonly found: Known[][] = [];

  constructor(parts: readonly Part[]) {
    const all = parts.flatMap((part) =>
      part.instances.images.map((image) => ({ name: nameOf(image), part, image })),
    );
    const names = all.map(({ name }) => name);
    this.list = new ImageList(names, (i, id) => (this.found[id] ??= []).push({ ...all[i]!, id }));
  }

  images(id: number): readonly Known[] {
    return this.found[id]!;
  }

  known(part: Part, image: CocoImage): Known {
    const name = nameOf(image);
    return { name, id: this.list.find(name), part, image };
  }
}

/**
 * Images in lists if there are lists. Otherwise those with an annotation, as in the published lists: an image without any
 * may show nothing or may not have been looked at.
 */
async function listImagesOf(
  store: Store,
  root: string,
  parts: readonly Part[],
  context: {
    description: Description;
    classes: { readonly names: readonly string[]; readonly file: string };
    problems: Problem[];
  },
): Promise<Pick<Listing, "images" | "sources">> {
  const { description, classes, problems } = context;
  const index = new ImagesByName(parts);
  const { list } = index;
  const lists = await readLists(store, root, "coco", list);
  problems.push(...lists.problems);
  const chosen: (Known & { origin: Origin; split: string })[] = [];
  for (const { name, id, split, from, line } of list.listed) {
    const origin = originAt(from, line);
    const same = id === undefined ? [] : index.images(id);
    // Different images may have one name in different splits.
    const known = same.find(({ part }) => part.split === split) ?? same[0];
    if (known) chosen.push({ ...known, origin, split });
    else {
      const message = `${name} is in no annotation file; left out`;
      problems.push({ severity: "warning", ...origin, message, leftOut: true });
    }
  }
  const sources: Source[] = [...lists.sources];
  for (const part of parts.filter(({ split }) => !lists.splits.has(split))) {
    const { instances, split } = part;
    const origin = { file: instances.path };
    const annotated = instances.images.filter((image) => instances.categoriesOf(image));
    for (const image of annotated) chosen.push({ ...index.known(part, image), origin, split });
    const without = instances.images.length - annotated.length;
    if (without > 0) {
      const message = `${counted(without, "image")} without any annotation left out, as in the published lists`;
      problems.push({ severity: "warning", ...origin, message });
    }
    sources.push({ from: relative(root, instances.path), images: annotated.length });
  }
  const about = { kind: "coco" as const, classes: classes.names, list, problems };
  const tagsFile = await tagsFileSource(store, root, description, about);
  const tagSources = new TagSources<Known>([...(tagsFile ? [tagsFile] : []), annotations]);

  let masks = 0;
  for (const { origin, split, ...known } of chosen) {
    const { part, image } = known;
    const { instances, folder, onDisk } = part;
    if (!onDisk.has(image.file)) {
      const message = `${image.file} is not in ${folder}; left out`;
      problems.push({ severity: "warning", ...origin, message, leftOut: true });
      continue;
    }
    const answer = tagSources.read(known);
    const tags = answer instanceof Promise ? await answer : answer;
    if (tags === undefined || "message" in tags) continue;
    const { width, height } = image;
    const outlined = instances.isOutlined(image);
    if (outlined) masks++;
    list.push({
      file: basename(image.file),
      folder,
      place: image.file,
      tags,
      untagged: false,
      split,
      mask: outlined ? `${instances.path}#${image.id}` : undefined,
      maskSize: outlined ? { width, height } : undefined,
      from: origin.file,
      line: origin.line,
    });
  }
  return {
    images: list.finish(),
    sources: {
      lists: sources,
      tags: tagSources.used,
      masks: [{ from: "outlines in annotations", images: masks }],
    },
  };
}

/** What an image's own annotations show. */
const annotations: TagSource<Known> = {
  from: "annotations",
  read: ({ part: { instances }, image }) => {
    const ids = instances.categoriesOf(image) ?? new Set();
    return instances.categories
      .filter(({ id, label }) => label > 0 && ids.has(id))
      .map(({ name }) => name);
  },
};

/** Lists and tags files name images without folder and ending. */
function nameOf({ file }: CocoImage): string {
  return stem(basename(file));
}
