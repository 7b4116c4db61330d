import { UserError } from "../../../user-error.ts";
import type { Description } from "./description.ts";
import { leavesFolder } from "../../text/file-name.ts";
import type { Named } from "../listing/entry.ts";
import { ImageList } from "../listing/image-list.ts";
import type { Store } from "../../../host/store.ts";
import { isFile, isFolder, listImages } from "../../text/folders.ts";
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

/** The plain layout: `images/`, a tags file, perhaps `masks/` with PNGs of the same names. */
export async function listPlain(
  store: Store,
  root: string,
  description: Description,
  tagsPath: string,
): Promise<Listing> {
  const imagesDefault = (await isFolder(store, join(root, "images"))) ? "images" : ".";
  const images = join(root, description.images ?? imagesDefault);
  if (!(await isFolder(store, images)))
    throw new UserError(`${images}: no such folder; images belong there`);
  const problems: Problem[] = [];
  const masks = await findMasks(store, root, description);
  const masksInside = `${relative(images, join(root, description.masks ?? "masks"))}/`;
  const found = await listImages(store, images, { sorted: false });
  const onDisk = masks.size === 0 ? found : found.filter((file) => !file.startsWith(masksInside));

  const list = new ImageList(onDisk);
  const finder = new FileFinder(onDisk, list);
  const named = new NamedSplits(description, problems);
  const ofLines: Problem[] = [];
  const listed = new Uint8Array(onDisk.length);
  let distinct = true;
  const take = ({ file: name, tags, split, line }: TagLine, { id }: Named): void => {
    const found = locate(name, id, finder);
    if (typeof found === "object") {
      ofLines.push({ ...found, ...originAt(tagsPath, line) });
      return;
    }
    const file = onDisk[found]!;
    if (file !== name && !isSame(file, bareName(name))) {
      const message = `${name} is taken to be ${file}`;
      ofLines.push({ severity: "warning", ...originAt(tagsPath, line), message });
    }
    distinct &&= listed[found] === 0;
    listed[found] = 1;
    list.push({
      file,
      folder: images,
      place: file,
      tags,
      untagged: false,
      split: named.of(file, split),
      mask: masks.size === 0 ? undefined : masks.get(stem(file)),
      from: tagsPath,
      line,
    });
  };
  const lookup = list.lookup<TagLine>({ nameOf: ({ file }) => bareName(file), take });
  const clear = (): void => {
    lookup.clear();
    list.clear();
    ofLines.length = 0;
    listed.fill(0);
  };
  const taker = { take: (line: TagLine) => lookup.push(line), clear };
  const wrong = await readTagsFile(store, tagsPath, description.classes?.names, taker);
  lookup.end();
  for (const problem of wrong.concat(ofLines)) problems.push(problem);
  named.tellUnknown(problems);
  onDisk.forEach((file, i) => {
    if (listed[i] === 1) return;
    const message = `not in ${relative(root, tagsPath)}, so it is not used`;
    problems.push({ severity: "warning", file: join(images, file), message });
  });
  if (masks.size > 0) {
    const stems = new Set(onDisk.map(stem));
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

/** Mask PNGs by the stem of the image they belong to; empty if there is no masks folder. */
export async function findMasks(
  store: Store,
  root: string,
  description: Description,
): Promise<Map<string, string>> {
  const folder = join(root, description.masks ?? "masks");
  const masks = new Map<string, string>();
  if (await isFolder(store, folder)) {
    for (const file of await listImages(store, folder)) masks.set(stem(file), join(folder, file));
  } else if (description.masks !== undefined) {
    throw new UserError(`${folder}: no such folder; data.yaml says that masks are there`);
  }
  return masks;
}

/** Finds a listed name among the files on disk: as it is, in other letter case, or without ending. */
class FileFinder {
  private readonly folded: (Map<string, number> | undefined)[] = [];

  /** Of several files that fit, the first by name is found. */
  constructor(
    private readonly onDisk: readonly string[],
    private readonly list: ImageList,
  ) {}

  /** Its place in the list of files. */
  find(name: string): number | undefined {
    return this.list.find(name) ?? this.findAlike(name);
  }

  /** The place of a file whose name is not exactly that. */
  findAlike(name: string): number | undefined {
    const key = name.toLowerCase();
    const whole = (this.folded[0] ??= this.fold((file) => file)).get(key);
    return whole ?? (this.folded[1] ??= this.fold(stem)).get(key);
  }

  /** Made only when a name is not that of a file: for a million files it takes a second. */
  private fold(nameOf: (file: string) => string): Map<string, number> {
    const folded = new Map<string, number>();
    this.onDisk.forEach((file, i) => {
      const key = nameOf(file).toLowerCase();
      const before = folded.get(key);
      if (before === undefined || file < this.onDisk[before]!) folded.set(key, i);
    });
    return folded;
  }
}

/**
 * Where a listed file is among those on disk, or what is wrong with it.
 * @param exact the place of a file of that name
 */
function locate(
  listed: string,
  exact: number | undefined,
  finder: FileFinder,
): number | Pick<Problem, "severity" | "message" | "leftOut"> {
  if (leavesFolder(listed)) {
    return { severity: "error", message: `${listed} leads out of the image folder` };
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

function bareName(listed: string): string {
  return listed.startsWith("./") ? listed.slice(2) : listed;
}

/** Whether a listed name is that of a file but for the ending or the folder of all images. */
function isSame(file: string, bare: string): boolean {
  return file === bare || stem(file) === bare || `images/${file}` === bare;
}

/** What is in a folder, for a message: its first few entries. */
export async function describeFolder(store: Store, folder: string): Promise<string> {
  const { folders, files } = await store.list(folder);
  const names = [...folders.map((name) => `${name}/`), ...files];
  if (names.length === 0) return "nothing";
  return names.slice(0, 6).join(", ") + (names.length > 6 ? ` and ${names.length - 6} more` : "");
}
