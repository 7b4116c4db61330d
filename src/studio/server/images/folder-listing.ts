import type { FileHost } from "../../../host/host.ts";
import type { Store } from "../../../host/store.ts";
import { UserError } from "../../../user-error.ts";
import { isImageName } from "../../../method/images/image-name.ts";
import { safeName } from "../../../files/datasets/arrange.ts";
import { assemble } from "../../../files/datasets/assemble.ts";
import { readDescription, type Description } from "../../../files/datasets/layouts/description.ts";
import { listDataset } from "../../../files/datasets/layouts/detect.ts";
import { findTagsFile } from "../../../files/datasets/layouts/plain.ts";
import { ImageList } from "../../../files/datasets/listing/image-list.ts";
import {
  formatProblem,
  type Listing,
  type Problem,
} from "../../../files/datasets/listing/listing.ts";
import { isFolder, listImages } from "../../../files/text/folders.ts";
import { join, relative, stem } from "../../../files/text/path.ts";
import { fixedBecause } from "./fixed-tags.ts";
import type { DataProblem, IndexHead } from "./columns.ts";

/** An image of a data folder. */
export interface ListedImage {
  /** Path from the data folder. */
  readonly file: string;
  /** Name as that of its mask. */
  readonly name: string;
  /** Undefined where they are not known. */
  readonly tags: readonly number[] | undefined;
  /** Empty where none is named. */
  readonly split: string;
}

/** What a data folder holds. */
export interface FolderListing extends Pick<
  IndexHead,
  "format" | "classes" | "classesFile" | "tagsFixed" | "tagsFile" | "imageFolder"
> {
  readonly images: readonly ListedImage[];
  readonly problems: readonly DataProblem[];
  /** Passes on the lines of the tags file that name images; an image may have several. */
  forEachLine(take: (file: string, line: number) => void): void;
  /** Problems by the path of their image. */
  readonly imageProblems: ReadonlyMap<string, readonly string[]>;
}

/** Most problems of the data as a whole that are kept. */
const mostProblems = 100;

/**
 * Lists a data folder by names alone: a data set of any layout with, in the plain one, the images that its tags do not name; or images
 * without any tags.
 * @param root absolute
 * @param onFound takes the images of a folder that is read first, before anything else is known of them
 */
export async function listDataFolder(
  host: FileHost,
  root: string,
  onFound: (files: readonly string[]) => void = () => undefined,
): Promise<FolderListing> {
  const { store } = host;
  if (!(await isFolder(store, root))) {
    throw new UserError(`${root}: no such folder; name the folder of the images`, {
      code: "not-found",
    });
  }
  const failures: UserError[] = [];
  const attempt = async <R>(work: () => Promise<R>): Promise<R | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failures.push(error);
      return undefined;
    }
  };
  const description = (await attempt(() => readDescription(store, root))) ?? {};
  const tagsPath = await findTagsFile(store, root, description);
  const imageFolder = await imageFolderOf(store, root, description);
  const isOwnLayout = tagsPath === undefined && (await hasOwnLayout(store, root));
  const places = { root, imageFolder, masks: `${description.masks ?? "masks"}/` };
  const files = isOwnLayout ? [] : await filesOf(store, places, onFound);
  const listing = failures.length > 0 ? undefined : await attempt(() => listDataset(host, root));
  const isListed = listing !== undefined && !(isOwnFolders(listing) && hasDirectImages(files));
  const common = {
    tagsFile: tagsPath === undefined ? null : relative(root, tagsPath),
    imageFolder: imageFolder === "." ? "" : imageFolder,
    classesFile:
      description.classes === undefined ? null : relative(root, description.classes.file),
  };
  if (isListed) return describeListing(host, root, listing, { ...common, files });
  const images = namedOnly(files, common.imageFolder);
  const [failure] = failures;
  const message = failure?.message ?? "";
  const mustMend =
    isOwnLayout || tagsPath !== undefined || common.classesFile !== null || failure?.code === "tar";
  return {
    ...common,
    format: images.length === 0 ? "empty" : "images",
    classes: description.classes?.names ?? [],
    tagsFixed: tagsPath === undefined ? null : unreadable(message),
    images,
    forEachLine: () => undefined,
    problems: mustMend && message !== "" ? [{ severity: "error", message }] : [],
    imageProblems: new Map(),
  };
}

/** Whether images lie in places that only their layout tells. */
async function hasOwnLayout(store: Store, root: string): Promise<boolean> {
  const found = await Promise.all(
    ["JPEGImages", "annotations"].map((name) => isFolder(store, join(root, name))),
  );
  return found.includes(true);
}

async function imageFolderOf(
  store: Store,
  root: string,
  description: Description,
): Promise<string> {
  if (description.images !== undefined) return description.images;
  return (await isFolder(store, join(root, "images"))) ? "images" : ".";
}

/**
 * Images of the image folder, as paths from the data folder, sorted; those of a folder of masks in it are none.
 * @param onFound takes those of each folder as soon as that is read
 */
async function filesOf(
  store: Store,
  {
    root,
    imageFolder,
    masks,
  }: { readonly root: string; readonly imageFolder: string; readonly masks: string },
  onFound: (files: readonly string[]) => void,
): Promise<string[]> {
  const top = join(root, imageFolder);
  if (!(await isFolder(store, top))) return [];
  const isImage = (file: string): boolean => !file.startsWith(masks) && isImageName(file);
  const below = (folder: string): string => (folder === "" ? "" : `${folder}/`);
  const telling: Pick<Store, "list"> = {
    list: async (folder, options) => {
      const content = await store.list(folder, options);
      const prefix = below(relative(root, folder));
      onFound(content.files.map((name) => prefix + name).filter(isImage).sort()); // prettier-ignore
      return content;
    },
  };
  const inside = await listImages(telling, top, { sorted: false });
  const prefix = below(relative(root, top));
  return inside.map((file) => prefix + file).filter(isImage).sort(); // prettier-ignore
}

function isOwnFolders({ format }: Listing): boolean {
  return format === "class folders";
}

/** Whether images lie in the data folder itself, so that its subfolders are no classes. */
function hasDirectImages(files: readonly string[]): boolean {
  return files.some((file) => !file.includes("/") && isImageName(file));
}

async function describeListing(
  host: FileHost,
  root: string,
  listing: Listing,
  {
    files,
    ...common
  }: Pick<IndexHead, "tagsFile" | "imageFolder" | "classesFile"> & {
    readonly files: readonly string[];
  },
): Promise<FolderListing> {
  const broken = brokenTags(listing, root, common.tagsFile);
  if (listing.format === "plain") addUnlisted(listing, root, files, common.imageFolder);
  const { classes, splits, heldOut, problems } = await assemble(host, listing, {
    ...{ seed: 0, valFraction: 0.2, strict: false, headers: false },
  });
  const start = root.endsWith("/") ? root.length : root.length + 1;
  const images = Object.entries(splits).flatMap(([split, samples]) =>
    samples.map(({ name, image, tags, untagged = false }): ListedImage => {
      const isUnnamed = heldOut || (untagged && listing.format === "plain");
      const own = untagged ? undefined : tags;
      return { file: image.slice(start), name, tags: own, split: isUnnamed ? "" : split };
    }),
  );
  const known = new Set(problems.length === 0 ? [] : images.map(({ file }) => file));
  const imageProblems = new Map<string, string[]>();
  const whole: DataProblem[] = [];
  for (const problem of problems) {
    if (isOfUnlisted(problem)) continue;
    const file = relative(root, problem.file);
    if (known.has(file)) {
      imageProblems.set(file, [...(imageProblems.get(file) ?? []), problem.message]);
    } else if (whole.length < mostProblems) {
      const line = problem.line === undefined ? "" : `:${problem.line}`;
      whole.push({ severity: problem.severity, message: `${file}${line}: ${problem.message}` });
    }
  }
  return {
    ...common,
    format: listing.format,
    classes,
    tagsFixed: broken ?? (await fixedBecause(host.store, root, listing.format, common.tagsFile)),
    images,
    forEachLine: (take) => {
      const prefix = common.imageFolder === "" ? "" : `${common.imageFolder}/`;
      if (listing.format !== "plain") return;
      for (const { place, line } of listing.images) {
        if (line !== undefined) take(prefix + place, line);
      }
    },
    problems: whole,
    imageProblems,
  };
}

/** What is wrong with a tags file of which nothing can be read; undefined otherwise. */
function brokenTags(
  { images, problems }: Listing,
  root: string,
  tagsFile: string | null,
): string | undefined {
  if (tagsFile === null || images.length > 0) return undefined;
  const path = join(root, tagsFile);
  const problem = problems.find(({ severity, file }) => severity === "error" && file === path);
  return problem && unreadable(formatProblem({ ...problem, file: tagsFile }));
}

function unreadable(message: string): string {
  return `The tags cannot be read, so they cannot be changed: ${message}`;
}

/** The warning that an image is not in the tags file: here it is an image without tags. */
function isOfUnlisted({ message }: Problem): boolean {
  return message.endsWith("so it is not used");
}

/** Adds the images that a tags file does not name. */
function addUnlisted(
  { images }: Listing,
  root: string,
  files: readonly string[],
  imageFolder: string,
): void {
  const listed = new Set(images.map(({ place }) => place));
  const folder = join(root, imageFolder);
  const start = imageFolder === "" ? 0 : imageFolder.length + 1;
  for (const path of files) {
    const place = path.slice(start);
    if (listed.has(place)) continue;
    images.push({ file: place, folder, place, tags: [], untagged: true, split: undefined });
  }
}

/** Images of which nothing but the names is known. */
function namedOnly(files: readonly string[], imageFolder: string): readonly ListedImage[] {
  const list = new ImageList();
  const start = imageFolder === "" ? 0 : imageFolder.length + 1;
  for (const path of files) {
    const file = path.slice(start);
    list.push({
      file,
      folder: imageFolder,
      place: file,
      tags: [],
      untagged: true,
      split: undefined,
    });
  }
  return list.mapNamed(({ file }, i): ListedImage => {
    return { file: files[i]!, name: safeName(stem(file)), tags: undefined, split: "" };
  });
}
