import { ignoreIndex } from "../../data/classes.ts";
import { paintCounts, readCounts, rleArea } from "../../data/coco-rle.ts";
import { fillPolygon } from "../../data/polygon.ts";
import type { LabelMap } from "../../data/sample.ts";
import { UserError } from "../../user-error.ts";

/** Pixels that are looked at for the outlines of an image, beyond twenty times its own: what takes a second or two. */
const mostEffort = 2e8;

/** The outline of an object or crowd: polygons x0, y0, x1, y1, ... or run lengths. */
type Outline =
  | { readonly polygons: readonly (readonly number[])[] }
  | {
      readonly counts: string | readonly number[];
      /** [height, width] */
      readonly size: readonly [number, number];
    };

export interface CocoAnnotation {
  readonly where: string;
  readonly category: number;
  readonly crowd: boolean;
  /** Pixels, as the file has it; 0 if it does not. */
  readonly area: number;
  readonly outline: Outline;
}

/** Checks an annotation of a COCO file; `path` begins the messages. */
export function readAnnotation(value: unknown, path: string): CocoAnnotation {
  const { id, category_id, iscrowd, area, segmentation } = value as Record<string, unknown>;
  const where = `${path}: annotation ${typeof id === "number" ? id : "without a number"}`;
  return {
    where,
    category: category_id as number,
    crowd: iscrowd === 1 || iscrowd === true,
    area: typeof area === "number" ? area : 0,
    outline: readOutline(segmentation, where),
  };
}

function readOutline(segmentation: unknown, where: string): Outline {
  if (Array.isArray(segmentation) && segmentation.every(isPolygon)) {
    return { polygons: segmentation };
  }
  if (typeof segmentation === "object" && segmentation !== null) {
    const { counts, size } = segmentation as { counts?: unknown; size?: unknown };
    if (isNumbers(size) && size.length === 2 && (typeof counts === "string" || isNumbers(counts))) {
      return { counts, size: [size[0]!, size[1]!] };
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

/**
 * One label for every pixel. Objects overlap in COCO: larger ones are drawn first, so that smaller ones stay visible, as
 * in the published masks; crowds are 255 wherever no single object is.
 */
export function drawAnnotations(
  annotations: readonly CocoAnnotation[],
  { width, height }: { readonly width: number; readonly height: number },
  labels: ReadonlyMap<number, number>,
  path: string,
): LabelMap {
  const mask = { width, height, data: new Uint8Array(width * height) };
  const order = [...annotations].sort(
    (a, b) => Number(b.crowd) - Number(a.crowd) || b.area - a.area,
  );
  let effort = 0;
  for (const annotation of order) {
    const label = annotation.crowd ? ignoreIndex : labels.get(annotation.category);
    if (label === undefined) {
      throw new UserError(`${path}: category ${annotation.category} is no class of the data set`);
    }
    const runs = readRuns(annotation, mask);
    effort += runs ? rleArea(runs) + runs.length : effortOf(annotation, mask);
    if (effort > mostEffort + 20 * mask.data.length) {
      throw new UserError(
        `${annotation.where}: with it, the outlines of an image of ${width}x${height} are beyond all bounds`,
      );
    }
    if (runs) paintCounts(runs, mask, label);
    else fillPolygons(annotation, mask, label);
  }
  return mask;
}

/** The run lengths of an annotation that has such. */
function readRuns(
  { outline, where }: CocoAnnotation,
  { width, height }: LabelMap,
): readonly number[] | undefined {
  if ("polygons" in outline) return undefined;
  const [rows, columns] = outline.size;
  if (rows === height && columns === width) {
    return readCounts(outline.counts, width, height, where);
  }
  throw new UserError(
    `${where}: its run lengths are of ${columns}x${rows}, but its image is ${width}x${height}`,
  );
}

/** What following an edge through a column costs, in pixels painted. */
const columnEffort = 10;

/** The effort of drawing polygons: edges may lead to and fro without end. */
function effortOf({ outline, where }: CocoAnnotation, { width, height }: LabelMap): number {
  if (!("polygons" in outline)) return 0;
  let effort = 0;
  for (const polygon of outline.polygons) {
    let [left, right] = [width, 0];
    polygon.forEach((value, i) => {
      const side = i % 2 === 0 ? width : height;
      if (value < -side || value > 2 * side) {
        const axis = i % 2 === 0 ? "x" : "y";
        throw new UserError(
          `${where}: a polygon goes to ${axis} ${value}, but its image is ${width}x${height}`,
        );
      }
      if (i % 2 > 0) return;
      [left, right] = [Math.min(left, value), Math.max(right, value)];
      effort += columnEffort * Math.abs(value - polygon[(i + 2) % polygon.length]!);
    });
    effort += (right - left + 1) * height;
  }
  return effort;
}

function fillPolygons({ outline, where }: CocoAnnotation, mask: LabelMap, label: number): void {
  if (!("polygons" in outline)) return;
  for (const polygon of outline.polygons) {
    // Fewer than three corners enclose nothing.
    if (polygon.length >= 6) fillPolygon(polygon, mask, label, where);
  }
}
