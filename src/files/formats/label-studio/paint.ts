import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";
import { checkSize, DrawingWork } from "../drawing-limits.ts";
import { paintObjects, type MaskObject } from "../paint-objects.ts";
import type { SourceOptions } from "../source.ts";
import { hasArea, type Region } from "./regions.ts";
import { shapeCounts, type Size } from "./shapes.ts";

/** A region with its pixels, if it has an area. */
interface DrawnRegion {
  readonly region: Region;
  readonly counts: readonly number[] | undefined;
}

interface PaintingContext extends SourceOptions {
  readonly name: string;
  readonly where: string;
  readonly labels: ReadonlyMap<string, number>;
}

/**
 * Paints the regions of an annotation. Points and rectangles that prompted a segmentation model are not drawn. A UserError if
 * it has labeled regions, but none with an area: what the image shows is unknown then, and not background.
 */
export function paintRegions(
  regions: readonly Region[],
  size: Size,
  context: PaintingContext,
): LabelMap {
  const { name, where, labels, losses } = context;
  const work = new DrawingWork(where);
  const drawn = regions.map((region): DrawnRegion => {
    const place = { where: `${where}: result ${region.number}`, work };
    const painted = paintedSize(region, size, place.where);
    return { region, counts: shapeCounts(region, size, painted, place) };
  });
  const outlines = drawn.filter(({ region: { kind } }) => kind === "brush" || kind === "polygon");
  const objects: MaskObject[] = [];
  const told = new Map<string, number>();
  const tell = (what: string): unknown => told.set(what, (told.get(what) ?? 0) + 1);
  for (const one of drawn) {
    const { region, counts } = one;
    const [name0, ...more] = region.labels;
    if (more.length > 0) losses.add("regions with several labels keep the first", name);
    if (outlines.some((outline) => isPromptOf(one, outline))) {
      tell("points and boxes that prompted an outline of the same label are not drawn");
    } else if (!counts) {
      tell(
        region.kind === "polygon"
          ? "polygons of fewer than three points, which enclose nothing"
          : "results without a labeled area",
      );
    } else if (name0 === undefined) {
      const unknown = "regions without a label are ignored (255)";
      objects.push({ label: ignoreIndex, counts, unknown });
    } else {
      const label = labels.get(name0)!;
      const isBox = region.kind === "rectangle" && label !== ignoreIndex && label !== 0;
      objects.push({ label, counts, ...(isBox && { isBox }) });
    }
  }
  const pointed = drawn.find(({ region }) => region.labels.length > 0 && !hasArea(region));
  if (pointed && objects.length === 0) {
    throw new UserError(
      `${where}: has results of "${pointed.region.labels[0]}", but none with an area, so its mask is not known`,
    );
  }
  for (const [what, count] of told) losses.add(what, name, count);
  return paintObjects(objects, size, name, { ...context, work });
}

/** Size of the image at which a region was drawn. */
function paintedSize({ result }: Region, size: Size, where: string): Size {
  const { original_width: width, original_height: height } = result;
  if (width === undefined) return size;
  checkSize(width, height, where);
  return { width: width as number, height: height as number };
}

/**
 * Whether a point or rectangle is input of a segmentation model, whose outline stands beside it in the annotation: one of
 * the same label that a rectangle overlaps. A rectangle without such an outline is an object of unknown shape.
 */
function isPromptOf(
  { region: { kind, labels }, counts }: DrawnRegion,
  outline: DrawnRegion,
): boolean {
  if (kind !== "keypoint" && kind !== "rectangle") return false;
  const isSame = labels.length === 0 || labels[0] === outline.region.labels[0];
  if (!isSame || !outline.counts) return false;
  return kind === "keypoint" || (counts !== undefined && overlap(counts, outline.counts));
}

/** Whether two lists of run lengths have a pixel in common. */
function overlap(a: readonly number[], b: readonly number[]): boolean {
  let [i, j, endA, endB] = [0, 0, a[0] ?? 0, b[0] ?? 0];
  while (i < a.length && j < b.length) {
    if (i % 2 === 1 && j % 2 === 1 && Math.min(a[i]!, b[j]!) > 0) return true;
    // The run that ends first is followed by the next of its list.
    if (endA <= endB) endA += a[++i] ?? 0;
    else endB += b[++j] ?? 0;
  }
  return false;
}
