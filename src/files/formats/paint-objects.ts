import { ignoreIndex, type LabelMap } from "../../method/images/image.ts";
import { paintBelow, rleArea, rleCounts } from "../../method/images/run-lengths.ts";
import { fillPolygon } from "../../method/images/polygon.ts";
import { findRegions } from "../../method/images/regions.ts";
import { UserError } from "../../user-error.ts";
import { counted } from "../text/units.ts";
import type { BoxRule } from "./boxes.ts";
import type { DrawingWork } from "./drawing-limits.ts";
import type { LostDetails } from "./lost-details.ts";
import type { SourceOptions } from "./source.ts";

/** An object of an image: its label and its run lengths along the columns. */
export interface MaskObject {
  /** 0 for background, 255 for pixels that are ignored. */
  readonly label: number;
  readonly counts: readonly number[];
  /** Whether the runs are those of its box, as its outline is unknown. */
  readonly isBox?: boolean;
  /** The loss to tell of an object that is ignored although it shows something, such as "regions without a label". */
  readonly unknown?: string;
}

/** Cost of following an edge through one column, in visited pixels. */
const columnEffort = 10;

/** Pixels inside one or more outlines, as run lengths. */
export function polygonCounts(
  polygons: readonly (readonly number[])[],
  { width, height }: { width: number; height: number },
  { where, work }: { where: string; work: DrawingWork },
): number[] {
  // Most outlines are small, so they are drawn in their bounding box. A shift by whole pixels does not change them.
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (const points of polygons) {
    points.forEach((value, k) => {
      if (k % 2 === 0) [left, right] = [Math.min(left, value), Math.max(right, value)];
      else [top, bottom] = [Math.min(top, value), Math.max(bottom, value)];
    });
  }
  const [x0, y0] = [inside(Math.floor(left) - 1, width), inside(Math.floor(top) - 1, height)];
  const [x1, y1] = [inside(Math.ceil(right) + 1, width), inside(Math.ceil(bottom) + 1, height)];
  const box = { width: Math.max(1, x1 - x0), height: Math.max(1, y1 - y0) };
  // Edges may cross the box any number of times.
  const crossed = polygons.reduce((sum, points) => sum + columnsCrossed(points, width), 0);
  work.spend(box.width * box.height + columnEffort * crossed);
  const map = { ...box, data: new Uint8Array(box.width * box.height) };
  for (const points of polygons) {
    const shifted = points.map((value, k) => value - (k % 2 === 0 ? x0 : y0));
    fillPolygon(shifted, map, 1, where);
  }
  return countsInImage(
    rleCounts(map.data, box.width, box.height),
    { ...box, x0, y0 },
    { width, height },
  );
}

/** Number of columns that the edges of a polygon cross. */
function columnsCrossed(points: readonly number[], width: number): number {
  let columns = 0;
  for (let k = 0; k < points.length; k += 2) {
    const [from, to] = [inside(points[k]!, width), inside(points[(k + 2) % points.length]!, width)];
    columns += Math.abs(from - to);
  }
  return columns;
}

/** A coordinate clamped to 0..side; 0 for NaN. */
function inside(value: number, side: number): number {
  return Math.max(0, Math.min(side, value)) || 0;
}

/** Run lengths of a box inside an image, converted to run lengths of the whole image. */
function countsInImage(
  counts: readonly number[],
  box: { width: number; height: number; x0: number; y0: number },
  { width, height }: { width: number; height: number },
): number[] {
  const runs: number[] = [];
  let end = 0;
  let at = 0;
  counts.forEach((run, k) => {
    // A run that continues in the next column is split there.
    for (let left = k % 2 === 1 ? run : 0; left > 0;) {
      const y = at % box.height;
      const length = Math.min(left, box.height - y);
      const start = (box.x0 + (at - y) / box.height) * height + box.y0 + y;
      if (start === end && runs.length > 0) runs[runs.length - 1]! += length;
      else runs.push(start - end, length);
      end = start + length;
      at += length;
      left -= length;
    }
    if (k % 2 === 0) at += run;
  });
  runs.push(width * height - end);
  return runs;
}

/** What became of an object in a label map. */
interface PaintedObject {
  readonly object: MaskObject;
  /** Its label in the map. */
  readonly label: number;
  /** Number of pixels, and of those that no other object covers. */
  readonly area: number;
  readonly visible: number;
}

/**
 * A label map of objects. Where they overlap, the one with fewer pixels is on top, the later one of two equals; ignored
 * objects are below all others. Objects of label 0 are background and not painted.
 */
export function paint(
  objects: readonly MaskObject[],
  size: { readonly width: number; readonly height: number },
  work: DrawingWork,
  boxes: BoxRule = "ignore",
): LabelMap {
  return paintAll(objects, size, work, boxes).map;
}

function paintAll(
  objects: readonly MaskObject[],
  { width, height }: { readonly width: number; readonly height: number },
  work: DrawingWork,
  boxes: BoxRule,
): { map: LabelMap; painted: PaintedObject[] } {
  const map = { width, height, data: new Uint8Array(width * height) };
  // The topmost is painted first, so that the pixels which the others keep can be counted.
  const order = objects
    .map((object, i) => {
      const label = object.isBox && boxes !== "fill" ? ignoreIndex : object.label;
      return { object, label, i, area: rleArea(object.counts) };
    })
    .sort(
      (a, b) =>
        Number(a.label === ignoreIndex) - Number(b.label === ignoreIndex) ||
        a.area - b.area ||
        b.i - a.i,
    );
  const painted = order.map(({ object, label, area }) => {
    work.spend(area);
    const visible = label === 0 ? 0 : paintBelow(object.counts, map, label);
    return { object, label, area, visible };
  });
  return { map, painted };
}

/**
 * Paints objects, and enters into the ledger those that are shown and the details that a label map cannot hold. Whoever
 * calls it has entered the objects that were read. A UserError where boxes are to be left out and the image has some.
 */
export function paintObjects(
  objects: readonly MaskObject[],
  size: { readonly width: number; readonly height: number },
  name: string,
  options: Pick<SourceOptions, "losses" | "instances" | "boxes"> & { work: DrawingWork },
): LabelMap {
  const { losses, instances, work, boxes = "ignore" } = options;
  const alone = objects.filter(({ isBox }) => isBox).length;
  if (boxes === "leave-out" && alone > 0) {
    throw new UserError(
      `${work.where}: ${counted(alone, "object")} of it ${alone === 1 ? "has" : "have"} only a box and no outline; left out, as asked`,
    );
  }
  const { map, painted } = paintAll(objects, size, work, boxes);
  const visible = enterPainted(painted, name, losses, boxes);
  const regions = findRegions(map, instances).labels.filter((label) => label !== ignoreIndex);
  if (regions.length !== visible) {
    losses.add(
      instances === "regions"
        ? "objects are regions of touching pixels, not the original objects"
        : "the objects of a class became one",
      name,
    );
  }
  return map;
}

/** Enters what became of the objects of an image; returns the number of those that are seen with their own label. */
function enterPainted(
  painted: readonly PaintedObject[],
  name: string,
  losses: LostDetails,
  boxes: BoxRule,
): number {
  const tell = (what: string, some: readonly unknown[], lost = some.length): void => {
    if (some.length > 0) losses.add(what, name, lost);
  };
  const [background, foreground] = split(painted, ({ label }) => label === 0);
  const [empty, drawn] = split(foreground, ({ area }) => area === 0);
  tell("objects without a pixel, as they are too small or outside of the image", empty);
  const [ignored, labeled] = split(drawn, ({ label }) => label === ignoreIndex);
  const [lost, meant] = split(ignored, ({ object }) => object.label !== ignoreIndex);
  tell("objects of which only the box is known are ignored (255)", lost);
  const [known, unknown] = split(meant, ({ object }) => object.unknown === undefined);
  for (const { object } of unknown) losses.add(object.unknown!, name, 1);
  const [hidden, visible] = split(labeled, (object) => object.visible === 0);
  tell("objects covered by others", hidden);
  const overlapping = visible.filter((object) => object.visible < object.area);
  tell("overlapping objects: each pixel went to the smallest", overlapping, 0);
  const filled = boxes === "fill" ? labeled.filter(({ object }) => object.isBox) : [];
  tell("objects of which only the box is known are filled boxes", filled, 0);
  losses.shown(name, known.length + background.length + visible.length);
  return visible.length;
}

function split<T>(list: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [list.filter(isFirst), list.filter((item) => !isFirst(item))];
}
