import { join, posix } from "node:path";
import { parse as parseCsv } from "csv-parse/sync";
import { validateClasses } from "../../../method/images/classes.ts";
import type { LabelMap } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";
import { isFile, isFolder, listFolder, stem } from "../../../host/node/files/folder.ts";
import { readImageHeader } from "../../../host/node/images/images.ts";
import { sizesFile } from "./write.ts";
import {
  checkSize,
  DrawingWork,
  paintObjects,
  polygonCounts,
  type MaskObject,
} from "../objects.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "../source.ts";
import { readLimited, type DataYaml } from "../text-files.ts";

/** Folders deeper than this are not looked into (links may lead in circles). */
const maxDepth = 8;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where the label files are: `labels/`, or `<split>/labels/`. */
export async function labelFolders(root: string): Promise<readonly string[]> {
  if (await isFolder(join(root, "labels"))) return ["labels"];
  const { folders } = await listFolder(root);
  const found: string[] = [];
  for (const name of folders) {
    if (await isFolder(join(root, name, "labels"))) found.push(posix.join(name, "labels"));
  }
  return found;
}

/** YOLO segmentation labels: a polygon a line. Their shares become pixels by the size of the image. */
export async function yoloSource(
  root: string,
  { names, path }: DataYaml,
  options: SourceOptions,
): Promise<MaskSource> {
  if (!names) throw new UserError(`${path}: has no names`);
  const found = Array.from({ length: names.size }, (_, i) => {
    const name = names.get(i);
    if (name === undefined) throw new UserError(`${path}: names has no entry for ${i}`);
    return name;
  });
  validateClasses(found, path);
  const classes = options.classes ?? found;
  const sizes = await readSizes(join(root, sizesFile));
  const entries: MaskEntry[] = [];
  for (const folder of await labelFolders(root)) {
    // The images of <split>/labels are in <split>/images.
    const prefix = posix.dirname(folder) === "." ? "" : `${posix.dirname(folder)}/`;
    for (const file of await listTexts(join(root, folder))) {
      const name = prefix + stem(file);
      const image = options.images.get(name, stem(file));
      const where = join(root, folder, file);
      entries.push({
        ...{ name, where, ...(image !== undefined && { image }) },
        read: async () => {
          const size = sizes.get(name) ?? (await sizeOf(image, where));
          checkSize(size.width, size.height, where);
          return labelsOf(where, size, { ...options, name, classes });
        },
      });
    }
  }
  return { format: "yolo", classes, entries, close: () => Promise.resolve() };
}

async function sizeOf(image: string | undefined, where: string): Promise<Size> {
  if (image !== undefined) return readImageHeader(image);
  throw new UserError(`${where}: nothing tells the size of its image; give the images by --images`);
}

async function labelsOf(
  path: string,
  size: Size,
  context: SourceOptions & { name: string; classes: readonly string[] },
): Promise<LabelMap> {
  const objects: MaskObject[] = [];
  const work = new DrawingWork(path);
  const { classes } = context;
  for (const [i, line] of (await readLimited(path)).split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const where = `${path}:${i + 1}`;
    const [id, ...shares] = line.trim().split(/\s+/).map(Number);
    if (!Number.isInteger(id) || id! < 0 || id! >= classes.length) {
      throw new UserError(`${where}: class ${id}; data.yaml names ${classes.length} from 0`);
    }
    if (shares.length === 4) {
      throw new UserError(
        `${where}: is a box of a detection label, expected the points of an outline`,
      );
    }
    const points = shares.map((share, k) => share * (k % 2 === 0 ? size.width : size.height));
    objects.push({ label: id! + 1, counts: polygonCounts([points], size, { where, work }) });
  }
  return paintObjects(objects, size, context.name, { ...context, work });
}

async function listTexts(folder: string, depth = 0): Promise<string[]> {
  const { folders, files } = await listFolder(folder);
  const found = files.filter((file) => /\.txt$/i.test(file) && file !== "classes.txt");
  if (depth >= maxDepth) return found;
  for (const name of folders) {
    const inside = await listTexts(join(folder, name), depth + 1);
    found.push(...inside.map((file) => posix.join(name, file)));
  }
  return found;
}

/** The sizes that were written with the labels. */
async function readSizes(path: string): Promise<ReadonlyMap<string, Size>> {
  if (!(await isFile(path))) return new Map();
  let rows: string[][];
  try {
    rows = parseCsv(await readLimited(path), { relaxColumnCount: true });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: not readable as CSV: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return new Map(
    rows
      .slice(1)
      .map(([name = "", width, height]) => [
        name,
        { width: Number(width), height: Number(height) },
      ]),
  );
}
