import { cleanNames } from "../class-names.ts";
import { isObject, type Fields } from "../text-files.ts";

/** Kinds of shapes; a result's labels stand under the kind followed by "labels", as in `brushlabels`. */
const kinds = ["brush", "polygon", "rectangle", "ellipse", "keypoint"] as const;
type ShapeKind = (typeof kinds)[number];

/** Fields of a value that describe a shape. */
const shapeFields = ["x", "y", "width", "height", "rotation", "radiusX", "radiusY", "points", "rle"]; // prettier-ignore

/** A region of an annotation: one result, or several of the same id, which share their shape and have its labels. */
export interface Region {
  /** Number of its first result, from 1. */
  readonly number: number;
  /** Undefined for results without a place, such as the choices of a whole image. */
  readonly kind: ShapeKind | undefined;
  readonly value: Fields;
  /** The result with the shape, for facts about its image. */
  readonly result: Fields;
  readonly labels: readonly string[];
}

/** Whether a region is of a kind that covers an area, and not a point or without a place. */
export function hasArea({ kind }: Region): boolean {
  return kind !== undefined && kind !== "keypoint";
}

/** The regions of an annotation, in the order of their first results. */
export function regionsOf(results: readonly Fields[]): Region[] {
  const byId = new Map<unknown, Numbered[]>();
  for (const [i, result] of results.entries()) {
    const { id, type } = result;
    const key = typeof id === "string" && type !== "relation" ? id : i;
    const group = byId.get(key);
    if (group) group.push({ number: i + 1, result });
    else byId.set(key, [{ number: i + 1, result }]);
  }
  return [...byId.values()]
    .flatMap(byShape)
    .map(regionOf)
    .sort((a, b) => a.number - b.number);
}

interface Numbered {
  readonly number: number;
  readonly result: Fields;
}

/** Results of one id by their shapes, which all of a region repeat; those without a shape belong to the first. */
function byShape(group: readonly Numbered[]): readonly (readonly Numbered[])[] {
  if (group.length === 1) return [group];
  const groups = new Map<string, Numbered[]>();
  const bare: Numbered[] = [];
  for (const one of group) {
    const outline = shapeFields.flatMap((field) => valueOf(one.result)[field] ?? []);
    if (outline.length === 0) {
      bare.push(one);
      continue;
    }
    const key = JSON.stringify(outline);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const [first = [], ...others] = groups.values();
  return [[...first, ...bare], ...others];
}

function regionOf(group: readonly Numbered[]): Region {
  const results = group.map(({ result }) => result);
  const shape = results.find((result) => kindOf(result) !== undefined) ?? results[0]!;
  const labels = results.flatMap((result) => namesOf(result, /labels$/));
  // Labels may also be chosen in a list that belongs to each region.
  const chosen =
    results.length > 1 ? results.flatMap((result) => namesOf(result, /^choices$/)) : [];
  return {
    number: Math.min(...group.map(({ number }) => number)),
    kind: kindOf(shape),
    value: valueOf(shape),
    result: shape,
    labels: [...new Set(labels.length > 0 ? labels : chosen)],
  };
}

function valueOf(result: Fields): Fields {
  return isObject(result["value"]) ? result["value"] : {};
}

function namesOf(result: Fields, keys: RegExp): string[] {
  const lists = Object.entries(valueOf(result)).filter(([key]) => keys.test(key));
  const names = lists.flatMap(([, list]): unknown[] => (Array.isArray(list) ? list : []));
  return cleanNames(names.filter((name) => typeof name === "string")).filter((name) => name !== "");
}

/** The kind of a result's shape: by its labels, its type, or else the fields of its shape. */
function kindOf(result: Fields): ShapeKind | undefined {
  const [value, type] = [valueOf(result), result["type"]];
  const byLabels = kinds.find((kind) => `${kind}labels` in value);
  const byType = kinds.find((kind) => type === kind || type === `${kind}labels`);
  if (byLabels ?? byType) return byLabels ?? byType;
  if ("rle" in value) return "brush";
  if ("points" in value) return "polygon";
  if ("radiusX" in value) return "ellipse";
  if (!("x" in value && "width" in value)) return undefined;
  return "height" in value ? "rectangle" : "keypoint";
}
