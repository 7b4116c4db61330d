import { UserError } from "../../../user-error.ts";
import type { Description } from "./description.ts";
import type { Named } from "../listing/entry.ts";
import { ImageList } from "../listing/image-list.ts";
import type { Store } from "../../../host/store.ts";
import { isFile, isFolder, listImages } from "../../text/folders.ts";
import { listNames } from "../../text/list-names.ts";
import { join, relative, stem } from "../../text/path.ts";
import { counted } from "../../text/units.ts";
import { classesOfMasks } from "./mask-classes.ts";
import { bareName, composed, FileFinder, isSame, locate } from "./file-finder.ts";
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
  const masksFolder = join(root, description.masks ?? "masks");
  const maskClasses =
    masks.size === 0 ? undefined : await classesOfMasks(store, masksFolder, problems);
  const masksInside = `${relative(images, masksFolder)}/`;
  const others: string[] = [];
  const files = await listImages(store, images, { sorted: false, others });
  const onDisk = masks.size === 0 ? files : files.filter((file) => !file.startsWith(masksInside));

  const list = new ImageList(onDisk);
  const finder = new FileFinder(onDisk, list);
  const namedSplits = new NamedSplits(description, problems);
  const lineProblems: Problem[] = [];
  const isListed = new Uint8Array(onDisk.length);
  let distinct = true;
  // Images listed with other folders in front, by their index; two listed names may have the same end.
  const byEnd = new Map<number, TagLine[]>();
  const take = (listed: TagLine, { id }: Named): void => {
    const { file: name, line } = listed;
    const found = locate(name, id, finder);
    if (typeof found === "number") return use(found, listed);
    if ("message" in found) lineProblems.push({ ...found, ...originAt(tagsPath, line) });
    else byEnd.set(found.end, [...(byEnd.get(found.end) ?? []), listed]);
  };
  const use = (index: number, { file: name, tags, split, line }: TagLine, isEnd = false): void => {
    const file = onDisk[index]!;
    if (!isEnd && file !== name && !isSame(file, bareName(name))) {
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
    byEnd.clear();
    lineProblems.length = 0;
    isListed.fill(0);
  };
  const sink = { take: (line: TagLine) => lookup.push(line), clear };
  const fileProblems = await readTagsFile(store, tagsPath, description.classes?.names, sink);
  lookup.end();
  let [ends, example] = [0, ""];
  for (const [index, lines] of byEnd) {
    const names = new Set(lines.map(({ file }) => file));
    if (names.size === 1 && isListed[index] === 0) {
      for (const line of lines) use(index, line, true);
      example ||= `${lines[0]!.file} is ${onDisk[index]!}`;
      ends++;
      continue;
    }
    for (const { file, line } of lines) {
      const message = `${file} is not there, and ${onDisk[index]!} has its name but may be another of the listed; left out`;
      lineProblems.push({
        severity: "warning",
        ...originAt(tagsPath, line),
        message,
        leftOut: true,
      });
    }
  }
  if (ends > 0) {
    const message = `${counted(ends, "image")} found by the end of the listed ${ends === 1 ? "path" : "paths"}, as ${example}`;
    lineProblems.push({ severity: "warning", file: tagsPath, message });
  }
  for (const problem of fileProblems.concat(lineProblems)) problems.push(problem);
  namedSplits.warnOfUnknown(problems);
  onDisk.forEach((file, i) => {
    if (isListed[i] === 1) return;
    const message = `not in ${relative(root, tagsPath)}, so it is not used`;
    problems.push({ severity: "warning", file: join(images, file), message });
  });
  const foreign = others.filter(
    (file) =>
      join(images, file) !== tagsPath && !isDescription(file) && !file.startsWith(masksInside),
  );
  if (foreign.length > 0) {
    problems.push({ severity: "warning", file: images, message: notImages(foreign) });
  }
  if (masks.size > 0) {
    const stems = new Set(onDisk.map((file) => composed(stem(file))));
    const alone = [...masks].filter(([name]) => !stems.has(name));
    const twice = alone.filter(([name]) => name.startsWith("masks/"));
    for (const [name, file] of alone) {
      if (name.startsWith("masks/")) continue;
      problems.push({ severity: "warning", file, message: "has no image" });
    }
    if (twice.length > 0) problems.push(masksInMasks(masksFolder, twice.length));
  }
  return {
    format: "plain",
    images: list.finish(),
    distinct,
    problems,
    ...(description.classes ? { classes: description.classes } : {}),
    ...(maskClasses && { maskClasses }),
  };
}

/** The warning about a folder of masks that was copied into another one, as `cp -r` does it the second time. */
function masksInMasks(folder: string, count: number): Problem {
  const message =
    `masks/ has a folder masks/ in it, whose ${counted(count, "mask")} ${count === 1 ? "is" : "are"} not used; ` +
    "if they are the right ones, move them one folder up, else delete it";
  return { severity: "warning", file: folder, message };
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

/** Files of a data set's folder that describe it. */
function isDescription(file: string): boolean {
  return ["data.yaml", "classes.txt", ...tagsFileNames].includes(file);
}

/** A sentence about files that are no images by their names. */
export function notImages(files: readonly string[]): string {
  const verb = files.length === 1 ? "is no image" : "are no images";
  return `${counted(files.length, "other file")} ${verb} by the name: ${listNames(files)}`;
}

/** The first few entries of a folder, for a message. */
export async function describeFolder(store: Store, folder: string): Promise<string> {
  const { folders, files } = await store.list(folder);
  const names = [...folders.map((name) => `${name}/`), ...files];
  if (names.length === 0) return "nothing";
  return listNames(names);
}
