import { ignoreIndex } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";
import { CocoInstances, type CocoImage } from "../../formats/coco/instances.ts";
import type { Description } from "./description.ts";
import { uploadedName } from "../../formats/image-files.ts";
import { matchByEnd } from "../../text/match-by-end.ts";
import type { FileHost } from "../../../host/host.ts";
import type { Store } from "../../../host/store.ts";
import { isFolder, listImages } from "../../text/folders.ts";
import { basename, dirname, join, relative, stem } from "../../text/path.ts";
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
import { paint } from "../../formats/paint-objects.ts";
import { listVoc } from "./voc.ts";
import { hasSplits, splitOf, suffixOf, type CocoFolder } from "./find-coco.ts";

/**
 * Lists a COCO folder in either of its forms: `JPEGImages/{train,val}` with masks in folders like VOC's, or images with
 * `annotations/instances_*.json`.
 * @param folder what `findCoco` found in it
 */
export async function listCoco(
  host: FileHost,
  root: string,
  description: Description,
  { files, inside }: CocoFolder,
  onProgress?: OnProgress,
): Promise<Listing> {
  if (inside && hasSplits(inside)) {
    if (files.length === 0 || (await isFolder(host.store, join(root, "SegmentationClass")))) {
      return listVoc(host, root, description, { kind: "coco", inside, onProgress });
    }
  }
  const bySplit = new Map<string | undefined, string>();
  for (const path of files) {
    const split = splitOf(path);
    const other = bySplit.get(split);
    if (other !== undefined) {
      const both =
        split === undefined ? "names no split either" : `is for the split "${split}" too`;
      throw new UserError(
        `${path}: ${basename(other)} ${both}; leave only one of them in the folder`,
      );
    }
    bySplit.set(split, path);
  }
  return listInstances(host.store, root, description, bySplit, onProgress);
}

/** An annotation file, its content and the folder of its images. */
interface Part {
  /** Undefined if the file names none. */
  readonly split: string | undefined;
  readonly instances: CocoInstances;
  readonly folder: string;
  /** Path from the folder of each image that is there. */
  readonly places: ReadonlyMap<CocoImage, string | undefined>;
}

async function listInstances(
  store: Store,
  root: string,
  description: Description,
  bySplit: ReadonlyMap<string | undefined, string>,
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
      const message = `ignored ${counted(instances.strays, "annotation")} of images that "images" does not list`;
      problems.push({ severity: "warning", file: path, message });
    }
    for (const message of instances.notes) {
      problems.push({ severity: "warning", file: path, message });
    }
    const place = await findImages(store, root, description, instances);
    if (place) parts.push({ split, instances, ...place });
    else {
      const message = `found none of its ${counted(instances.images.length, "image")}; left out`;
      problems.push({ severity: "warning", file: path, message, leftOut: true });
    }
  }
  const [first] = bySplit.values();
  if (parts.length === 0) {
    throw new UserError(
      `${first}: none of its images was found; put them into ${join("images", suffixOf(first!))}`,
    );
  }
  const classes = classesOf(parts, description);
  const labels = labelsOf(parts, classes);
  const listed = await listImagesOf(store, root, parts, { description, classes, problems });
  const readers = new Map(
    parts.map(({ instances }) => [store.absolute(instances.path), instances]),
  );
  return {
    ...listed,
    format: "coco",
    distinct: false,
    classes,
    problems,
    readMask: async (address) => {
      const at = address.lastIndexOf("#");
      const instances = readers.get(store.absolute(address.slice(0, at)));
      if (!instances) throw new UserError(`${address}: the data set has no such annotation file`);
      const image = instances.image(address.slice(at + 1));
      const { objects, work } = await instances.readObjects(image, labels, instances.path);
      return paint(objects, image, work);
    },
  };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}

/** The first folder that has any image of an annotation file, and all images in it. */
async function findImages(
  store: Store,
  root: string,
  description: Description,
  { path, images }: CocoInstances,
): Promise<Pick<Part, "folder" | "places"> | undefined> {
  const names = [suffixOf(path), splitOf(path) ?? ""].filter((name) => name !== "");
  const described = description.images === undefined ? [] : [description.images];
  const usual = names.flatMap((name) => [`images/${name}`, name, `JPEGImages/${name}`]);
  const inDescribed = described.flatMap((at) => [...names.map((name) => `${at}/${name}`), at]);
  const beside = relative(root, dirname(path));
  const places = [...inDescribed, ...usual, "images", "JPEGImages", ".", beside];
  for (const place of new Set(places.map((at) => join(at)))) {
    const folder = join(root, place);
    if (!(await isFolder(store, folder))) continue;
    // The data set's own folder is not searched: it holds everything else as well.
    const files =
      place === "." ? (await store.list(folder)).files : await listImages(store, folder);
    const onDisk = new Map(files.map((file) => [file.normalize("NFC"), file]));
    const lookUp = (name: string): string | undefined => onDisk.get(name.normalize("NFC"));
    const matches = matchByEnd(
      images.map(({ file }) => file),
      lookUp,
      (name) => lookUp(uploadedName(name) ?? name),
    );
    if (matches.every((match) => match === undefined)) continue;
    return { folder, places: new Map(images.map((image, i) => [image, matches[i]])) };
  }
}

/** The classes that the folder lists, or else the categories by ascending id, which must be the same in all files. */
function classesOf(parts: readonly Part[], description: Description): Listing["classes"] & object {
  const [{ instances }] = parts as [Part];
  const list = (part: Part): string =>
    part.instances.categories
      .filter(({ label }) => label !== ignoreIndex)
      .map(({ id, name }) => `${id} ${name}`)
      .join(", ");
  for (const part of parts) {
    if (list(part) === list(parts[0]!)) continue;
    throw new UserError(
      `${part.instances.path}: its ${part.instances.categories.length} categories differ from the ` +
        `${instances.categories.length} of ${instances.path}; ids and names must be the same in both`,
    );
  }
  const names = instances.classes;
  if (!description.classes) return { names, file: instances.path };
  const missing = names.find((name) => !description.classes!.names.includes(name));
  if (missing === undefined) return description.classes;
  throw new UserError(
    `${description.classes.file}: lacks the category "${missing}" of ${instances.path}; add it`,
  );
}

/** Label of each category. */
function labelsOf(
  parts: readonly Part[],
  { names }: { readonly names: readonly string[] },
): ReadonlyMap<unknown, number> {
  return new Map(
    // The category of ignored pixels may be in some files only.
    parts.flatMap(({ instances }) =>
      instances.categories.map(({ id, name, label }) => [
        id,
        label === 0 || label === ignoreIndex ? label : names.indexOf(name) + 1,
      ]),
    ),
  );
}

/** An image and the annotation file that describes it. */
interface DescribedImage extends Named {
  readonly part: Part;
  readonly image: CocoImage;
}

/** The images of all annotation files by their names, which may occur in several splits. */
class ImagesByName {
  readonly list: ImageList;
  private readonly byId: DescribedImage[][] = [];

  constructor(parts: readonly Part[]) {
    const all = parts.flatMap((part) =>
      part.instances.images.map((image) => ({ name: nameOf(image), part, image })),
    );
    const names = all.map(({ name }) => name);
    this.list = new ImageList(names, (i, id) => (this.byId[id] ??= []).push({ ...all[i]!, id }));
  }

  images(id: number): readonly DescribedImage[] {
    return this.byId[id]!;
  }

  describe(part: Part, image: CocoImage): DescribedImage {
    const name = nameOf(image);
    return { name, id: this.list.find(name), part, image };
  }
}

/**
 * Lists the images of every split: those in its list file or, without one, those with an annotation, as in the published
 * lists. An image without annotations may show nothing, or nobody may have looked at it.
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
  const chosen: (DescribedImage & { origin: Origin; split: string | undefined })[] = [];
  for (const { name, id, split, from, line } of list.listed) {
    const origin = originAt(from, line);
    const namesakes = id === undefined ? [] : index.images(id);
    // Images of different splits may have the same name.
    const match = namesakes.find(({ part }) => part.split === split) ?? namesakes[0];
    if (match) chosen.push({ ...match, origin, split });
    else {
      const message = `${name} is in no annotation file; left out`;
      problems.push({ severity: "warning", ...origin, message, leftOut: true });
    }
  }
  const sources: Source[] = [...lists.sources];
  for (const part of parts.filter(({ split }) => split === undefined || !lists.splits.has(split))) {
    const { instances, split } = part;
    const origin = { file: instances.path };
    const annotated = instances.images.filter((image) => instances.categoriesOf(image));
    for (const image of annotated) chosen.push({ ...index.describe(part, image), origin, split });
    const without = instances.images.length - annotated.length;
    if (without > 0) {
      const message = `${counted(without, "image")} without any annotation left out, as in the published lists`;
      problems.push({ severity: "warning", ...origin, message });
    }
    sources.push({ from: relative(root, instances.path), images: annotated.length });
  }
  const tagContext = { kind: "coco" as const, classes: classes.names, list, problems };
  const tagsFile = await tagsFileSource(store, root, description, tagContext);
  const tagSources = new TagSources<DescribedImage>([...(tagsFile ? [tagsFile] : []), annotations]);

  let masks = 0;
  for (const { origin, split, ...described } of chosen) {
    const { part, image } = described;
    const { instances, folder, places } = part;
    const place = places.get(image);
    if (instances.strays > 0 && !instances.categoriesOf(image)) {
      const message = `${image.file} has no annotation, but annotations of the file have an unknown image_id and may be its; left out`;
      problems.push({ severity: "warning", ...origin, message, leftOut: true });
      continue;
    }
    if (place === undefined) {
      const message = `${image.file} is not in ${folder}; left out`;
      problems.push({ severity: "warning", ...origin, message, leftOut: true });
      continue;
    }
    const answer = tagSources.read(described);
    const tags = answer instanceof Promise ? await answer : answer;
    if (tags === undefined || "message" in tags) continue;
    const { width, height } = image;
    const outlined = instances.isOutlined(image);
    if (outlined) masks++;
    list.push({
      file: basename(place),
      folder,
      place,
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

/** Tags from the annotations of the image itself. */
const annotations: TagSource<DescribedImage> = {
  from: "annotations",
  read: ({ part: { instances }, image }) => {
    const ids = instances.categoriesOf(image) ?? new Set();
    return instances.categories
      .filter(({ id, label }) => label > 0 && label !== ignoreIndex && ids.has(id))
      .map(({ name }) => name);
  },
};

/** The name of an image in lists and tags files: without folder and ending. */
function nameOf({ file }: CocoImage): string {
  return stem(basename(file));
}
