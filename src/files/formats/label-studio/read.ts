import { ignoreIndex } from "../../../method/images/image.ts";
import { isBackground, validateClasses } from "../../../method/images/classes.ts";
import { shown, UserError } from "../../../user-error.ts";
import type { ImageCodec } from "../../../host/codec.ts";
import { isImageName } from "../../../method/images/image-name.ts";
import { stem } from "../../text/path.ts";
import { ignoredName } from "../formats.ts";
import { checkSize } from "../drawing-limits.ts";
import { uploadedName } from "../image-files.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "../source.ts";
import type { Fields } from "../text-files.ts";
import { paintRegions } from "./paint.ts";
import { hasArea, regionsOf, type Region } from "./regions.ts";
import type { Size } from "./shapes.ts";
import { readTasks, type Task } from "./tasks.ts";

export { isLabelStudio } from "./tasks.ts";

/** A task with its regions, and the name under which its image was uploaded, without the prefix of the upload. */
interface OpenTask extends Task {
  readonly regions: readonly Region[];
  readonly uploaded: string | undefined;
}

/**
 * Label Studio tasks, exported from there or written by tag2mask: brushes, polygons, ellipses and rectangles of the ground
 * truth, or else of the newest annotation with results, or of the newest prediction if nobody annotated the task. Tasks that
 * were skipped or never labeled have no mask.
 */
export function labelStudioSource(
  codec: ImageCodec,
  path: string,
  value: readonly Fields[],
  options: SourceOptions & { readonly beside?: readonly string[] },
): MaskSource {
  const tasks = openTasks(value, path);
  const areas = tasks.flatMap(({ regions }) => regions.filter(hasArea));
  const allLabels = new Set(areas.flatMap((region) => region.labels));
  const usedLabels = [...allLabels].filter((name) => !isBackground(name));
  const classes = classesOf(usedLabels, options, path);
  const labels = new Map(classes.map((name, i) => [name, i + 1]));
  labels.set(ignoredName(classes), ignoreIndex);
  for (const name of allLabels) if (isBackground(name)) labels.set(name, 0);
  const entries = tasks.map((task, i): MaskEntry => {
    const where = `${path}: task ${i + 1} (${task.fileName})`;
    const { name, fileName, file } = findImage(task, options);
    return {
      name,
      fileName,
      where,
      ...(file !== undefined && { image: file }),
      read: async () => {
        if (task.problem !== undefined) throw new UserError(`${where}: ${task.problem}`);
        const size = await sizeOf(codec, task, file, where);
        enterTask(task, size, name, options);
        return paintRegions(task.regions, size, { ...options, name, where, labels });
      },
    };
  });
  return { format: "labelstudio", classes, entries, close: () => Promise.resolve() };
}

function openTasks(value: readonly Fields[], path: string): OpenTask[] {
  const tasks = readTasks(value, path);
  const uploads = tasks.map(({ fileName }) => uploadedName(fileName));
  return tasks.map((task, i) => {
    const name = uploads[i];
    // Different images may have been uploaded under one name.
    const isOnly = uploads.filter((other) => other === name).length === 1;
    return { ...task, regions: regionsOf(task.results), uploaded: isOnly ? name : undefined };
  });
}

/** The image of a task, and the name of its mask: that of the image if it was found under the name before its upload. */
function findImage(
  { fileName, uploaded }: OpenTask,
  { images }: SourceOptions,
): { name: string; fileName: string; file: string | undefined } {
  const nameOf = (path: string): string => (isImageName(path) ? stem(path) : path);
  const name = nameOf(fileName);
  const file = images.get(fileName, name, fileName.slice(fileName.lastIndexOf("/") + 1));
  if (file !== undefined || uploaded === undefined) return { name, fileName, file };
  const before = images.get(uploaded, nameOf(uploaded));
  if (before === undefined) return { name, fileName, file };
  return { name: nameOf(uploaded), fileName: uploaded, file: before };
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

/** The size of a task's image: that of its file, or else as the task tells it. */
async function sizeOf(
  codec: ImageCodec,
  { data, results }: Task,
  file: string | undefined,
  where: string,
): Promise<Size> {
  const turned = results.find(({ image_rotation: angle }) => Number(angle ?? 0) % 360 !== 0);
  if (turned) {
    throw new UserError(
      `${where}: was turned by ${shown(turned["image_rotation"])} degrees in the editor; turn it back there`,
    );
  }
  const told = toldSize(data, results);
  if (told) checkSize(told.width, told.height, where);
  if (file === undefined && told) return told as Size;
  if (file === undefined) {
    throw new UserError(
      `${where}: the size of its image is unknown: the task does not have it, and the image was not found`,
      { code: "unknown-size", remedies: [{ kind: "option", name: "images" }] },
    );
  }
  const { width, height } = await codec.header(file);
  checkSize(width, height, where);
  if (told) compareShape(told as Size, { width, height }, file, where);
  return { width, height };
}

function toldSize(
  data: Fields,
  results: readonly Fields[],
): { width: unknown; height: unknown } | undefined {
  const sized = results.find((result) => result["original_width"] !== undefined);
  if (sized) return { width: sized["original_width"], height: sized["original_height"] };
  return data["width"] === undefined ? undefined : { width: data["width"], height: data["height"] };
}

/** Throws a UserError unless the sides of two sizes have the same ratio, within the rounding to whole pixels. */
function compareShape(told: Size, image: Size, file: string, where: string): void {
  const difference = Math.abs(told.width * image.height - image.width * told.height);
  if (difference <= Math.max(told.width, told.height, image.width, image.height)) return;
  throw new UserError(
    `${where}: its results are for an image of ${told.width}x${told.height}, but its image ${file} is ${image.width}x${image.height}`,
  );
}

/** Enters the objects of a task into the ledger, and what is lost before they are drawn. */
function enterTask(
  { regions, results, unused, choices, data }: OpenTask,
  size: Size,
  name: string,
  { losses }: SourceOptions,
): void {
  losses.read(name, regions.length + unused);
  if (choices > 1) {
    losses.add(
      "of several annotations of the task one was taken: the ground truth, or else the newest with results",
      name,
      unused,
    );
  }
  const told = toldSize(data, results);
  if (told && (told.width !== size.width || told.height !== size.height)) {
    losses.add(
      "results made at another size are drawn at that of the image; brush strokes are scaled",
      name,
    );
  }
}
