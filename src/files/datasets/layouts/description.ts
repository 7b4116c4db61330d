import * as z from "zod/mini";
import { nearest } from "../../../method/config/nearest.ts";
import {
  foregroundClasses,
  guessedBackground,
  validateClasses,
} from "../../../method/images/classes.ts";
import { UserError } from "../../../user-error.ts";
import type { Store } from "../../../host/store.ts";
import { isFile } from "../../text/folders.ts";
import { join } from "../../text/path.ts";
import { isObject } from "../../formats/text-files.ts";
import { readAnyText } from "../../text/encoding.ts";
import { leavesFolder } from "../../text/file-name.ts";
import { inEnglish } from "../../text/in-english.ts";
import { parseYamlFile } from "../../text/yaml.ts";

const schema = z.strictObject({
  names: z.optional(z.union([z.array(z.string()), z.record(z.string(), z.string())])),
  images: z.exactOptional(z.string()),
  masks: z.exactOptional(z.string()),
  tags: z.exactOptional(z.string()),
  splits: z.optional(z.record(z.string(), z.union([z.string(), z.array(z.coerce.string())]))),
});

/** Keys of the data.yaml of YOLO, as Ultralytics and Roboflow write it; their folders are found by name. */
const yoloKeys: ReadonlySet<string> = new Set([
  ...["path", "train", "val", "valid", "test", "nc", "channels", "kpt_shape", "flip_idx"],
  ...["download", "roboflow", "masks_dir", "colors", "license", "version", "date", "author"],
]);

/** The content of a data.yaml, all of which is optional. */
export interface Description {
  /** Class names in label order. */
  readonly classes?: { readonly names: readonly string[]; readonly file: string };
  /** A sentence about the class names if they were understood by a guess: their letters, or the first as the background. */
  readonly guess?: string;
  /** Folders and files, from the data set's folder. */
  readonly images?: string;
  readonly masks?: string;
  readonly tags?: string;
  /** The images of each split, and the file that lists them. */
  readonly splits?: Readonly<
    Record<string, { readonly files: readonly string[]; readonly from: string }>
  >;
}

/**
 * Reads data.yaml and classes.txt of a data set, if they exist.
 *
 * data.yaml: `names` (a list, or a map from 0), `images`, `masks`, `tags` (their paths), `splits` (for each a list of
 * images, or a text file with one image per line). classes.txt: one class per line, in label order.
 */
export async function readDescription(store: Store, root: string): Promise<Description> {
  const path = join(root, "data.yaml");
  const description = (await isFile(store, path)) ? await readYaml(store, root, path) : {};
  if (description.classes) return description;
  const list = join(root, "classes.txt");
  if (!(await isFile(store, list))) return description;
  let foreign: string | undefined;
  const listed = textLines(await readAnyText(store, list, (line) => (foreign ??= line)));
  const found = classesIn(listed, list);
  if (foreign === undefined) return { ...description, ...found };
  const guess = `is not UTF-8; lines that are not are read as Windows-1252, as in "${foreign}"; if its letters are wrong, save the file as UTF-8`;
  const both = found.guess === undefined ? guess : `${found.guess}; ${guess}`;
  return { ...description, ...found, guess: both };
}

/** The classes of a list in label order, whose first name may be the background's. */
function classesIn(
  listed: readonly string[],
  file: string,
): Required<Pick<Description, "classes">> & Pick<Description, "guess"> {
  const names = foregroundClasses(listed, file);
  validateClasses(names, file);
  const guess = guessedBackground(listed);
  return { classes: { names, file }, ...(guess !== undefined && { guess }) };
}

/** The lines of a text that are not blank, trimmed. */
function textLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.normalize("NFC").trim())
    .filter((line) => line !== "");
}

async function readYaml(store: Store, root: string, path: string): Promise<Description> {
  const parsed = schema.safeParse(
    withoutYoloKeys((await parseYamlFile(await readAnyText(store, path), path)) ?? {}),
    inEnglish,
  );
  if (!parsed.success) throw new UserError(`${path}: ${explain(parsed.error.issues[0]!)}`);
  const { names, splits, ...places } = parsed.data;
  for (const [key, place] of Object.entries(places)) checkInside(place, `${path}: ${key}`);
  const description: Description = { ...places };
  const explicit = new Map<string, { files: string[]; from: string }>();
  for (const [split, files] of Object.entries(splits ?? {})) {
    if (Array.isArray(files)) explicit.set(split, { files, from: path });
    else {
      checkInside(files, `${path}: splits.${split}`);
      const from = join(root, files);
      explicit.set(split, { files: textLines(await readAnyText(store, from)), from });
    }
  }
  return {
    ...description,
    ...(names ? classesIn(orderedNames(names, path), path) : {}),
    ...(splits ? { splits: Object.fromEntries(explicit) } : {}),
  };
}

function withoutYoloKeys(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !yoloKeys.has(key)));
}

function explain(issue: z.core.$ZodIssue): string {
  const where = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    const suggestion = nearest(key, Object.keys(schema.shape));
    return `unknown key "${key}"; ${suggestion ? `did you mean "${suggestion}"?` : `known keys are ${Object.keys(schema.shape).join(", ")}`}`;
  }
  if (issue.code === "invalid_union") {
    return `${where} has the wrong type; ${
      where === "names"
        ? "expected a list of class names"
        : "expected a list of images or the name of a text file"
    }`;
  }
  return `${where ? `${where}: ` : ""}${issue.message}`;
}

/** Class names in label order, from a list or from a map such as YOLO's `{0: cat, 1: dog}`. */
function orderedNames(names: string[] | Record<string, string>, path: string): string[] {
  const list: string[] = [];
  if (Array.isArray(names)) list.push(...names);
  else {
    const count = Object.keys(names).length;
    for (let i = 0; i < count; i++) {
      const name = names[String(i)];
      if (name === undefined) {
        throw new UserError(
          `${path}: names has ${count} entries but none for ${i}; number them from 0`,
        );
      }
      list.push(name);
    }
  }
  return list.map((name) => name.normalize("NFC").trim());
}

/** Refuses a path that leads out of the data set, which must not name files elsewhere on the machine. */
function checkInside(place: string, where: string): void {
  if (leavesFolder(place)) {
    throw new UserError(`${where} is "${place}"; it must lie inside the data set's folder`);
  }
}
