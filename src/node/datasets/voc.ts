import { join } from "node:path";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { vocClasses } from "../../data/classes.ts";
import { UserError } from "../../user-error.ts";
import { readMask } from "../images.ts";
import type { Description } from "./description.ts";
import { isFile, isFolder, isImageName, listFolder, listImages, mapAtOnce, stem } from "./files.ts";
import type { Entry, Listing, Origin, Problem } from "./listing.ts";
import { describeFolder, findTagsFile } from "./plain.ts";
import { readText, readTagsFile } from "./tags-file.ts";

/** Lists that become splits, the first of each that exists. */
const splitLists: readonly (readonly [split: string, lists: readonly string[]])[] = [
  ["train", ["train_aug", "train"]],
  ["val", ["val"]],
  ["test", ["test"]],
];

/** A tag source: the tags of an image, or why there are none. */
type TagSource = (name: string, listed: Origin) => Promise<readonly string[] | Problem>;

/**
 * A VOC folder: JPEGImages, lists in ImageSets/Segmentation, palette masks in SegmentationClassAug or
 * SegmentationClass. Tags come from Annotations/*.xml, else from the masks, else from a tags file.
 */
export async function listVoc(root: string, description: Description): Promise<Listing> {
  const images = join(root, "JPEGImages");
  const problems: Problem[] = [];
  const onDisk = new Map((await listImages(images)).map((file) => [stem(file), file]));
  const masks = await maskFinder(root);
  const classes = description.classes ?? { names: vocClasses, file: "the VOC classes" };
  const tagsOf = await tagSource(root, description, {
    classes: classes.names,
    masks,
    onDisk,
    problems,
  });

  const listed: { name: string; split: string; origin: Origin }[] = [];
  const splitOf = new Map<string, string>();
  for (const { split, path } of await findLists(root)) {
    (await readText(path)).split(/\r?\n/).forEach((text, i) => {
      const name = listedName(text, onDisk);
      if (name === "") return;
      const origin = { file: path, line: i + 1 };
      const before = splitOf.get(name);
      if (before !== undefined && before !== split) {
        const message = `${name} is in the splits "${before}" and "${split}"; it stays in "${before}"`;
        problems.push({ severity: "warning", ...origin, message });
        return;
      }
      splitOf.set(name, split);
      listed.push({ name, split, origin });
    });
  }

  const entries = await mapAtOnce(
    listed,
    16,
    async ({ name, split, origin }): Promise<Entry | undefined> => {
      const file = onDisk.get(name);
      if (file === undefined) {
        const message = `${name} is not in ${images}; left out`;
        problems.push({ severity: "warning", ...origin, message, leftOut: true });
        return undefined;
      }
      const tags = await tagsOf(name, origin);
      if ("message" in tags) {
        problems.push(tags);
        return undefined;
      }
      const mask = masks(name);
      return {
        ...{ file, path: join(images, file), tags, split, origin },
        ...(mask === undefined ? {} : { mask }),
      };
    },
  );
  return {
    format: "voc",
    entries: entries.filter((entry) => entry !== undefined),
    classes,
    problems,
  };
}

async function findLists(root: string): Promise<{ split: string; path: string }[]> {
  const folder = join(root, "ImageSets", "Segmentation");
  if (!(await isFolder(folder))) {
    throw new UserError(
      `${folder}: no such folder; a VOC folder has its lists train.txt and val.txt there`,
    );
  }
  const found: { split: string; path: string }[] = [];
  for (const [split, lists] of splitLists) {
    for (const list of lists) {
      const path = join(folder, `${list}.txt`);
      if (!(await isFile(path))) continue;
      found.push({ split, path });
      break;
    }
  }
  if (found.length === 0) {
    const holds = await describeFolder(folder);
    throw new UserError(
      `${folder}: no train_aug.txt, train.txt, val.txt or test.txt; it holds ${holds}`,
    );
  }
  return found;
}

/**
 * The name of a listed image. A list has a name a line, or like DeepLab's the paths of image and mask; names
 * may have dots, so that what looks like an ending may be none.
 */
function listedName(text: string, onDisk: ReadonlyMap<string, string>): string {
  const first = text.trim().split(/\s+/)[0]!;
  const whole = first.slice(first.lastIndexOf("/") + 1);
  const bare = stem(whole);
  if (onDisk.has(whole) || bare === "") return whole;
  return onDisk.has(bare) || isImageName(whole) ? bare : whole;
}

async function maskFinder(root: string): Promise<(name: string) => string | undefined> {
  const masks = new Map<string, string>();
  for (const folder of ["SegmentationClass", "SegmentationClassAug"]) {
    const path = join(root, folder);
    if (!(await isFolder(path))) continue;
    for (const file of (await listFolder(path)).files) {
      if (file.endsWith(".png")) masks.set(stem(file), join(path, file));
    }
  }
  return (name) => masks.get(name);
}

async function tagSource(
  root: string,
  description: Description,
  {
    classes,
    masks,
    onDisk,
    problems,
  }: {
    classes: readonly string[];
    masks: (name: string) => string | undefined;
    onDisk: ReadonlyMap<string, string>;
    problems: Problem[];
  },
): Promise<TagSource> {
  const annotations = join(root, "Annotations");
  const tagsPath = await findTagsFile(root, description);
  // A tags file that data.yaml names is meant; one that is merely there comes last.
  if (description.tags === undefined && (await isFolder(annotations))) {
    const fromMasks = tagsFromMasks(classes, masks);
    return async (name, origin) => {
      const path = join(annotations, `${name}.xml`);
      return (await isFile(path)) ? tagsFromXml(path, name) : fromMasks(name, origin);
    };
  }
  if (tagsPath === undefined) return tagsFromMasks(classes, masks);
  const { lines, problems: found } = await readTagsFile(tagsPath);
  problems.push(...found);
  const tags = new Map(lines.map((line) => [listedName(line.file, onDisk), line.tags]));
  return async (name, origin) =>
    tags.get(name) ?? leftOut(origin, `${name} is not in ${tagsPath}, so it has no tags; left out`);
}

function tagsFromMasks(
  classes: readonly string[],
  masks: (name: string) => string | undefined,
): TagSource {
  return async (name, origin) => {
    const path = masks(name);
    if (path === undefined) {
      return leftOut(
        origin,
        `${name} has neither Annotations/${name}.xml nor a mask, so no tags; left out`,
      );
    }
    try {
      const labels = new Set((await readMask(path)).data);
      const wrong = [...labels].find((label) => label > classes.length && label !== 255);
      if (wrong !== undefined) {
        const message = `mask has label ${wrong}, but there are only ${classes.length} classes`;
        return { severity: "error", file: path, message };
      }
      return classes.filter((_, i) => labels.has(i + 1));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { severity: "error", file: path, message: error.message.replace(`${path}: `, "") };
    }
  };
}

function leftOut(origin: Origin, message: string): Problem {
  return { severity: "warning", ...origin, message, leftOut: true };
}

const parser = new XMLParser({ ignoreAttributes: true, processEntities: false });

/** The names of the objects in a VOC annotation. */
async function tagsFromXml(path: string, name: string): Promise<readonly string[] | Problem> {
  const text = await readText(path);
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    const { line, msg } = valid.err;
    const message = `not readable as XML: ${msg} ${name} is left out`;
    return { severity: "warning", file: path, line, message, leftOut: true };
  }
  let annotation: { object?: unknown } | undefined;
  try {
    ({ annotation } = parser.parse(text) as { annotation?: { object?: unknown } });
  } catch (error) {
    // Well-formed, but more than the parser takes: names such as __proto__, or very many nested tags.
    const message = `not readable as XML: ${(error as Error).message}; ${name} is left out`;
    return leftOut({ file: path }, message);
  }
  const objects = annotation?.object ?? [];
  const tags = new Set<string>();
  for (const object of Array.isArray(objects) ? objects : [objects]) {
    const tag = (object as { name?: unknown } | null)?.name;
    if (typeof tag !== "string" && typeof tag !== "number") {
      const message = `an object has no name; ${name} is left out`;
      return { severity: "warning", file: path, message, leftOut: true };
    }
    tags.add(String(tag).normalize("NFC").trim());
  }
  return [...tags];
}
