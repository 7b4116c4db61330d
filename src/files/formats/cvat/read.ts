import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import { validateClasses, vocClasses, vocPalette } from "../../../method/images/classes.ts";
import { findRegions } from "../../../method/images/regions.ts";
import { UserError } from "../../../user-error.ts";
import { cleanNames } from "../class-names.ts";
import { decodeImage, decodeMask } from "../../../host/node/images/images.ts";
import { ignoredNames } from "../formats.ts";
import type { ArchiveReader } from "../../../host/store.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "../source.ts";

/** Limits of what is unpacked: lists of names, and PNGs. */
const textLimit = 16 * 1024 * 1024;
const pngLimit = 256 * 1024 * 1024;

/** PNGs in colors beyond this many pixels are refused: they unpack to three bytes each and more. */
const pixelLimit = 50_000_000;

/** What the colors of an archive mean. */
interface LabelMapFile {
  readonly classes: readonly string[];
  /** 0xrrggbb to label. */
  readonly byColor: ReadonlyMap<number, number>;
  /** Place in the file to label, for PNGs of indices. */
  readonly byIndex: readonly number[];
}

const classFolder = "SegmentationClass/";

/** CVAT's "Segmentation mask 1.1": PNGs in the colors of `labelmap.txt`, or of their places in it. */
export async function cvatSource(
  path: string,
  archive: ArchiveReader,
  options: SourceOptions,
): Promise<MaskSource> {
  const names = new Set(archive.names);
  const masks = archive.names
    .filter((name) => name.startsWith(classFolder) && /\.png$/i.test(name))
    .map((name) => name.slice(classFolder.length));
  if (masks.length === 0)
    throw new UserError(`${path}: is no "Segmentation mask 1.1": has no PNGs in ${classFolder}`);
  const labels = names.has("labelmap.txt")
    ? parseLabelMap(text(await archive.read("labelmap.txt", textLimit)), `${path}: labelmap.txt`)
    : vocLabelMap();
  if (options.classes && options.classes.length !== labels.classes.length) {
    throw new UserError(
      `${path}: labelmap.txt has ${labels.classes.length} classes, --classes names ${options.classes.length}`,
    );
  }
  const entries = masks.map((file): MaskEntry => {
    const name = file.replace(/\.png$/i, "");
    const image = options.images.get(name);
    const where = `${path}: ${classFolder}${file}`;
    return {
      ...{ name, where, ...(image !== undefined && { image }) },
      read: async () => {
        const map = await readClasses(
          await archive.read(classFolder + file, pngLimit),
          labels,
          where,
        );
        const objects = `SegmentationObject/${file}`;
        if (names.has(objects)) {
          const png = await archive.read(objects, pngLimit);
          await compareObjects(png, map, { ...options, name, where: `${path}: ${objects}` });
        }
        return map;
      },
    };
  });
  const classes = options.classes ?? labels.classes;
  return { format: "cvat", classes, entries, close: () => archive.close() };
}

/** Without a label map the colors are those of VOC's classes. */
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
    const fine =
      channels?.length === 3 && channels.every((v) => Number.isInteger(v) && v >= 0 && v < 256);
    if (channels && !fine) {
      throw new UserError(
        `${where}, line ${number}: "${color}" is no color, expected as in cat:128,0,0::`,
      );
    }
    return { name: cleanNames([name])[0]!, channels, number };
  });
  const isBackground = (name: string): boolean => name.toLowerCase() === "background";
  const classes: string[] = [];
  const byColor = new Map<number, number>();
  const byIndex: number[] = [];
  entries.forEach(({ name, channels, number }, i) => {
    const special = isBackground(name) ? 0 : isIgnored(name, channels) ? ignoreIndex : undefined;
    const label = special ?? classes.push(name);
    byIndex.push(label);
    const [r, g, b] = channels ?? vocPalette[i % 256]!;
    const key = (r! << 16) | (g! << 8) | b!;
    const before = byColor.get(key);
    if (before !== undefined && before !== label) {
      throw new UserError(`${where}, line ${number}: two labels have the color ${r},${g},${b}`);
    }
    byColor.set(key, label);
  });
  validateClasses(classes, where);
  // Black is background, whatever else is.
  if (!byColor.has(0)) byColor.set(0, 0);
  return { classes, byColor, byIndex };
}

/** Our own label for ignored pixels has VOC's color of 255 and one of a few names. */
function isIgnored(name: string, channels: readonly number[] | undefined): boolean {
  const color = channels?.join(",") === vocPalette[ignoreIndex]!.join(",");
  return color && ignoredNames.includes(name);
}

async function readClasses(
  png: Uint8Array,
  { byColor, byIndex }: LabelMapFile,
  where: string,
): Promise<LabelMap> {
  if (!hasColors(png)) {
    const map = decodeMask(png, where);
    const data = map.data.map((index) => byIndex[index] ?? 254);
    const wrong = map.data.find((index) => byIndex[index] === undefined);
    if (wrong === undefined) return { ...map, data };
    throw new UserError(`${where}: has index ${wrong}; labelmap.txt has ${byIndex.length} labels`);
  }
  const { width, height, data } = await decodeColors(png, where);
  const out = new Uint8Array(width * height);
  let [last, label] = [-1, 0];
  for (let i = 0; i < out.length; i++) {
    const key = (data[3 * i]! << 16) | (data[3 * i + 1]! << 8) | data[3 * i + 2]!;
    if (key !== last) {
      const found = byColor.get(key);
      if (found === undefined) {
        const color = `${key >> 16},${(key >> 8) & 255},${key & 255}`;
        throw new UserError(`${where}: has the color ${color}, which labelmap.txt does not name`);
      }
      [last, label] = [key, found];
    }
    out[i] = label;
  }
  return { width, height, data: out };
}

/** Whether the objects of the archive are other than what touches in its classes. */
async function compareObjects(
  png: Uint8Array,
  map: LabelMap,
  { losses, instances, name, where }: SourceOptions & { name: string; where: string },
): Promise<void> {
  const lost = "objects are told apart by what touches, other than before";
  const image = hasColors(png) ? await decodeColors(png, where) : undefined;
  const gray = image ? undefined : decodeMask(png, where);
  const { width, height } = image ?? gray!;
  if (width !== map.width || height !== map.height) {
    losses.add(lost, name);
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
      losses.add(lost, name);
      return;
    }
    seen.add(ids[i]!);
  }
}

/** Palette PNGs are read by their colors too: their indices may be anything. */
function hasColors(png: Uint8Array): boolean {
  return png[25] !== 0;
}

async function decodeColors(
  png: Uint8Array,
  where: string,
): Promise<ReturnType<typeof decodeImage>> {
  const header = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  if (header.length < 33 || header.readUInt32BE(0) !== 0x89504e47) {
    throw new UserError(`${where}: not a PNG`);
  }
  const [width, height] = [header.readUInt32BE(16), header.readUInt32BE(20)];
  if (width * height > pixelLimit) {
    throw new UserError(`${where}: is ${width}x${height}; at most ${pixelLimit} pixels are read`);
  }
  return decodeImage(png, where);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
