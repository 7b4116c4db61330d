import { ellipseCounts } from "../../../method/images/ellipse.ts";
import {
  guessedBackground,
  isBackground,
  validateClasses,
} from "../../../method/images/classes.ts";
import { rleCounts } from "../../../method/images/run-lengths.ts";
import { checkMaskSize } from "../../../method/data/known-mask.ts";
import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import { excerpt, UserError } from "../../../user-error.ts";
import type { FileHost } from "../../../host/host.ts";
import { matchByEnd } from "../../text/match-by-end.ts";
import { stem } from "../../text/path.ts";
import { elementsIn, readXml, textOf, type XmlElement } from "../../text/xml.ts";
import { counted } from "../../text/units.ts";
import { chooseClasses } from "../chosen-classes.ts";
import { cleanNames } from "../class-names.ts";
import { imagePlaces } from "../coco/file-names.ts";
import { checkSize, DrawingWork } from "../drawing-limits.ts";
import { ignoredNames } from "../formats.ts";
import { paintObjects, polygonCounts, type MaskObject } from "../paint-objects.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "../source.ts";
import { readLimited } from "../text-files.ts";
import { unannotatedMask } from "../unannotated.ts";

/** Most bytes of an annotations.xml. */
const xmlLimit = 256 * 1024 * 1024;

const shapeKinds = ["polygon", "box", "mask", "ellipse"] as const;
const others = ["polyline", "points", "cuboid", "skeleton", "tag"] as const;

/** Whether a text is the beginning of CVAT's XML. */
export function isCvatXml(text: string): boolean {
  return /<annotations>/.test(text.slice(0, 4096));
}

/** CVAT's "CVAT for images 1.1": polygons, boxes, masks and ellipses in an XML file. */
export async function cvatXmlSource(
  { store, codec }: FileHost,
  path: string,
  options: SourceOptions,
): Promise<MaskSource> {
  const root = parse(await readLimited(store, path, xmlLimit), path);
  const images = elementsIn(root, "image");
  if (images.length === 0) {
    const isVideo = elementsIn(root, "track").length > 0;
    throw new UserError(
      isVideo
        ? `${path}: is "CVAT for video 1.1", whose tracks are not read; export the task as "CVAT for images 1.1" or "Segmentation mask 1.1"`
        : `${path}: has no images; expected "CVAT for images 1.1"`,
    );
  }
  const own = labelsOf(root, images);
  const guess = guessedBackground(own);
  if (guess !== undefined) options.tell?.(`${path}: ${guess}`);
  const classes = own.filter((name, i) => !isBackground(name, i) && !isIgnored(name));
  validateClasses(classes, path);
  const ignored = own.find(isIgnored);
  if (ignored !== undefined) {
    options.tell?.(`${path}: the label "${ignored}" is taken for ignored pixels (255)`);
  }
  const chosen = chooseClasses(classes, options, path)!;
  let foreground = 0;
  const labels = new Map(
    own.map((name, i) => [
      name,
      isBackground(name, i) ? 0 : isIgnored(name) ? ignoreIndex : chosen.labels[++foreground]!,
    ]),
  );
  const { places } = imagePlaces(
    images.map((image) => valueOf(image, "name").replaceAll("\\", "/").normalize("NFC")),
  );
  const { images: known } = options;
  const files = matchByEnd(
    places,
    (name) => known.get(name, stem(name)),
    (name) => known.inside(name),
  );
  const entries = images.map((image, i): MaskEntry => {
    const [fileName, file] = [places[i]!, files[i]];
    const name = stem(fileName);
    const where = `${path}: ${excerpt(fileName)}`;
    return {
      name,
      fileName,
      where,
      ...(file !== undefined && { image: file }),
      read: async () => {
        const { width, height } = image.attributes;
        const size = { width: Number(width), height: Number(height) };
        checkSize(size.width, size.height, where);
        if (file !== undefined) checkMaskSize(size, where, await codec.header(file), file);
        return paintImage(image, size, { ...options, name, where, labels });
      },
    };
  });
  return { format: "cvat", classes: chosen.classes, entries, close: () => Promise.resolve() };
}

function parse(text: string, path: string): XmlElement {
  const root = readXml(text);
  if ("message" in root) {
    throw new UserError(`${path}:${root.line}: not readable as XML: ${root.message}`);
  }
  if (root.name === "annotations") return root;
  throw new UserError(`${path}: has no <annotations>; expected "CVAT for images 1.1"`);
}

function valueOf({ attributes }: XmlElement, name: string): string {
  return String(attributes[name]).trim();
}

/** The labels of the task in its order, or else those of the shapes, sorted. */
function labelsOf(root: XmlElement, images: readonly XmlElement[]): string[] {
  const metas = elementsIn(root, "meta");
  // The task or job that was exported, or the task alone.
  for (const part of [...metas.flatMap((meta) => elementsIn(meta)), ...metas]) {
    const labels = elementsIn(part, "labels").flatMap((list) => elementsIn(list, "label"));
    const names = labels.flatMap((label) =>
      elementsIn(label, "name").map((name) => textOf(name) ?? ""),
    );
    if (names.length > 0) return cleanNames(names);
  }
  const used = images.flatMap((image) =>
    [...shapeKinds, ...others].flatMap((kind) =>
      elementsIn(image, kind).map((shape) => valueOf(shape, "label")),
    ),
  );
  return [...new Set(cleanNames(used))].sort();
}

function isIgnored(name: string): boolean {
  return name.toLowerCase() === ignoredNames[0];
}

function paintImage(
  image: XmlElement,
  size: { readonly width: number; readonly height: number },
  context: SourceOptions & { name: string; where: string; labels: ReadonlyMap<string, number> },
): LabelMap {
  const { name, where, labels, losses } = context;
  const work = new DrawingWork(where);
  const objects: MaskObject[] = [];
  for (const kind of shapeKinds) {
    for (const [i, shape] of elementsIn(image, kind).entries()) {
      const place = { where: `${where}: ${kind} ${i + 1}`, work };
      const [labelName] = cleanNames([valueOf(shape, "label")]) as [string];
      const label = labels.get(labelName);
      if (label === undefined) {
        throw new UserError(
          `${place.where}: its label "${labelName}" is not among those of the task`,
        );
      }
      const counts = countsOf(kind, shape, size, place);
      if (!counts) {
        losses.read(name, 1);
        losses.add("polygons of fewer than three points, which enclose nothing", name, 1);
        continue;
      }
      const isBox = kind === "box" && label !== 0 && label !== ignoreIndex;
      objects.push({ label, counts, ...(isBox && { isBox }) });
    }
  }
  const bare = others.reduce((sum, kind) => sum + elementsIn(image, kind).length, 0);
  losses.read(name, objects.length + bare);
  if (bare > 0 && objects.length === 0) {
    throw new UserError(
      `${where}: has ${counted(bare, "annotation")} without an area (lines, points, tags), so its mask is not known`,
    );
  }
  if (bare > 0) losses.add("annotations without an area (lines, points, tags)", name, bare);
  if (objects.length === 0) {
    const mask = unannotatedMask(size, name, where, context);
    if (mask) return mask;
  }
  return paintObjects(objects, size, name, { ...context, work });
}

function countsOf(
  kind: (typeof shapeKinds)[number],
  shape: XmlElement,
  size: { readonly width: number; readonly height: number },
  context: { where: string; work: DrawingWork },
): number[] | undefined {
  const number = (key: string, otherwise?: number): number => {
    const text = shape.attributes[key];
    const value = text === undefined ? otherwise : Number(text);
    if (value !== undefined && Number.isFinite(value)) return value;
    throw new UserError(`${context.where}: its "${key}" is ${String(text)}, not a number`);
  };
  switch (kind) {
    case "polygon": {
      const points = valueOf(shape, "points").split(/[;,]/).map(Number);
      if (points.some((value) => !Number.isFinite(value)) || points.length % 2 === 1) {
        throw new UserError(`${context.where}: its points are not pairs of numbers, as in 1,2;3,4`);
      }
      return points.length < 6 ? undefined : polygonCounts([points], size, context);
    }
    case "box": {
      const [left, top, right, bottom] = ["xtl", "ytl", "xbr", "ybr"].map((key) => number(key)) as [number, number, number, number]; // prettier-ignore
      const [x, y] = [(left + right) / 2, (top + bottom) / 2];
      const angle = (number("rotation", 0) * Math.PI) / 180;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const corners = [[left, top], [right, top], [right, bottom], [left, bottom]] as const; // prettier-ignore
      const turned = corners.flatMap(([a, b]) => [
        x + (a - x) * cos - (b - y) * sin,
        y + (a - x) * sin + (b - y) * cos,
      ]);
      return polygonCounts([turned], size, context);
    }
    case "ellipse": {
      context.work.spend(size.width * size.height);
      const [x, y, radiusX, radiusY] = ["cx", "cy", "rx", "ry"].map((key) => number(key)) as [number, number, number, number]; // prettier-ignore
      return ellipseCounts({ x, y, radiusX, radiusY, rotation: number("rotation", 0) }, size);
    }
    case "mask": {
      const [left, top, width, height] = ["left", "top", "width", "height"].map((key) => number(key)) as [number, number, number, number]; // prettier-ignore
      checkSize(width, height, context.where);
      context.work.spend(width * height + size.width * size.height);
      const runs = valueOf(shape, "rle").split(",").map(Number);
      return maskCounts(runs, { left, top, width, height }, size, context.where);
    }
  }
}

/** Run lengths along the columns of an image from those along the lines of a mask in a box. */
function maskCounts(
  runs: readonly number[],
  { left, top, width, height }: { left: number; top: number; width: number; height: number },
  size: { readonly width: number; readonly height: number },
  where: string,
): number[] {
  const total = runs.reduce((sum, run) => sum + run, 0);
  if (runs.some((run) => !Number.isInteger(run) || run < 0) || total !== width * height) {
    throw new UserError(
      `${where}: its run lengths have ${total} pixels, but its box ${width}x${height} has ${width * height}`,
    );
  }
  const mask = new Uint8Array(size.width * size.height);
  let at = 0;
  runs.forEach((run, k) => {
    for (let end = at + run; at < end; at++) {
      if (k % 2 === 0) continue;
      const [x, y] = [left + (at % width), top + Math.floor(at / width)];
      const isInside = x >= 0 && y >= 0 && x < size.width && y < size.height;
      if (isInside) mask[y * size.width + x] = 1;
    }
  });
  return rleCounts(mask, size.width, size.height);
}
