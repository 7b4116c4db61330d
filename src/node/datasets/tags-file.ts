import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { CsvError, parse } from "csv-parse/sync";
import { UserError } from "../../user-error.ts";
import { unreadable } from "../file-error.ts";
import type { Problem, TagLine, TagsFile } from "./listing.ts";
import { readTagsNpy } from "./tags-npy.ts";

/** Names a tags file may have, the first that exists is read. */
export const tagsFileNames: readonly string[] = ["tags.csv", "tags.jsonl", "tags.json"];

/**
 * Reads image tags, told apart by the ending:
 * - `.csv` with a header `file,tags[,split]`, several tags separated by semicolons;
 * - `.jsonl`, a line per image: `{"file": "a.jpg", "tags": ["cat"], "split": "train"}`;
 * - `.json`, a list of such objects or one object `{"a.jpg": ["cat"]}`;
 * - `.npy`, a pickled dictionary from names to vectors, whose places are those of `classes`.
 */
export async function readTagsFile(
  path: string,
  classes: readonly string[] | undefined,
): Promise<TagsFile> {
  if (extname(path).toLowerCase() === ".npy") {
    if (classes) return readTagsNpy(path, classes);
    throw new UserError(
      `${path}: its vectors name no classes; list them in classes.txt, in the order of the vectors`,
    );
  }
  const text = await readText(path);
  const collector = new Collector(path);
  const ending = extname(path).toLowerCase();
  if (ending === ".csv") readCsv(text, collector);
  else if (ending === ".jsonl") readJsonLines(text, collector);
  else if (ending === ".json") readJson(text, collector);
  else throw new UserError(`${path}: tags are read from .csv, .jsonl, .json and .npy files`);
  return collector;
}

/** A text file without its byte order mark. */
export async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    throw unreadable(path, error);
  }
}

class Collector implements TagsFile {
  readonly lines: TagLine[] = [];
  readonly problems: Problem[] = [];

  constructor(private readonly path: string) {}

  error(message: string, line?: number): void {
    this.problems.push({ severity: "error", file: this.path, line, message });
  }

  /** Takes `{file, tags, split}` of whatever types a JSON file had. */
  add(value: unknown, line?: number, what = "this line"): void {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return this.error(
        `${what} is ${show(value)}, expected {"file": "...", "tags": ["..."]}`,
        line,
      );
    }
    const { file, tags, split } = value as Record<string, unknown>;
    if (typeof file !== "string" || file.trim() === "") {
      return this.error(`${what} has "file": ${show(file)}, expected the name of an image`, line);
    }
    const list = typeof tags === "string" ? tags.split(";") : tags;
    if (!Array.isArray(list) || !list.every((tag) => typeof tag === "string")) {
      return this.error(`${file} has "tags": ${show(tags)}, expected a list of words`, line);
    }
    if (split !== undefined && split !== null && typeof split !== "string") {
      return this.error(
        `${file} has "split": ${show(split)}, expected a word such as "train"`,
        line,
      );
    }
    this.lines.push({
      file: file.trim().replaceAll("\\", "/"),
      tags: cleanTags(list),
      ...(split?.trim() ? { split: split.trim() } : {}),
      ...(line === undefined ? {} : { line }),
    });
  }
}

function cleanTags(tags: readonly string[]): string[] {
  return [...new Set(tags.map((tag) => tag.normalize("NFC").trim()).filter((tag) => tag !== ""))];
}

function show(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? "missing";
  } catch {
    // JSON can be read at any depth, but not written.
    text = "something nested too deeply";
  }
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

function readCsv(text: string, out: Collector): void {
  const header: string[] = [];
  let rows: { record: string[]; info: { lines: number } }[];
  try {
    rows = parse(text, {
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as typeof rows;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Number(error["lines"]) || undefined;
    return out.error(
      `not readable as CSV: ${error.message.replace(/ (at|on) line \d+/g, "")}`,
      line,
    );
  }
  for (const { record, info } of rows) {
    // `lines` is where a record ends; quoted line breaks inside it begin earlier.
    const line = info.lines - record.join("").split("\n").length + 1;
    if (header.length === 0) {
      header.push(...record.map((name) => name.toLowerCase()));
      const missing = ["file", "tags"].filter((name) => !header.includes(name));
      if (missing.length > 0) {
        return out.error(
          `the header is "${record.join(",")}", expected "file,tags" or "file,tags,split" in the first line`,
          line,
        );
      }
    } else if (record.length !== header.length) {
      out.error(
        `${record.length} fields, expected ${header.length} (${header.join(",")}); ` +
          "separate several tags by semicolons",
        line,
      );
    } else {
      const field = (name: string): string | undefined => record[header.indexOf(name)];
      out.add({ file: field("file"), tags: field("tags"), split: field("split") }, line);
    }
  }
  if (header.length === 0) out.error('the file is empty, expected a header "file,tags"', 1);
}

function readJsonLines(text: string, out: Collector): void {
  text.split(/\r?\n/).forEach((row, i) => {
    if (row.trim() === "") return;
    try {
      out.add(JSON.parse(row), i + 1);
    } catch (error) {
      out.error(`not readable as JSON: ${(error as Error).message}`, i + 1);
    }
  });
}

function readJson(text: string, out: Collector): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const position = /position (\d+)/.exec(message)?.[1];
    const line =
      position === undefined ? lineAt(text, text.length) : lineAt(text, Number(position));
    return out.error(
      `not readable as JSON: ${message.replace(/ in JSON at position.*/, "")}`,
      line,
    );
  }
  // JSON has no lines of its own: an entry is where its file name is first written after the last one.
  let from = 0;
  const lineOf = (file: unknown): number | undefined => {
    const at = typeof file === "string" ? text.indexOf(JSON.stringify(file), from) : -1;
    if (at < 0) return undefined;
    [from, line] = [at, line + newLines(text, from, at)];
    return line;
  };
  let line = 1;
  if (Array.isArray(value)) {
    value.forEach((entry: unknown, i) => {
      const file = (entry as { file?: unknown } | null)?.file;
      out.add(entry, lineOf(file), `entry ${i + 1}`);
    });
  } else if (typeof value === "object" && value !== null) {
    for (const [file, tags] of Object.entries(value)) out.add({ file, tags }, lineOf(file));
  } else {
    out.error(`the file holds ${show(value)}, expected a list or an object of images`, 1);
  }
}

function newLines(text: string, from: number, to: number): number {
  let count = 0;
  for (let i = text.indexOf("\n", from); i >= 0 && i < to; i = text.indexOf("\n", i + 1)) count++;
  return count;
}

function lineAt(text: string, position: number): number {
  return 1 + newLines(text, 0, position);
}
