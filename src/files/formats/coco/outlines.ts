import { ignoreIndex } from "../../../method/images/image.ts";
import { readCounts } from "../../../method/images/run-lengths.ts";
import { shown, UserError } from "../../../user-error.ts";
import { polygonCounts, type MaskObject } from "../paint-objects.ts";
import { DrawingWork } from "../drawing-limits.ts";

/** Most pixels visited to draw the objects of an image: a fixed number, a second or two, and a multiple of its own. */
const [mostVisits, mostCovers] = [2e8, 20];

type Fields = Readonly<Record<string, unknown>>;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The outline of an object or crowd: polygons x0, y0, x1, y1, ... or run lengths. */
type Outline =
  | { readonly polygons: readonly (readonly number[])[] }
  | { readonly counts: string | readonly number[]; readonly size: readonly number[] };

/** The objects of an image, to be painted with the smaller on top. */
export interface CocoObjects {
  readonly objects: readonly MaskObject[];
  /** Number of crowds, whose pixels are ignored. */
  readonly crowds: number;
  readonly work: DrawingWork;
}

/** Numbers of the three corners that an outline has at least; fewer enclose nothing. */
const leastNumbers = 6;

/**
 * Whether an annotation has an outline, valid or not. Lists that are empty, or whose polygons have fewer than three
 * corners, are none.
 */
export function hasOutline(segmentation: unknown): boolean {
  return Array.isArray(segmentation)
    ? // An odd number of coordinates is an error to report, not a polygon to leave out.
      segmentation.some(
        (part) => !Array.isArray(part) || part.length >= leastNumbers || part.length % 2 === 1,
      )
    : segmentation !== undefined && segmentation !== null;
}

/** Whether an annotation says that it is a crowd. */
export function isCrowd(iscrowd: unknown): boolean {
  return iscrowd === 1 || iscrowd === true || iscrowd === "1";
}

/**
 * The objects of the annotations of one image. The pixels of a crowd are ignored. So is the box of an annotation
 * without an outline, because the object covers an unknown part of it; without a box either, the whole image is
 * ignored.
 * @param options.crowdsAreObjects draws crowds as the objects of their class
 */
export function cocoObjects(
  annotations: readonly Fields[],
  image: Size,
  labels: ReadonlyMap<unknown, number>,
  where: string,
  { crowdsAreObjects = false }: { readonly crowdsAreObjects?: boolean } = {},
): CocoObjects {
  const work = new DrawingWork(where, mostVisits + mostCovers * image.width * image.height);
  const objects: MaskObject[] = [];
  const crowds = new Set<string>();
  for (const { id, category_id: category, iscrowd, segmentation, bbox } of annotations) {
    const place = `${where}: annotation ${typeof id === "number" ? id : "without an id"}`;
    const label = labels.get(category);
    if (label === undefined) {
      throw new UserError(`${place}: its category ${shown(category)} is not in "categories"`);
    }
    const context = { where: place, work };
    if (!hasOutline(segmentation)) {
      objects.push(boxObject(label, bbox, image, context));
    } else if (isCrowd(iscrowd) && !crowdsAreObjects) {
      // tag2mask writes the same crowd once for each class.
      const key = JSON.stringify(segmentation);
      if (crowds.has(key)) continue;
      crowds.add(key);
      objects.push({ label: ignoreIndex, counts: outlineCounts(segmentation, image, context) });
    } else {
      const counts = outlineCounts(segmentation, image, context);
      objects.push({ label, counts });
    }
  }
  return { objects, crowds: crowds.size, work };
}

/** Run lengths of the pixels inside an outline. */
function outlineCounts(
  segmentation: unknown,
  { width, height }: Size,
  context: { where: string; work: DrawingWork },
): readonly number[] {
  const { where, work } = context;
  const outline = readOutline(segmentation, where);
  if ("polygons" in outline) {
    for (const polygon of outline.polygons) checkNear(polygon, { width, height }, where);
    // Fewer than three corners enclose nothing.
    const areas = outline.polygons.filter(({ length }) => length >= leastNumbers);
    return polygonCounts(areas, { width, height }, context);
  }
  const [rows, columns] = outline.size;
  if (rows !== height || columns !== width) {
    throw new UserError(
      `${where}: its run lengths are for an image of ${columns}x${rows}, but its image is ${width}x${height}`,
    );
  }
  work.spend(outline.counts.length);
  return readCounts(outline.counts, width, height, where);
}

function readOutline(segmentation: unknown, where: string): Outline {
  if (Array.isArray(segmentation) && segmentation.every(isPolygon)) {
    return { polygons: segmentation };
  }
  // One polygon without the brackets around it, as some tools write it.
  if (isPolygon(segmentation) && segmentation.length >= leastNumbers)
    return { polygons: [segmentation] };
  if (typeof segmentation === "object" && segmentation !== null) {
    const { counts, size } = segmentation as { counts?: unknown; size?: unknown };
    if (isNumbers(size) && size.length === 2 && (typeof counts === "string" || isNumbers(counts))) {
      return { counts, size };
    }
  }
  throw new UserError(
    `${where}: its "segmentation" is neither a list of polygons [[x0, y0, x1, y1, ...]] nor ` +
      '{"counts": ..., "size": [height, width]}',
  );
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((number) => Number.isFinite(number));
}

function isPolygon(value: unknown): value is number[] {
  return isNumbers(value) && value.length % 2 === 0;
}

/** Throws for a polygon that reaches more than one side length beyond its image: it belongs to another image size. */
function checkNear(polygon: readonly number[], { width, height }: Size, where: string): void {
  polygon.forEach((value, i) => {
    const [axis, side] = i % 2 === 0 ? ["x", width] : ["y", height];
    if (value >= -side && value <= 2 * side) return;
    throw new UserError(
      `${where}: a polygon goes to ${axis} ${value}, but its image is ${width}x${height}`,
    );
  });
}

/** The box x, y, width, height of an annotation without an outline; the whole image, ignored, if the box is missing too. */
function boxObject(
  label: number,
  box: unknown,
  { width, height }: Size,
  context: { where: string; work: DrawingWork },
): MaskObject {
  if (label === 0) return { label, counts: [width * height] };
  if (!isNumbers(box) || box.length !== 4) {
    context.work.spend(0);
    const unknown = "objects without an outline and without a box: their images are ignored (255)";
    return { label: ignoreIndex, counts: [0, width * height], unknown };
  }
  const [x, y, w, h] = box as [number, number, number, number];
  const corners = [x, y, x + w, y, x + w, y + h, x, y + h];
  checkNear(corners, { width, height }, context.where);
  return { label, counts: polygonCounts([corners], { width, height }, context), isBox: true };
}
