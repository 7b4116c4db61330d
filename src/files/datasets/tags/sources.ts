import { UserError } from "../../../user-error.ts";
import type { ImageCodec } from "../../../host/codec.ts";
import type { Store } from "../../../host/store.ts";
import { isFolder } from "../../text/folders.ts";
import { join, relative } from "../../text/path.ts";
import type { Description } from "../layouts/description.ts";
import type { Named } from "../listing/entry.ts";
import type { ImageList } from "../listing/image-list.ts";
import type { Origin, Problem, Source, TagLine } from "../listing/listing.ts";
import { firstFile, listPlaces, lookUpListed } from "../layouts/lists.ts";
import { findTagsFile } from "../layouts/plain.ts";
import { readTagsFile } from "./file.ts";

/** The tags of an image, the problem with them, or undefined if the source has none for it. */
export type Answer = readonly string[] | Problem | undefined;

/** A source of tags: a tags file, annotations or masks. */
export interface TagSource<Item extends Named = Named> {
  /** Its name in messages and reports: a path relative to the data set's folder, or a word such as `masks`. */
  readonly from: string;
  /** Returns no promise if no file has to be read: awaiting a million promises would take longer than all else. */
  read(item: Item): Answer | Promise<Answer>;
}

/** File names of the published tag dictionaries. */
const npyNames = ["cls_labels_onehot.npy", "cls_labels.npy", "cls_labels_coco.npy"];

/** Several tag sources, of which the first that has tags for an image provides them; counts the images of each. */
export class TagSources<Item extends Named> {
  /** For every source, the number of images whose tags it provided. */
  private readonly counts: number[];

  constructor(private readonly sources: readonly TagSource<Item>[]) {
    this.counts = sources.map(() => 0);
  }

  /** The answer of the first source that has one. */
  read(item: Item): Answer | Promise<Answer> {
    return this.ask(item, 0);
  }

  /** Asks the sources from index `first` on. */
  private ask(item: Item, first: number): Answer | Promise<Answer> {
    for (let i = first; i < this.sources.length; i++) {
      const answer = this.sources[i]!.read(item);
      if (answer instanceof Promise) {
        return answer.then((tags) => (tags ? this.count(tags, i) : this.ask(item, i + 1)));
      }
      if (answer) return this.count(answer, i);
    }
  }

  private count(answer: readonly string[] | Problem, source: number): Answer {
    if (!("message" in answer)) this.counts[source]!++;
    return answer;
  }

  /** The sources in words, such as "tags.csv, Annotations, masks". */
  get names(): string {
    return this.sources.map(({ from }) => from).join(", ");
  }

  get used(): Source[] {
    return this.sources.map(({ from }, i) => ({ from, images: this.counts[i]! }));
  }
}

/**
 * The tags file that data.yaml names, or else the first that exists: tags.csv, .jsonl or .json, or a published .npy,
 * which may lie beside the lists.
 */
export async function tagsFileSource(
  store: Store,
  root: string,
  description: Description,
  {
    kind,
    classes,
    list,
    problems,
  }: {
    kind: "voc" | "coco";
    classes: readonly string[];
    list: ImageList;
    problems: Problem[];
  },
): Promise<TagSource | undefined> {
  const published = npyNames.flatMap((name) =>
    listPlaces(store, root, kind).map((at) => join(at, name)),
  );
  const path =
    (await findTagsFile(store, root, description)) ?? (await firstFile(store, published));
  if (path === undefined) return undefined;
  const tags = list.byName<readonly string[]>();
  const lookup = lookUpListed(list, {
    textOf: ({ file }: TagLine) => file,
    take: (line, image) => tags.set(image, line.tags),
  });
  const fileProblems = await readTagsFile(store, path, classes, {
    take: (line) => lookup.push(line),
    clear: () => {
      lookup.clear();
      tags.clear();
    },
  });
  lookup.end();
  for (const problem of fileProblems) problems.push(problem);
  return {
    from: relative(root, path),
    read: (item) => {
      const tagsOfName = tags.get(item);
      if (tagsOfName) return tagsOfName;
      for (const number of numbersOf(item.name)) {
        const tagsOfNumber = tags.find(number);
        if (tagsOfNumber) return tagsOfNumber;
      }
    },
  };
}

/** Numbers that stand for a name in some files: 2007000032 for 2007_000032, 9 for COCO_train2014_000000000009. */
export function numbersOf(name: string): string[] {
  const voc = /^(\d{4})_(\d{6})$/.exec(name);
  const coco = /(?:^|_)(\d{12})$/.exec(name);
  return [...(voc ? [voc[1]! + voc[2]!] : []), ...(coco ? [String(Number(coco[1]))] : [])];
}

/** Tags from the names of the objects in Annotations/*.xml; undefined if there is no such folder. */
export async function xmlSource(store: Store, root: string): Promise<TagSource | undefined> {
  const folder = join(root, "Annotations");
  if (!(await isFolder(store, folder))) return undefined;
  const files = new Set((await store.list(folder)).files);
  return {
    from: "Annotations",
    read: ({ name }) =>
      files.has(`${name}.xml`) ? tagsFromXml(store, join(folder, `${name}.xml`), name) : undefined,
  };
}

/** Tags from the labels in the masks. */
export function maskSource<Item extends Named>(
  codec: ImageCodec,
  classes: readonly string[],
  maskOf: (item: Item) => string | undefined,
): TagSource<Item> {
  return {
    from: "masks",
    read: (item) => {
      const path = maskOf(item);
      return path === undefined ? undefined : tagsFromMask(codec, path, classes);
    },
  };
}

async function tagsFromMask(
  codec: ImageCodec,
  path: string,
  classes: readonly string[],
): Promise<readonly string[] | Problem> {
  try {
    const present = new Uint8Array(256);
    for (const label of (await codec.decodeLabels(path)).data) present[label] = 1;
    const invalid = present.findIndex(
      (flag, label) => flag === 1 && label > classes.length && label !== 255,
    );
    if (invalid >= 0) {
      const message = `mask has label ${invalid}, but there are only ${classes.length} classes`;
      return { severity: "error", file: path, message };
    }
    return classes.filter((_, i) => present[i + 1] === 1);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { severity: "error", file: path, message: error.message.replace(`${path}: `, "") };
  }
}

/** A warning that an image is left out. */
export function leftOut(origin: Origin, message: string): Problem {
  return { severity: "warning", ...origin, message, leftOut: true };
}

/** The names of the objects in a VOC annotation, as tags. */
export async function tagsFromXml(
  store: Store,
  path: string,
  name: string,
): Promise<readonly string[] | Problem> {
  const text = await store.readText(path);
  // Most data sets have no XML: a page would load its parser for nothing.
  const { elementsIn, readXml, textOf } = await import("../../text/xml.ts");
  const root = readXml(text);
  if ("message" in root) {
    const { line, message } = root;
    return leftOut({ file: path, line }, `not readable as XML: ${message}; ${name} is left out`);
  }
  if (root.name !== "annotation") {
    return leftOut(
      { file: path },
      `has no <annotation>, so it is not a VOC annotation; ${name} is left out`,
    );
  }
  const tags = new Set<string>();
  for (const object of elementsIn(root, "object")) {
    const names = elementsIn(object, "name").map(textOf);
    if (names.length !== 1 || names[0] === undefined) {
      return leftOut({ file: path }, `an object has no name; ${name} is left out`);
    }
    tags.add(names[0].normalize("NFC"));
  }
  return [...tags];
}
