import type { Store } from "../../host/store.ts";
import { classesJson } from "../formats/classes-file.ts";
import { areWhole, isFinishedFile, type FinishedFile } from "../formats/finished-files.ts";
import { mergedFormat } from "../formats/merge.ts";
import type { MaskFormat, MaskLayout } from "../formats/formats.ts";
import { fileListName } from "../formats/older-files.ts";
import { confidenceFile } from "../report/confidence-table.ts";
import { parseJson } from "../text/parse-json.ts";
import { join } from "../text/path.ts";
import { textLines } from "../text/text-lines.ts";
import { damagedShard, recordsName } from "./records.ts";

/** The file that marks a folder of masks as complete. */
export const classesName = "classes.json";

/** What a shard was made with. */
export interface ShardFormats {
  readonly formats: readonly MaskFormat[];
  readonly layout: MaskLayout;
  /** Foreground class names; undefined if the shard has no `classes.json`. */
  readonly classes: readonly string[] | undefined;
}

/** Folder of a format, below that of the masks: its own if there are several. */
export function formatFolder(formats: readonly MaskFormat[], format: MaskFormat): string {
  return formats.length > 1 ? format : "";
}

/** Files of a shard that hold several masks, by their paths below it. */
export function wholeFiles({ formats, layout }: Omit<ShardFormats, "classes">): string[] {
  return formats.flatMap((format) =>
    mergedFormat(format, layout).files.map((file) => join(formatFolder(formats, format), file)),
  );
}

/** Whether a file of a shard is about all of its masks, and therefore not one of the merged folder. */
function isAboutAll(path: string): boolean {
  const names = [classesName, confidenceFile, recordsName, fileListName];
  return names.includes(path) || /^contact-sheet(-\d+)?\.html$/.test(path);
}

/**
 * The lines of a shard's list of files that are those of single images, in the order of their paths. A UserError if the list of its
 * images, or a file that holds several masks, is not as it was written, or if the classes are others.
 */
export async function* linesOfImages(
  store: Store,
  folder: string,
  about: ShardFormats,
): AsyncGenerator<string> {
  const path = join(folder, fileListName);
  const damaged = (what: string): Error => damagedShard(folder, what);
  if ((await store.stat(path))?.kind !== "file") throw damaged(`${fileListName} is missing`);
  const expected = new Set(wholeFiles(about));
  let [line, last] = [0, ""];
  for await (const text of textLines(store, path)) {
    line++;
    const file = asFile(text);
    if (!file || file.path <= last) throw damaged(`line ${line} of ${fileListName} is damaged`);
    last = file.path;
    const isRecords = file.path === recordsName;
    if (isAboutAll(file.path) && !isRecords) continue;
    if (!expected.has(file.path) && !isRecords) {
      yield text;
      continue;
    }
    if (!(await areWhole(store, folder, [file]))) throw damaged(`${file.path} is damaged`);
    expected.delete(file.path);
  }
  const [lost] = expected;
  if (lost !== undefined) throw damaged(`${lost} is not listed in ${fileListName}`);
  if (!about.classes) return;
  const classes = join(folder, classesName);
  const isThere = (await store.stat(classes))?.kind === "file";
  if (isThere && (await store.readText(classes)) === classesJson(about.classes)) return;
  throw damaged(`${classesName} does not have the classes of the job`);
}

/** The file of a line of a list; undefined if the line is damaged. */
export function asFile(line: string): FinishedFile | undefined {
  try {
    const value = parseJson(line);
    return isFinishedFile(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
