import { ellipseCounts } from "../../../method/images/ellipse.ts";
import { rleCounts } from "../../../method/images/run-lengths.ts";
import { UserError } from "../../../user-error.ts";
import type { DrawingWork } from "../drawing-limits.ts";
import { polygonCounts } from "../paint-objects.ts";
import type { Fields } from "../text-files.ts";
import { decodeBrush } from "./brush.ts";
import type { Region } from "./regions.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

interface DrawingContext {
  readonly where: string;
  readonly work: DrawingWork;
}

/**
 * Run lengths of the pixels of a region; undefined for a shape without an area: a point, a result without a shape, a
 * polygon of fewer than three points. Coordinates are percent of the image itself; a brush has pixels and is scaled from the
 * size at which it was painted.
 * @param painted size at which brushes were painted
 */
export function shapeCounts(
  { kind, value }: Region,
  size: Size,
  painted: Size,
  context: DrawingContext,
): number[] | undefined {
  switch (kind) {
    case "brush":
      return brushCounts(value, size, painted, context);
    case "polygon": {
      const points = pointsOf(value, context.where).flatMap((point) => inPixels(point, size));
      return points.length < 6 ? undefined : polygonCounts([points], size, context);
    }
    case "rectangle": {
      const corner = inPixels([value["x"], value["y"]], size);
      const sides = inPixels([value["width"], value["height"]], size);
      return polygonCounts([corners(corner, sides, value["rotation"])], size, context);
    }
    case "ellipse": {
      const [x, y] = inPixels([value["x"], value["y"]], size);
      const [radiusX, radiusY] = inPixels([value["radiusX"], value["radiusY"]], size);
      const wrong = [x, y, radiusX, radiusY].find((number) => !Number.isFinite(number));
      if (wrong !== undefined) {
        throw new UserError(
          `${context.where}: an ellipse must have the numbers x, y, radiusX and radiusY`,
        );
      }
      const rotation = typeof value["rotation"] === "number" ? value["rotation"] : 0;
      context.work.spend(size.width * size.height);
      return ellipseCounts({ x, y, radiusX, radiusY, rotation }, size);
    }
    default:
      return undefined;
  }
}

function brushCounts(
  value: Fields,
  { width, height }: Size,
  painted: Size,
  { where, work }: DrawingContext,
): number[] {
  if (value["format"] !== "rle" || !Array.isArray(value["rle"])) {
    throw new UserError(`${where}: brush labels must have the format "rle" and a list "rle"`);
  }
  work.spend(painted.width * painted.height + width * height);
  const mask = decodeBrush(value["rle"] as number[], painted.width, painted.height, where);
  if (painted.width === width && painted.height === height) return rleCounts(mask, width, height);
  const scaled = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * painted.height) / height) * painted.width;
    for (let x = 0; x < width; x++, i++) {
      scaled[i] = mask[row + Math.floor(((x + 0.5) * painted.width) / width)]!;
    }
  }
  return rleCounts(scaled, width, height);
}

function pointsOf({ points }: Fields, where: string): [unknown, unknown][] {
  const isPair = (point: unknown): point is [unknown, unknown] =>
    Array.isArray(point) && point.length === 2;
  if (Array.isArray(points) && points.every(isPair)) return points;
  throw new UserError(`${where}: polygon labels must have "points", a list of pairs [x, y]`);
}

/** Percent of the image's sides in pixels; NaN for what is not a number. */
function inPixels([x, y]: readonly [unknown, unknown], { width, height }: Size): [number, number] {
  return [
    typeof x === "number" ? (x * width) / 100 : NaN,
    typeof y === "number" ? (y * height) / 100 : NaN,
  ];
}

/** Corners of a rectangle. @param rotation angle about the upper left corner, in degrees */
function corners(
  [x, y]: [number, number],
  [width, height]: [number, number],
  rotation: unknown,
): number[] {
  const angle = typeof rotation === "number" ? (rotation * Math.PI) / 180 : 0;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const unitSquare = [[0, 0], [1, 0], [1, 1], [0, 1]] as const; // prettier-ignore
  return unitSquare.flatMap(([a, b]) => [
    x + a * width * cos - b * height * sin,
    y + a * width * sin + b * height * cos,
  ]);
}
