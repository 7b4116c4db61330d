import { join, relative } from "node:path";
import { UserError } from "../../user-error.ts";
import { leavesFolder, type Description } from "./description.ts";
import { isFile, isFolder, listFolder, listImages, stem } from "./files.ts";
import type { Entry, Listing, Problem, TagLine } from "./listing.ts";
import { readTagsFile, tagsFileNames } from "./tags-file.ts";

/** The tags file of a data set folder, if it has one. */
export async function findTagsFile(
  root: string,
  description: Description,
): Promise<string | undefined> {
  if (description.tags !== undefined) return join(root, description.tags);
  for (const name of tagsFileNames) {
    if (await isFile(join(root, name))) return join(root, name);
  }
  return undefined;
}

/** The plain layout: `images/`, a tags file, perhaps `masks/` with PNGs of the same names. */
export async function listPlain(
  root: string,
  description: Description,
  tagsPath: string,
): Promise<Listing> {
  const imagesDefault = (await isFolder(join(root, "images"))) ? "images" : ".";
  const images = join(root, description.images ?? imagesDefault);
  if (!(await isFolder(images)))
    throw new UserError(`${images}: no such folder; images belong there`);
  const { lines, problems: lineProblems } = await readTagsFile(
    tagsPath,
    description.classes?.names,
  );
  const problems: Problem[] = [...lineProblems];
  const masks = await findMasks(root, description);
  const masksInside = `${relative(images, join(root, description.masks ?? "masks"))}/`;
  const onDisk = (await listImages(images)).filter((file) => !file.startsWith(masksInside));

  const find = fileFinder(onDisk);
  const listed = new Set<string>();
  const entries: Entry[] = [];
  for (const line of lines) {
    const origin = { file: tagsPath, line: line.line };
    const found = locate(line, find);
    if ("message" in found) {
      problems.push({ ...origin, ...found });
      continue;
    }
    if (found.warning) problems.push({ severity: "warning", ...origin, message: found.warning });
    listed.add(found.file);
    const mask = masks.get(stem(found.file));
    entries.push({
      file: found.file,
      path: join(images, found.file),
      tags: line.tags,
      origin,
      ...(line.split === undefined ? {} : { split: line.split }),
      ...(mask === undefined ? {} : { mask }),
    });
  }
  for (const file of onDisk) {
    if (!listed.has(file)) {
      const message = `not in ${relative(root, tagsPath)}, so it is not used`;
      problems.push({ severity: "warning", file: join(images, file), message });
    }
  }
  const stems = new Set(onDisk.map(stem));
  for (const [name, file] of masks) {
    if (!stems.has(name)) problems.push({ severity: "warning", file, message: "has no image" });
  }
  return {
    format: "plain",
    entries: applySplits(entries, description, problems),
    problems,
    ...(description.classes ? { classes: description.classes } : {}),
  };
}

/** Mask PNGs by the stem of the image they belong to; empty if there is no masks folder. */
export async function findMasks(
  root: string,
  description: Description,
): Promise<Map<string, string>> {
  const folder = join(root, description.masks ?? "masks");
  const masks = new Map<string, string>();
  if (await isFolder(folder)) {
    for (const file of await listImages(folder)) masks.set(stem(file), join(folder, file));
  } else if (description.masks !== undefined) {
    throw new UserError(`${folder}: no such folder; data.yaml says that masks are there`);
  }
  return masks;
}

/** Puts entries into the splits that data.yaml names them in. */
export function applySplits(
  entries: readonly Entry[],
  { splits }: Description,
  problems: Problem[],
): readonly Entry[] {
  if (!splits) return entries;
  const splitOf = new Map<string, string>();
  const known = new Set(entries.flatMap(({ file }) => [file, stem(file)]));
  for (const [split, { files, from }] of Object.entries(splits)) {
    files.forEach((file) => {
      const before = splitOf.get(file);
      if (before !== undefined && before !== split) {
        const message = `${file} is in the splits "${before}" and "${split}"; it can be in one only`;
        problems.push({ severity: "error", file: from, message });
      }
      splitOf.set(file, split);
      if (!known.has(file)) {
        const message = `split "${split}" names ${file}, which has no tags or is not there`;
        problems.push({ severity: "warning", file: from, message });
      }
    });
  }
  return entries.map((entry) => {
    const split = splitOf.get(entry.file) ?? splitOf.get(stem(entry.file)) ?? entry.split;
    return split === undefined ? entry : { ...entry, split };
  });
}

type Finder = (file: string) => string | undefined;

/** Finds a listed name among the files on disk: as it is, in other letter case, or without ending. */
function fileFinder(onDisk: readonly string[]): Finder {
  const exact = new Set(onDisk);
  const folded = new Map<string, string>();
  for (const file of [...onDisk].reverse()) {
    folded.set(stem(file).toLowerCase(), file);
  }
  for (const file of [...onDisk].reverse()) folded.set(file.toLowerCase(), file);
  return (file) => (exact.has(file) ? file : folded.get(file.toLowerCase()));
}

function locate(
  { file: listed }: TagLine,
  find: Finder,
): { file: string; warning?: string } | Pick<Problem, "severity" | "message" | "leftOut"> {
  if (leavesFolder(listed)) {
    return { severity: "error", message: `${listed} leads out of the image folder` };
  }
  const bare = listed.replace(/^\.\//, "");
  const found = find(bare) ?? (bare.startsWith("images/") ? find(bare.slice(7)) : undefined);
  if (found === undefined) {
    return { severity: "warning", leftOut: true, message: `${listed} is not there; left out` };
  }
  const same = found === bare || stem(found) === bare || `images/${found}` === bare;
  return same ? { file: found } : { file: found, warning: `${listed} is taken to be ${found}` };
}

/** What is in a folder, for a message: its first few entries. */
export async function describeFolder(folder: string): Promise<string> {
  const { folders, files } = await listFolder(folder);
  const names = [...folders.map((name) => `${name}/`), ...files];
  if (names.length === 0) return "nothing";
  return names.slice(0, 6).join(", ") + (names.length > 6 ? ` and ${names.length - 6} more` : "");
}
