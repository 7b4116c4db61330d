import type { FileHost } from "../../../host/host.ts";
import type { FolderContent } from "../../../host/store.ts";
import { cocoClasses, vocClasses } from "../../../method/images/classes.ts";
import { listImages } from "../../text/folders.ts";
import { basename, join } from "../../text/path.ts";
import type { Listed } from "../listing/entry.ts";
import type { ImageList } from "../listing/image-list.ts";
import { originAt } from "../listing/listing.ts";
import type { Listing, OnProgress, Problem, Source } from "../listing/listing.ts";
import { mapAtOnce } from "../map-at-once.ts";
import {
  leftOut,
  maskSource,
  TagSources,
  tagsFileSource,
  xmlSource,
  type Answer,
} from "../tags/sources.ts";
import type { Description } from "./description.ts";
import { FilesByName } from "./files-by-name.ts";
import { missingLists, readLists } from "./lists.ts";
import { MaskFolders } from "./mask-folders.ts";

/** The differences between VOC and COCO 2014 in folders like those of VOC. */
const kinds = {
  voc: { classes: vocClasses, name: "the VOC classes" },
  coco: { classes: cocoClasses, name: "the COCO classes" },
} as const;

/** The number of masks that takes a few seconds to decode. */
const manyMasks = 1000;

/** The number of annotations or masks that are read at the same time. */
const readsAtOnce = 16;

export interface VocOptions {
  readonly kind: "voc" | "coco";
  /** The content of JPEGImages. */
  readonly inside: FolderContent;
  readonly onProgress?: OnProgress | undefined;
}

/** The tags of images whose tags are unknown; one array for all of them. */
const noTags: readonly string[] = [];

/**
 * Lists a VOC folder, or COCO 2014 in such folders:
 *
 *     JPEGImages/                        images; for COCO in train2014/ and val2014/ below
 *     ImageSets/Segmentation/            train.txt, val.txt, test.txt: an image name a line
 *     SegmentationClassAug/              masks
 *     SegmentationClass/                 masks of the images without one above
 *     tags.csv, Annotations/, masks      tags of an image, from the first of these that has them
 *
 * Names tie all of this together. Every name in JPEGImages gets a number first (`ImageList`); lists and tags files
 * are then looked up by number, and only names without a file are kept as text.
 */
export async function listVoc(
  host: FileHost,
  root: string,
  description: Description,
  { kind, inside, onProgress }: VocOptions,
): Promise<Listing> {
  const { store } = host;
  const images = join(root, "JPEGImages");
  const paths = await listImages(store, images, { content: inside, sorted: false });
  const onDisk = new FilesByName(paths);
  const { list } = onDisk;
  const lists = await readLists(store, root, kind, list);
  const problems: Problem[] = [...lists.problems];
  const listSources = [...lists.sources];
  if (kind === "coco") listSources.push(...addWholeFolders(lists.splits, onDisk, images));
  if (list.listed.length === 0) throw await missingLists(store, root);

  const masks = await MaskFolders.read(store, root);
  const classes = description.classes ?? { names: kinds[kind].classes, file: kinds[kind].name };
  const tagContext = { kind, classes: classes.names, list, problems };
  const tagSources = await findTagSources(host, root, description, tagContext, masks);
  const ask = (item: Listed): Answer | Promise<Answer> =>
    item.id === undefined ? undefined : tagSources.read(item);
  const take = (item: Listed, answer: Answer): void => {
    const { id, name, split, from, line } = item;
    const problem = problemOf(item, answer, { images, sources: tagSources.names });
    if (problem) {
      problems.push(problem);
      return;
    }
    const place = onDisk.file(id!, split);
    const file = onDisk.inFolders ? basename(place) : place;
    const tags = (answer as readonly string[] | undefined) ?? noTags;
    const [untagged, mask] = [answer === undefined, masks.find(name, split)];
    list.push({ file, place, folder: images, tags, untagged, split, mask, from, line });
  };
  await forEachAnswer(list, { ask, take, onProgress });
  const slow = slowSource(root, tagSources.used);
  if (slow) problems.push(slow);
  return {
    format: kind,
    images: list.finish(),
    classes,
    problems,
    // In COCO's folders, a name in the lists of two splits may mean the same file.
    distinct: lists.distinct && kind === "voc",
    sources: { lists: listSources, tags: tagSources.used, masks: masks.count(list) },
  };
}

/** The sources of tags that exist, in the order in which they are asked. */
async function findTagSources(
  { store, codec }: FileHost,
  root: string,
  description: Description,
  tagContext: Parameters<typeof tagsFileSource>[3],
  masks: MaskFolders,
): Promise<TagSources<Listed>> {
  const candidates = [
    await tagsFileSource(store, root, description, tagContext),
    await xmlSource(store, root),
    maskSource<Listed>(codec, tagContext.classes, ({ name, split }) => masks.find(name, split)),
  ];
  return new TagSources<Listed>(candidates.filter((source) => source !== undefined));
}

/** The reason why a listed image is left out; undefined for a usable image. */
function problemOf(
  { id, name, split, from, line }: Listed,
  answer: Answer,
  { images, sources }: { readonly images: string; readonly sources: string },
): Problem | undefined {
  if (id === undefined) {
    return leftOut(originAt(from, line), `${name} is not in ${images}; left out`);
  }
  if (answer !== undefined) return "message" in answer ? answer : undefined;
  if (split === "test") return undefined;
  const message = `${name} has no tags: it is in none of ${sources}; left out`;
  return leftOut(originAt(from, line), message);
}

/** A warning if so many tags come from masks that opening the data set always takes long. */
function slowSource(root: string, used: readonly Source[]): Problem | undefined {
  const count = used.find(({ from }) => from === "masks")!.images;
  if (count <= manyMasks) return undefined;
  const options = { noDecode: true, tagsOut: join(root, "tags.csv") } as const;
  return {
    severity: "warning",
    file: root,
    message: `the tags are read from ${count} masks whenever the data set is opened, which is slow; write tags.csv once`,
    remedies: [{ kind: "job", name: "data", argument: root, options, purpose: "does that" }],
  };
}

/**
 * Asks for the tags of all images and passes on the answers in the order of the list. Nothing is awaited until the first
 * answer that is a promise; from there on, the tags of several images are read at the same time.
 */
async function forEachAnswer(
  { listed }: ImageList,
  {
    ask,
    take,
    onProgress,
  }: {
    readonly ask: (item: Listed) => Answer | Promise<Answer>;
    readonly take: (item: Listed, answer: Answer) => void;
    readonly onProgress?: OnProgress | undefined;
  },
): Promise<void> {
  let asked = 0;
  const askNext = (item: Listed): Answer | Promise<Answer> => {
    onProgress?.(++asked, listed.length, "tags");
    return ask(item);
  };
  for (let i = 0; i < listed.length; i++) {
    const item = listed.at(i);
    const answer = askNext(item);
    if (!(answer instanceof Promise)) {
      take(item, answer);
      continue;
    }
    const rest = { length: listed.length - i, at: (offset: number) => listed.at(i + offset) };
    const answers = await mapAtOnce(rest, readsAtOnce, (next, offset) =>
      offset === 0 ? answer : askNext(next),
    );
    answers.forEach((next, offset) => take(rest.at(offset), next));
    return;
  }
}

/** Lists all images of COCO's folder train2014/, val2014/ or test2014/ for each split that has no list. */
function addWholeFolders(
  splits: ReadonlySet<string>,
  onDisk: FilesByName,
  images: string,
): Source[] {
  const sources: Source[] = [];
  for (const split of ["train", "val", "test"].filter((split) => !splits.has(split))) {
    const files = onDisk.inSplit(split).sort((a, b) => (a.name < b.name ? -1 : 1));
    if (files.length === 0) continue;
    for (const file of files) {
      onDisk.list.listed.push({ ...file, split, from: join(images, split), line: undefined });
    }
    sources.push({ from: `all of JPEGImages/${split}`, images: files.length });
  }
  return sources;
}
