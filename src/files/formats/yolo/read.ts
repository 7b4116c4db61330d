import {
  guessedBackground,
  isBackground,
  validateClasses,
} from "../../../method/images/classes.ts";
import type { LabelMap } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";
import { chooseClasses } from "../chosen-classes.ts";
import type { ImageCodec } from "../../../host/codec.ts";
import type { FileHost } from "../../../host/host.ts";
import type { Store } from "../../../host/store.ts";
import { CsvError, parseCsv } from "../../text/csv.ts";
import { stem, dirname, join } from "../../text/path.ts";
import { sizesFile } from "./write.ts";
import { paintObjects, polygonCounts, type MaskObject } from "../paint-objects.ts";
import { checkSize, DrawingWork } from "../drawing-limits.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "../source.ts";
import { readLimited, type DataYaml } from "../text-files.ts";

/** Deepest level of subfolders that is read (links may lead in circles). */
const maxDepth = 8;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Folders of the label files: `labels/`, or `<split>/labels/` for each split. */
export async function labelFolders(store: Store, root: string): Promise<readonly string[]> {
  const isFolder = async (path: string): Promise<boolean> =>
    (await store.stat(join(root, path)))?.kind === "folder";
  if (await isFolder("labels")) return ["labels"];
  const { folders } = await store.list(root);
  const labels: string[] = [];
  for (const name of folders) {
    if (await isFolder(join(name, "labels"))) labels.push(join(name, "labels"));
  }
  return labels;
}

/** YOLO segmentation labels: a polygon on each line, its points as fractions of the image's width and height. */
export async function yoloSource(
  { store, codec }: FileHost,
  root: string,
  { names, path }: DataYaml,
  options: SourceOptions,
): Promise<MaskSource> {
  if (!names) throw new UserError(`${path}: has no "names" of classes`);
  const ownClasses = Array.from({ length: names.size }, (_, i) => {
    const name = names.get(i);
    if (name === undefined) throw new UserError(`${path}: names has no entry for ${i}`);
    return name;
  });
  const foreground = ownClasses.filter((name, id) => !isBackground(name, id));
  validateClasses(foreground, path);
  const guess = guessedBackground(ownClasses);
  if (guess !== undefined) options.tell?.(`${path}: ${guess}`);
  const { classes, labels } = chooseClasses(foreground, options, path)!;
  // The label of each class id; objects of the background are not drawn.
  let own = 0;
  const byId = ownClasses.map((name, id) => (isBackground(name, id) ? 0 : labels[++own]!));
  const sizes = await readSizes(store, join(root, sizesFile));
  const entries: MaskEntry[] = [];
  for (const folder of await labelFolders(store, root)) {
    // The images of <split>/labels are in <split>/images.
    const prefix = dirname(folder) === "." ? "" : `${dirname(folder)}/`;
    for (const file of await listTexts(store, join(root, folder))) {
      const name = prefix + stem(file);
      const image = options.images.get(name, stem(file));
      const where = join(root, folder, file);
      entries.push({
        name,
        where,
        ...(image !== undefined && { image }),
        read: async () => {
          const size = sizes.get(name) ?? (await sizeOf(codec, image, where));
          checkSize(size.width, size.height, where);
          const text = await readLimited(store, where);
          return paintOutlines(text, size, { ...options, name, where, byId });
        },
      });
    }
  }
  return { format: "yolo", classes, entries, close: () => Promise.resolve() };
}

async function sizeOf(codec: ImageCodec, image: string | undefined, where: string): Promise<Size> {
  if (image !== undefined) return codec.header(image);
  throw new UserError(
    `${where}: the size of its image is unknown: neither the image nor ${sizesFile} was found`,
    { code: "unknown-size", remedies: [{ kind: "option", name: "images" }] },
  );
}

function paintOutlines(
  text: string,
  size: Size,
  context: SourceOptions & { name: string; where: string; byId: readonly number[] },
): LabelMap {
  const objects: MaskObject[] = [];
  const work = new DrawingWork(context.where);
  const { byId } = context;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "") continue;
    const where = `${context.where}:${i + 1}`;
    const [id, ...fractions] = line.trim().split(/\s+/).map(Number);
    if (!Number.isInteger(id) || id! < 0 || id! >= byId.length) {
      throw new UserError(
        `${where}: class ${id}; expected 0 to ${byId.length - 1}, as there are ${byId.length} class names`,
      );
    }
    if (fractions.length === 4) {
      throw new UserError(
        `${where}: is the box of a detection label; expected the points of an outline`,
      );
    }
    const points = fractions.map((part, k) => part * (k % 2 === 0 ? size.width : size.height));
    if (byId[id!] === 0) continue;
    objects.push({ label: byId[id!]!, counts: polygonCounts([points], size, { where, work }) });
  }
  return paintObjects(objects, size, context.name, { ...context, work });
}

async function listTexts(store: Store, folder: string, depth = 0): Promise<string[]> {
  const { folders, files } = await store.list(folder);
  const texts = files.filter((file) => /\.txt$/i.test(file) && file !== "classes.txt");
  if (depth >= maxDepth) return texts;
  for (const name of folders) {
    const inside = await listTexts(store, join(folder, name), depth + 1);
    texts.push(...inside.map((file) => join(name, file)));
  }
  return texts;
}

/** Image sizes by name, from the file that tag2mask writes next to the labels. */
async function readSizes(store: Store, path: string): Promise<ReadonlyMap<string, Size>> {
  if ((await store.stat(path))?.kind !== "file") return new Map();
  const text = await readLimited(store, path);
  let rows: string[][];
  try {
    rows = parseCsv(text);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { line, message } = error;
    throw new UserError(`${path}:${line}: not readable as CSV: ${message}`, { cause: error });
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
