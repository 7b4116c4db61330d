import { ignoreIndex, type LabelMap, type Image } from "../../../method/images/image.ts";
import {
  guessedBackground,
  isBackground,
  validateClasses,
  vocClasses,
  vocPalette,
} from "../../../method/images/classes.ts";
import { findRegions } from "../../../method/images/regions.ts";
import { UserError } from "../../../user-error.ts";
import { chooseClasses } from "../chosen-classes.ts";
import { cleanNames } from "../class-names.ts";
import type { ImageCodec } from "../../../host/codec.ts";
import { ignoredNames } from "../formats.ts";
import type { ArchiveReader } from "../../../host/store.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "../source.ts";

/** Most bytes of an unpacked list of names and of an unpacked PNG. */
const textLimit = 16 * 1024 * 1024;
const pngLimit = 256 * 1024 * 1024;

/** Most pixels of a PNG in colors, each of which takes at least three bytes in memory. */
const pixelLimit = 50_000_000;

/** The meaning of the colors of an archive. */
interface LabelMapFile {
  readonly classes: readonly string[];
  /** Label of each color 0xrrggbb. */
  readonly byColor: ReadonlyMap<number, number>;
  /** Label of each line, for PNGs whose values are line numbers from 0. */
  readonly byIndex: readonly number[];
  /** How names were understood where that is a guess, one sentence each. */
  readonly notes: readonly string[];
}

const classFolder = "SegmentationClass/";

/** CVAT's "Segmentation mask 1.1": PNGs in the colors of `labelmap.txt`, or of the numbers of its lines. */
export async function cvatSource(
  codec: ImageCodec,
  path: string,
  whole: ArchiveReader,
  options: SourceOptions,
): Promise<MaskSource> {
  const archive = withoutOuterFolder(whole);
  const names = new Set(archive.names);
  const masks = archive.names
    .filter((name) => name.startsWith(classFolder) && /\.png$/i.test(name))
    .map((name) => name.slice(classFolder.length));
  if (masks.length === 0) {
    throw new UserError(
      `${path}: not in CVAT's format "Segmentation mask 1.1": has no PNGs in ${classFolder}`,
    );
  }
  const labels = names.has("labelmap.txt")
    ? parseLabelMap(text(await archive.read("labelmap.txt", textLimit)), `${path}: labelmap.txt`)
    : vocLabelMap();
  const chosen = chooseClasses(labels.classes, options, `${path}: labelmap.txt`)!;
  for (const note of labels.notes) options.tell?.(`${path}: labelmap.txt: ${note}`);
  const entries = masks.map((file): MaskEntry => {
    const name = file.replace(/\.png$/i, "");
    const image = options.images.get(name);
    const where = `${path}: ${classFolder}${file}`;
    return {
      name,
      where,
      ...(image !== undefined && { image }),
      read: async () => {
        const classPng = await archive.read(classFolder + file, pngLimit);
        const map = await readClasses(codec, classPng, labels, where);
        const objects = `SegmentationObject/${file}`;
        if (names.has(objects)) {
          const png = await archive.read(objects, pngLimit);
          await compareObjects(codec, png, map, { ...options, name, where: `${path}: ${objects}` });
        }
        const data = map.data.map((v) => (v === ignoreIndex ? v : (chosen.labels[v] ?? v)));
        return { ...map, data };
      },
    };
  });
  return { format: "cvat", classes: chosen.classes, entries, close: () => archive.close() };
}

/** An archive whose names begin within the one folder that holds everything, as when that was zipped. */
function withoutOuterFolder(archive: ArchiveReader): ArchiveReader {
  const [outer] = archive.names.flatMap((name) => {
    const [folder, inner] = name.split("/");
    return `${inner}/` === classFolder ? [`${folder}/`] : [];
  });
  if (outer === undefined || archive.names.some((name) => name.startsWith(classFolder))) {
    return archive;
  }
  return {
    names: archive.names
      .filter((name) => name.startsWith(outer))
      .map((name) => name.slice(outer.length)),
    read: (name, limit) => archive.read(outer + name, limit),
    close: () => archive.close(),
  };
}

/** The label map of archives that have none: VOC's classes in their colors. */
function vocLabelMap(): LabelMapFile {
  const lines = ["background", ...vocClasses].map(
    (name, i) => `${name}:${vocPalette[i]!.join(",")}::`,
  );
  return parseLabelMap(lines.join("\n"), "VOC");
}

function parseLabelMap(content: string, where: string): LabelMapFile {
  const lines = content
    .split(/\r?\n/)
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== "" && !line.startsWith("#"));
  const entries = lines.map(({ line, number }) => {
    const [name = "", color = ""] = line.split(":");
    const channels = color === "" ? undefined : color.split(",").map(Number);
    const isColor =
      channels?.length === 3 && channels.every((v) => Number.isInteger(v) && v >= 0 && v < 256);
    if (channels && !isColor) {
      throw new UserError(
        `${where}, line ${number}: "${color}" is not a color; expected three numbers from 0 to 255, as in cat:128,0,0::`,
      );
    }
    return { name: cleanNames([name])[0]!, channels, number };
  });
  const guess = guessedBackground(entries.map(({ name }) => name));
  const notes = guess === undefined ? [] : [guess];
  // A class may be called "ignored" where the ignored pixels have another name, which tag2mask then gives them.
  const hasOwnIgnored = entries.some(({ name, channels }) => isIgnored(name, channels));
  const classes: string[] = [];
  const byColor = new Map<number, number>();
  const byIndex: number[] = [];
  entries.forEach(({ name, channels, number }, i) => {
    const isForeignIgnored = !hasOwnIgnored && name.toLowerCase() === ignoredNames[0];
    if (isForeignIgnored) notes.push(`the label "${name}" is taken for ignored pixels (255)`);
    const ignored = isForeignIgnored || isIgnored(name, channels);
    const special = isBackground(name, i) ? 0 : ignored ? ignoreIndex : undefined;
    const label = special ?? classes.push(name);
    byIndex.push(label);
    const [r, g, b] = channels ?? vocPalette[i % 256]!;
    const key = (r! << 16) | (g! << 8) | b!;
    const other = byColor.get(key);
    if (other !== undefined && other !== label) {
      throw new UserError(
        `${where}, line ${number}: two labels have the color ${r},${g},${b}; each needs its own`,
      );
    }
    byColor.set(key, label);
  });
  validateClasses(classes, where);
  // Black is background unless a line gives it to another label.
  if (!byColor.has(0)) byColor.set(0, 0);
  return { classes, byColor, byIndex, notes };
}

/** Whether a label is the one that tag2mask writes for ignored pixels, by its color (VOC's 255) and name. */
function isIgnored(name: string, channels: readonly number[] | undefined): boolean {
  const hasIgnoredColor = channels?.join(",") === vocPalette[ignoreIndex]!.join(",");
  return hasIgnoredColor && ignoredNames.includes(name);
}

async function readClasses(
  codec: ImageCodec,
  png: Uint8Array,
  { byColor, byIndex }: LabelMapFile,
  where: string,
): Promise<LabelMap> {
  if (!hasColors(png)) {
    const map = await codec.decodeLabels({ bytes: png, name: where });
    // Gray values that are the number of no line are colors: white of a class that is white in the label map.
    const labelOf = (v: number): number | undefined =>
      byIndex[v] ?? byColor.get((v << 16) | (v << 8) | v);
    const byValue = Array.from({ length: 256 }, (_, value) => labelOf(value));
    const data = map.data.map((value) => byValue[value] ?? 254);
    const unknown = map.data.find((value) => byValue[value] === undefined);
    if (unknown === undefined) return { ...map, data };
    throw new UserError(
      `${where}: has index ${unknown}; labelmap.txt has ${byIndex.length} labels, none in the color ${unknown},${unknown},${unknown}`,
    );
  }
  const { width, height, data } = await decodeColors(codec, png, where);
  const out = new Uint8Array(width * height);
  let [lastColor, label] = [-1, 0];
  for (let i = 0; i < out.length; i++) {
    const key = (data[3 * i]! << 16) | (data[3 * i + 1]! << 8) | data[3 * i + 2]!;
    if (key !== lastColor) {
      const colorLabel = byColor.get(key);
      if (colorLabel === undefined) {
        const color = `${key >> 16},${(key >> 8) & 255},${key & 255}`;
        throw new UserError(`${where}: has the color ${color}, which labelmap.txt does not name`);
      }
      [lastColor, label] = [key, colorLabel];
    }
    out[i] = label;
  }
  return { width, height, data: out };
}

/** Reports a loss if the objects of the archive are not the touching pixels of a class. */
async function compareObjects(
  codec: ImageCodec,
  png: Uint8Array,
  map: LabelMap,
  { losses, instances, name, where }: SourceOptions & { name: string; where: string },
): Promise<void> {
  const loss = "objects are regions of touching pixels, not the original objects";
  const image = hasColors(png) ? await decodeColors(codec, png, where) : undefined;
  const gray = image ? undefined : await codec.decodeLabels({ bytes: png, name: where });
  const { width, height } = image ?? gray!;
  if (width !== map.width || height !== map.height) {
    losses.add(loss, name);
    return;
  }
  const { ids } = findRegions(map, instances);
  const objects = new Map<number, number>();
  const seen = new Set<number>();
  for (let i = 0; i < ids.length; i++) {
    if (ids[i]! < 0 || map.data[i] === ignoreIndex) continue;
    const key = gray
      ? gray.data[i]!
      : (image!.data[3 * i]! << 16) | (image!.data[3 * i + 1]! << 8) | image!.data[3 * i + 2]!;
    const region = objects.get(key);
    if (region === undefined) objects.set(key, ids[i]!);
    if ((region === undefined && seen.has(ids[i]!)) || (region ?? ids[i]) !== ids[i]) {
      losses.add(loss, name);
      return;
    }
    seen.add(ids[i]!);
  }
}

/** Whether a PNG is in RGB or has a palette, whose colors count and not its indices. */
function hasColors(png: Uint8Array): boolean {
  return png[25] !== 0;
}

async function decodeColors(codec: ImageCodec, png: Uint8Array, where: string): Promise<Image> {
  const header = new DataView(png.buffer, png.byteOffset, png.byteLength);
  if (png.length < 33 || header.getUint32(0) !== 0x89504e47) {
    throw new UserError(`${where}: not a PNG`);
  }
  const [width, height] = [header.getUint32(16), header.getUint32(20)];
  if (width * height > pixelLimit) {
    throw new UserError(`${where}: is ${width}x${height}; at most ${pixelLimit} pixels are read`);
  }
  return codec.decode({ bytes: png, name: where });
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
