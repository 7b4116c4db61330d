import { UserError } from "../../../user-error.ts";
import type { Description } from "./description.ts";
import { leavesFolder } from "../../text/file-name.ts";
import type { Named } from "../listing/entry.ts";
import { ImageList } from "../listing/image-list.ts";
import type { Store } from "../../../host/store.ts";
import { isFile, isFolder, listImages } from "../../text/folders.ts";
import { listNames } from "../../text/list-names.ts";
import { join, relative, stem } from "../../text/path.ts";
import { type Listing, type Problem, type TagLine, originAt } from "../listing/listing.ts";
import { NamedSplits } from "./named-splits.ts";
import { readTagsFile, tagsFileNames } from "../tags/file.ts";

/** The tags file of a data set folder, if it has one. */
export async function findTagsFile(
  store: Store,
  root: string,
  description: Description,
): Promise<string | undefined> {
  if (description.tags !== undefined) return join(root, description.tags);
  for (const name of tagsFileNames) {
    if (await isFile(store, join(root, name))) return join(root, name);
  }
}

/** Lists a folder in the plain layout: `images/`, a tags file, optionally `masks/` with PNGs of the same names. */
export async function listPlain(
  store: Store,
  root: string,
  description: Description,
  tagsPath: string,
): Promise<Listing> {
  const imagesDefault = (await isFolder(store, join(root, "images"))) ? "images" : ".";
  const images = join(root, description.images ?? imagesDefault);
  if (!(await isFolder(store, images)))
    throw new UserError(`${images}: no such folder; put the images there`);
  const problems: Problem[] = [];
  const masks = await findMasks(store, root, description);
  const masksInside = `${relative(images, join(root, description.masks ?? "masks"))}/`;
  const files = await listImages(store, images, { sorted: false });
  const onDisk = masks.size === 0 ? files : files.filter((file) => !file.startsWith(masksInside));

  const list = new ImageList(onDisk);
  const finder = new FileFinder(onDisk, list);
  const namedSplits = new NamedSplits(description, problems);
  const lineProblems: Problem[] = [];
  const isListed = new Uint8Array(onDisk.length);
  let distinct = true;
  const take = ({ file: name, tags, split, line }: TagLine, { id }: Named): void => {
    const index = locate(name, id, finder);
    if (typeof index === "object") {
      lineProblems.push({ ...index, ...originAt(tagsPath, line) });
      return;
    }
    const file = onDisk[index]!;
    if (file !== name && !isSame(file, bareName(name))) {
      const message = `${name} is not there; ${file} is used instead`;
      lineProblems.push({ severity: "warning", ...originAt(tagsPath, line), message });
    }
    distinct &&= isListed[index] === 0;
    isListed[index] = 1;
    list.push({
      file,
      folder: images,
      place: file,
      tags,
      untagged: false,
      split: namedSplits.splitOf(file, split),
      mask: masks.size === 0 ? undefined : masks.get(composed(stem(file))),
      from: tagsPath,
      line,
    });
  };
  const lookup = list.lookup<TagLine>({ nameOf: ({ file }) => bareName(file), take });
  const clear = (): void => {
    lookup.clear();
    list.clear();
    lineProblems.length = 0;
    isListed.fill(0);
  };
  const sink = { take: (line: TagLine) => lookup.push(line), clear };
  const fileProblems = await readTagsFile(store, tagsPath, description.classes?.names, sink);
  lookup.end();
  for (const problem of fileProblems.concat(lineProblems)) problems.push(problem);
  namedSplits.warnOfUnknown(problems);
  onDisk.forEach((file, i) => {
    if (isListed[i] === 1) return;
    const message = `not in ${relative(root, tagsPath)}, so it is not used`;
    problems.push({ severity: "warning", file: join(images, file), message });
  });
  if (masks.size > 0) {
    const stems = new Set(onDisk.map((file) => composed(stem(file))));
    for (const [name, file] of masks) {
      if (!stems.has(name)) problems.push({ severity: "warning", file, message: "has no image" });
    }
  }
  return {
    format: "plain",
    images: list.finish(),
    distinct,
    problems,
    ...(description.classes ? { classes: description.classes } : {}),
  };
}

/** Mask PNGs by the stem, in composed letters, of the image they belong to; empty if there is no masks folder. */
export async function findMasks(
  store: Store,
  root: string,
  description: Description,
): Promise<Map<string, string>> {
  const folder = join(root, description.masks ?? "masks");
  const masks = new Map<string, string>();
  if (await isFolder(store, folder)) {
    for (const file of await listImages(store, folder))
      masks.set(composed(stem(file)), join(folder, file));
  } else if (description.masks !== undefined) {
    throw new UserError(`${folder}: no such folder, but data.yaml says that the masks are in it`);
  }
  return masks;
}

/**
 * Finds the file that a tags file names: by its exact name, in other letter case, or without ending. If several files
 * match, the first by name counts.
 */
class FileFinder {
  private readonly folded: (Map<string, number> | undefined)[] = [];

  constructor(
    private readonly onDisk: readonly string[],
    private readonly list: ImageList,
  ) {}

  /** The index of a file. */
  find(name: string): number | undefined {
    return this.list.find(name) ?? this.findAlike(name);
  }

  /** The index of a file whose name differs in letter case or ending. */
  findAlike(name: string): number | undefined {
    const key = foldedName(name);
    const whole = (this.folded[0] ??= this.fold((file) => file)).get(key);
    return whole ?? (this.folded[1] ??= this.fold(stem)).get(key);
  }

  /** Indices of files by lower-case name; built on first use, since it takes a second for a million files. */
  private fold(nameOf: (file: string) => string): Map<string, number> {
    const folded = new Map<string, number>();
    this.onDisk.forEach((file, i) => {
      const key = foldedName(nameOf(file));
      const other = folded.get(key);
      if (other === undefined || file < this.onDisk[other]!) folded.set(key, i);
    });
    return folded;
  }
}

/**
 * The index of a listed file among those on disk, or the problem with it.
 * @param exact index of the file with exactly that name
 */
function locate(
  listed: string,
  exact: number | undefined,
  finder: FileFinder,
): number | Pick<Problem, "severity" | "message" | "leftOut"> {
  if (leavesFolder(listed)) {
    return {
      severity: "error",
      message: `${listed} leads out of the image folder; it must lie inside`,
    };
  }
  if (exact !== undefined) return exact;
  const bare = bareName(listed);
  return (
    finder.findAlike(bare) ??
    (bare.startsWith("images/") ? finder.find(bare.slice(7)) : undefined) ?? {
      severity: "warning",
      leftOut: true,
      message: `${listed} is not there; left out`,
    }
  );
}

/** A name in lower case and composed letters: macOS writes an accent as a character of its own. */
function foldedName(name: string): string {
  return composed(name).toLowerCase();
}

function composed(name: string): string {
  return name.normalize("NFC");
}

/** A listed name without `./` in front. */
function bareName(listed: string): string {
  return listed.startsWith("./") ? listed.slice(2) : listed;
}

/** Whether a listed name is that of a file, possibly without ending or with the folder images/. */
function isSame(onDisk: string, listed: string): boolean {
  const [file, bare] = [composed(onDisk), composed(listed)];
  return file === bare || stem(file) === bare || `images/${file}` === bare;
}

/** The first few entries of a folder, for a message. */
export async function describeFolder(store: Store, folder: string): Promise<string> {
  const { folders, files } = await store.list(folder);
  const names = [...folders.map((name) => `${name}/`), ...files];
  if (names.length === 0) return "nothing";
  return listNames(names);
}
