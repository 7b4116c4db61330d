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
import { listNames } from "../../text/list-names.ts";
import { join } from "../../text/path.ts";
import { counted } from "../../text/units.ts";
import { namesOfIds } from "../source-classes.ts";
import { listLabels } from "./label-files.ts";
import { sizesFile } from "./write.ts";
import { paintObjects, polygonCounts, type MaskObject } from "../paint-objects.ts";
import { checkSize, DrawingWork } from "../drawing-limits.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "../source.ts";
import { readLimited, type DataYaml, type Names } from "../text-files.ts";

/** Largest share by which a coordinate may lie outside of the image; larger ones are in another unit. */
const mostOutside = 0.5;

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * YOLO segmentation labels: a polygon on each line, its points as fractions of the image's width and height. Lines of four
 * numbers are the boxes of detection labels.
 * @param description the data.yaml, or the path of a folder without one
 */
export async function yoloSource(
  host: FileHost,
  root: string,
  { names, path }: DataYaml,
  options: SourceOptions,
): Promise<MaskSource> {
  const { store, codec } = host;
  const own = await namesOf(store, root, names, path, options);
  if (own) {
    validateClasses(
      own.names.filter((name, id) => !isBackground(name, id)),
      own.path,
    );
    const guess = guessedBackground(own.names);
    if (guess !== undefined) options.tell?.(`${own.path}: ${guess}`);
    else if (isBackground(own.names[0] ?? "")) {
      options.tell?.(`${own.path}: class id 0 is the background, "${own.names[0]}"`);
    }
  }
  const chosen = chooseClasses(
    own?.names.filter((name, id) => !isBackground(name, id)),
    options,
    own?.path ?? path,
  );
  if (!chosen) {
    throw new UserError(
      `${path}: has no "names" of classes, and there is no classes.txt with them`,
      {
        code: "unnamed-classes",
        remedies: [{ kind: "option", name: "classes", value: "cat,dog,..." }],
      },
    );
  }
  const { classes } = chosen;
  // The label of each class id; objects of the background are not drawn.
  let foreground = 0;
  const byId = (own?.names ?? classes).map((name, id) =>
    isBackground(name, id) ? 0 : chosen.labels[++foreground]!,
  );
  const sizes = await readSizes(store, join(root, sizesFile));
  const entries: MaskEntry[] = [];
  const { labels, unlabeled } = await listLabels(store, root, options.images);
  if (unlabeled.length > 0) {
    const [verb, it] = unlabeled.length === 1 ? ["has", "it shows"] : ["have", "they show"];
    options.tell?.(
      `${root}: ${counted(unlabeled.length, "image")} ${verb} no label file, so what ${it} is not known; left out: ${listNames(unlabeled)}`,
    );
  }
  for (const label of labels) {
    const { name, where, image } = label;
    entries.push({
      name,
      where,
      ...(image !== undefined && { image }),
      read: async () => {
        const size = sizes.get(label.id) ?? (await sizeOf(codec, image, where));
        checkSize(size.width, size.height, where);
        const text = await readLimited(store, where);
        return paintOutlines(text, size, { ...options, name, where, byId });
      },
    });
  }
  return { format: "yolo", classes, entries, close: () => Promise.resolve() };
}

/** The names of the class ids and where they stand: those of data.yaml, or of a list beside it, or else those passed in. */
async function namesOf(
  store: Store,
  root: string,
  names: Names | undefined,
  path: string,
  { classes, namesBackground }: SourceOptions,
): Promise<{ readonly names: readonly string[]; readonly path: string } | undefined> {
  if (names) return { names: namesInOrder(names, path), path };
  const beside = await namesOfIds(store, root);
  if (beside || !classes || !namesBackground) return beside;
  return { names: ["background", ...classes], path: "class names" };
}

function namesInOrder(names: Names, path: string): string[] {
  const classes = Array.from({ length: names.size }, (_, i) => {
    const name = names.get(i);
    if (name === undefined) throw new UserError(`${path}: names has no entry for ${i}`);
    return name;
  });
  return classes;
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
    checkShares(fractions, where);
    const isBox = fractions.length === 4;
    const outline = isBox ? cornersOf(fractions) : fractions;
    const points = outline.map((part, k) => part * (k % 2 === 0 ? size.width : size.height));
    const counts = polygonCounts([points], size, { where, work });
    objects.push({ label: byId[id!]!, counts, ...(isBox && { isBox }) });
  }
  context.losses.read(context.name, objects.length);
  return paintObjects(objects, size, context.name, { ...context, work });
}

/** Throws a UserError for coordinates far outside of the image; those a little outside are cut at its edge. */
function checkShares(fractions: readonly number[], where: string): void {
  const far = fractions.find((part) => part < -mostOutside || part > 1 + mostOutside);
  if (far === undefined) return;
  throw new UserError(
    `${where}: has the coordinate ${far}; expected shares of the image's width and height from 0 to 1, and these look like pixels: divide them by the width and height`,
  );
}

/** Corners of a box of its center, width and height. */
function cornersOf([x, y, w, h]: readonly number[]): number[] {
  const [left, right] = [x! - w! / 2, x! + w! / 2];
  const [top, bottom] = [y! - h! / 2, y! + h! / 2];
  return [left, top, right, top, right, bottom, left, bottom];
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
