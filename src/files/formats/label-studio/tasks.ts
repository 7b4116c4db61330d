import { UserError } from "../../../user-error.ts";
import { isImageName } from "../../../method/images/image-name.ts";
import { isObject, type Fields } from "../text-files.ts";

/** A task of an export, with the annotation that its mask comes from. */
export interface Task {
  /** Path of its image within its storage, or the last part of a web address. */
  readonly fileName: string;
  readonly data: Fields;
  /** Results of the annotation that was chosen. */
  readonly results: readonly Fields[];
  /** Number of results of the other annotations. */
  readonly unused: number;
  /** Number of annotations, or of predictions where nobody annotated it, that one was chosen from. */
  readonly choices: number;
  /** Reason why nothing is known about its image. */
  readonly problem?: string;
}

/** Whether a JSON value is a list of tasks with results, in full or in the short form (JSON-MIN). */
export function isLabelStudio(value: unknown): value is Fields[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isObject)) return false;
  return value.every(isTask) || value.some(isShortTask);
}

function isTask(task: Fields): boolean {
  const lists = ["annotations", "completions", "predictions"];
  return isObject(task["data"]) && lists.some((key) => key in task);
}

/** Whether an entry is a task in the short form: its data beside lists of shapes or texts, by the control's name. */
function isShortTask(task: Fields): boolean {
  return "annotation_id" in task || Object.values(task).some(isListOfShapes);
}

function isListOfShapes(value: unknown): value is Fields[] {
  const isShape = (item: unknown): boolean =>
    isObject(item) && Object.keys(item).some((key) => /labels$/.test(key) || key === "points");
  return Array.isArray(value) && value.length > 0 && value.every(isShape);
}

/** The tasks of an export. */
export function readTasks(value: readonly Fields[], path: string): Task[] {
  const tasks = value.every(isTask) ? value : expandShort(value);
  return tasks.map((task, i) => readTask(task, `${path}: task ${i + 1}`));
}

/** Tasks in full from entries of the short form, which has one for each annotation of a task. */
function expandShort(entries: readonly Fields[]): Fields[] {
  const byTask = new Map<unknown, { data: Fields; annotations: Fields[] }>();
  for (const [i, entry] of entries.entries()) {
    const shapes = Object.values(entry).filter(isListOfShapes).flat();
    const data = Object.entries(entry).filter(([, field]) => typeof field !== "object");
    const key = entry["id"] ?? `entry ${i}`;
    const task = byTask.get(key) ?? { data: Object.fromEntries(data), annotations: [] };
    byTask.set(key, task);
    const isAnnotated = shapes.length > 0 || "annotation_id" in entry;
    if (isAnnotated) task.annotations.push({ ...entry, result: shapes.map(expandShape) });
  }
  return [...byTask.values()];
}

/** A result in full; a shape and its label, which share an id there, have the same outline here. */
function expandShape(shape: Fields): Fields {
  const { original_width, original_height, image_rotation, type, ...value } = shape;
  const outline = Object.entries(value).filter(([key]) => !/labels$/.test(key));
  const head = { original_width, original_height, image_rotation };
  return { ...head, id: JSON.stringify(outline), type: String(type).toLowerCase(), value };
}

function readTask(task: Fields, where: string): Task {
  const data = task["data"] as Fields;
  const fileName = imageName(addressOf(data, where), where);
  const annotations = listOf(task["annotations"] ?? task["completions"]);
  const submitted = annotations.filter(({ was_cancelled, skipped, result }) => {
    return was_cancelled !== true && skipped !== true && Array.isArray(result);
  });
  const predictions = listOf(task["predictions"]).filter(({ result }) => Array.isArray(result));
  const isSkipped = submitted.length === 0 && wasSkipped(task, annotations);
  const list = submitted.length > 0 ? submitted : isSkipped ? [] : predictions;
  const chosen = choose(list);
  const results = resultsOf(chosen).filter(isObject);
  const unused = list.reduce((sum, one) => sum + resultsOf(one).length, -results.length);
  const facts = { fileName, data, results, unused, choices: list.length };
  if (chosen) return facts;
  const problem = isSkipped
    ? "was skipped by its annotator, so what its image shows is not known"
    : "was never labeled, so what its image shows is not known";
  return { ...facts, unused: 0, problem };
}

function wasSkipped(task: Fields, annotations: readonly Fields[]): boolean {
  return annotations.length > 0 || Number(task["cancelled_annotations"] ?? 0) > 0;
}

/** The ground truth, or else the newest annotation with results, or else the newest. */
function choose(list: readonly Fields[]): Fields | undefined {
  const truths = list.filter((one) => one["ground_truth"] === true);
  const candidates = truths.length > 0 ? truths : list;
  const filled = candidates.filter((one) => resultsOf(one).length > 0);
  const [first, ...others] = filled.length > 0 ? filled : candidates;
  return others.reduce<Fields | undefined>(
    (best, one) => (isOlder(one, best!) ? best : one),
    first,
  );
}

/** Whether an annotation is older than another one before it in the list. */
function isOlder(a: Fields, b: Fields): boolean {
  const [timeA, timeB] = [a, b].map((one) =>
    Date.parse(String(one["updated_at"] ?? one["created_at"])),
  );
  return timeA! < timeB!;
}

function listOf(value: unknown): Fields[] {
  return (Array.isArray(value) ? value : []).filter(isObject);
}

function resultsOf(annotation: Fields | undefined): unknown[] {
  return (annotation?.["result"] ?? []) as unknown[];
}

/** The address of a task's image: under the key `image`, or else the text that looks most like one. */
function addressOf(data: Fields, where: string): string {
  const texts = [data["image"], ...Object.values(data)].filter((text) => typeof text === "string");
  const address =
    texts.find((text) => isImageName(pathOf(text))) ??
    (typeof data["image"] === "string" ? data["image"] : undefined) ??
    texts.find((text) => /^\/|:\/\//.test(text)) ??
    texts[0];
  if (address !== undefined) return address;
  throw new UserError(`${where}: its "data" has no text, which would be the address of its image`);
}

/** The path in an address, as it is written there. */
function pathOf(url: string): string {
  return /[?&]d=([^&]*)/.exec(url)?.[1] ?? url.replace(/[?#].*$/, "");
}

/** The path of a task's image within its storage, or the last part of a web address. */
function imageName(url: string, where: string): string {
  try {
    const isLocal = /[?&]d=/.test(url);
    const decoded = decodeURIComponent(pathOf(url)).normalize("NFC").replaceAll("\\", "/");
    return !isLocal && /^\/|:\/\//.test(url)
      ? decoded.slice(decoded.lastIndexOf("/") + 1) || "unnamed"
      : decoded;
  } catch (error) {
    throw new UserError(`${where}: its image "${url.slice(0, 100)}" is not a valid address`, {
      cause: error,
    });
  }
}
