import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import { isBackground, validateClasses } from "../../../method/images/classes.ts";
import { rleCounts } from "../../../method/images/run-lengths.ts";
import { UserError } from "../../../user-error.ts";
import { cleanNames } from "../class-names.ts";
import type { ImageCodec } from "../../../host/codec.ts";
import { isImageName } from "../../../method/images/image-name.ts";
import { stem } from "../../text/path.ts";
import { decodeBrush } from "./brush.ts";
import { ignoredName } from "../formats.ts";
import { paintObjects, polygonCounts, type MaskObject } from "../paint-objects.ts";
import { checkSize, DrawingWork } from "../drawing-limits.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "../source.ts";
import { isObject, type Fields } from "../text-files.ts";

/** Kinds of results that have an area; each stores its labels under this key. */
const shapes = ["brushlabels", "polygonlabels", "rectanglelabels"] as const;

interface Task {
  readonly fileName: string;
  readonly data: Fields;
  readonly results: readonly Fields[];
}

/** Whether a JSON value is a list of tasks with results. */
export function isLabelStudio(value: unknown): value is Fields[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every(
    (task) =>
      isObject(task) && isObject(task["data"]) && ("annotations" in task || "predictions" in task),
  );
}

/**
 * Label Studio tasks, exported from there or written by tag2mask: brush labels, polygons and rectangles of the last
 * annotation by a person, or of the last prediction if there is no annotation.
 */
export function labelStudioSource(
  codec: ImageCodec,
  path: string,
  value: readonly Fields[],
  options: SourceOptions & { readonly beside?: readonly string[] },
): MaskSource {
  const tasks = value.map((task, i) => readTask(task, `${path}: task ${i + 1}`));
  const allLabels = tasks.flatMap(({ results }) => results.flatMap(labelNames));
  const usedLabels = new Set(allLabels.filter((name) => !isBackground(name)));
  const classes = classesOf([...usedLabels], options, path);
  const labels = new Map(classes.map((name, i) => [name, i + 1]));
  labels.set(ignoredName(classes), ignoreIndex);
  for (const name of allLabels) if (isBackground(name)) labels.set(name, 0);
  const entries = tasks.map((task, i): MaskEntry => {
    const { fileName } = task;
    const name = isImageName(fileName) ? stem(fileName) : fileName;
    const where = `${path}: task ${i + 1} (${fileName})`;
    const file = options.images.get(fileName, name, fileName.slice(fileName.lastIndexOf("/") + 1));
    return {
      name,
      fileName,
      where,
      ...(file !== undefined && { image: file }),
      read: async () => {
        const size = await sizeOf(codec, task, file, where);
        return paintResults(task, size, { ...options, name, where, labels });
      },
    };
  });
  return { format: "labelstudio", classes, entries, close: () => Promise.resolve() };
}

/** The class names passed in; else those beside the file if they cover all labels; else the labels in sorted order. */
function classesOf(
  usedLabels: readonly string[],
  { classes, beside }: { classes?: readonly string[]; beside?: readonly string[] },
  path: string,
): readonly string[] {
  for (const list of [classes, beside]) {
    if (!list) continue;
    const unknown = usedLabels.find((name) => !list.includes(name) && name !== ignoredName(list));
    if (unknown === undefined) return list;
    if (list === classes) {
      throw new UserError(
        `${path}: has the label "${unknown}", which is not among the class names: ${list.join(", ")}`,
        { remedies: [{ kind: "option", name: "classes", instead: true }] },
      );
    }
  }
  const names = usedLabels.filter((name) => name !== ignoredName([])).sort();
  if (names.length === 0) {
    throw new UserError(`${path}: has no labels, so its class names are unknown`, {
      code: "unnamed-classes",
      remedies: [{ kind: "option", name: "classes", value: "cat,dog,..." }],
    });
  }
  validateClasses(names, path);
  return names;
}

function readTask(task: Fields, where: string): Task {
  const data = task["data"] as Fields;
  const url = [data["image"], ...Object.values(data)].find((text) => typeof text === "string");
  if (typeof url !== "string")
    throw new UserError(
      `${where}: its "data" has no text, which would be the address of its image`,
    );
  const last = (list: unknown): Fields | undefined =>
    (Array.isArray(list) ? list : [])
      .filter((item): item is Fields => isObject(item) && item["was_cancelled"] !== true)
      .findLast((item) => Array.isArray(item["result"]));
  const annotation = last(task["annotations"]) ?? last(task["predictions"]);
  const results = ((annotation?.["result"] ?? []) as unknown[]).filter(isObject);
  return { fileName: imageName(url, where), data, results };
}

/** The path of a task's image within its storage, or the last part of a web address. */
function imageName(url: string, where: string): string {
  try {
    const local = /[?&]d=([^&]*)/.exec(url)?.[1];
    const path = local ?? url.replace(/[?#].*$/, "");
    const decoded = decodeURIComponent(path).normalize("NFC").replaceAll("\\", "/");
    return local === undefined && /^\/|:\/\//.test(url)
      ? decoded.slice(decoded.lastIndexOf("/") + 1) || "unnamed"
      : decoded;
  } catch (error) {
    throw new UserError(`${where}: its image "${url.slice(0, 100)}" is not a valid address`, {
      cause: error,
    });
  }
}

function labelNames(result: Fields): string[] {
  const value = isObject(result["value"]) ? result["value"] : {};
  const list = shapes.map((shape) => value[shape]).find((names) => Array.isArray(names));
  return cleanNames(((list ?? []) as unknown[]).filter((name) => typeof name === "string"));
}

async function sizeOf(
  codec: ImageCodec,
  { data, results }: Task,
  file: string | undefined,
  where: string,
): Promise<{ width: number; height: number }> {
  const sizedResult = results.find((result) => result["original_width"] !== undefined);
  let [width, height] = sizedResult
    ? [sizedResult["original_width"], sizedResult["original_height"]]
    : [data["width"], data["height"]];
  if (width === undefined && file !== undefined) ({ width, height } = await codec.header(file));
  if (width === undefined) {
    throw new UserError(
      `${where}: the size of its image is unknown: the task does not have it, and the image was not found`,
      { code: "unknown-size", remedies: [{ kind: "option", name: "images" }] },
    );
  }
  checkSize(width, height, where);
  return { width: width as number, height: height as number };
}

function paintResults(
  { results }: Task,
  size: { width: number; height: number },
  context: SourceOptions & { name: string; where: string; labels: ReadonlyMap<string, number> },
): LabelMap {
  const { name, where, labels, losses } = context;
  const objects: MaskObject[] = [];
  const work = new DrawingWork(where);
  for (const [i, result] of results.entries()) {
    const place = `${where}: result ${i + 1}`;
    const [label, ...more] = labelNames(result);
    if (more.length > 0) losses.add("regions with several labels keep the first", name);
    const value = result["value"];
    if (label === undefined || !isObject(value)) {
      losses.add("results without a labeled area", name);
      continue;
    }
    // The background needs no area: it is wherever nothing else is.
    if (labels.get(label) === 0) continue;
    objects.push({
      label: labels.get(label)!,
      counts: countsOf(value, size, { where: place, work }),
    });
  }
  return paintObjects(objects, size, name, { ...context, work });
}

function countsOf(
  value: Fields,
  size: { width: number; height: number },
  context: { where: string; work: DrawingWork },
): number[] {
  const { where, work } = context;
  const { width, height } = size;
  if ("brushlabels" in value) {
    if (value["format"] !== "rle" || !Array.isArray(value["rle"])) {
      throw new UserError(`${where}: brush labels must have the format "rle" and a list "rle"`);
    }
    work.spend(width * height);
    return rleCounts(decodeBrush(value["rle"] as number[], width, height, where), width, height);
  }
  // Percent of the image's sides.
  const pixels = ([x, y]: readonly [unknown, unknown]): [number, number] => [
    typeof x === "number" ? (x * width) / 100 : NaN,
    typeof y === "number" ? (y * height) / 100 : NaN,
  ];
  if (!("polygonlabels" in value)) {
    const corner = pixels([value["x"], value["y"]]);
    const sides = pixels([value["width"], value["height"]]);
    return polygonCounts([corners(corner, sides, value["rotation"])], size, context);
  }
  const { points } = value;
  const isPair = (point: unknown): point is [unknown, unknown] =>
    Array.isArray(point) && point.length === 2;
  if (!Array.isArray(points) || !points.every(isPair)) {
    throw new UserError(`${where}: polygon labels must have "points", a list of pairs [x, y]`);
  }
  return polygonCounts([points.flatMap(pixels)], size, context);
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
