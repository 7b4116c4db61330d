import { type Problem, type TagSink, originAt } from "../listing/listing.ts";
import type { Encoding } from "../../text/encoding.ts";
import { ownCopy } from "../../text/pieces.ts";

/** Checks the lines of a tags file and passes them on. Lines with the same tags share one array of them. */
export class TagLines {
  readonly problems: Problem[] = [];
  /** Arrays of tags by the text that lists them: separated by semicolons, or as JSON. */
  private readonly bySemicolons = new Map<string, readonly string[]>();
  private readonly byJson = new Map<string, readonly string[]>();
  /** One string for each word; none is a slice of the file's text, which would stay in memory with it. */
  private readonly words = new Map<string, string>();

  constructor(
    private readonly path: string,
    private readonly sink: TagSink,
  ) {}

  error(message: string, line?: number): void {
    this.problems.push({ severity: "error", ...originAt(this.path, line), message });
  }

  warn(message: string, line?: number): void {
    this.problems.push({ severity: "warning", ...originAt(this.path, line), message });
  }

  /** Tells that the file is not UTF-8, where letters may have been taken for others. */
  warnOfEncoding(encoding: Encoding, line: string): void {
    if (encoding !== "windows-1252") return;
    this.warn(
      `is not UTF-8; lines that are not are read as Windows-1252, as in "${line.slice(0, 80)}"; if its letters are ` +
        "wrong, save the file as UTF-8",
    );
  }

  /** Reports a broken file: this error replaces all lines and problems so far. */
  refuse(message: string, line?: number): void {
    this.sink.clear();
    this.problems.length = 0;
    this.error(message, line);
  }

  /** Checks an object `{file, tags, split}`, whose fields may have any type that JSON has, and passes it on. */
  add(value: unknown, line?: number, subject = "this line"): void {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return this.error(
        `${subject} is ${show(value)}, expected {"file": "...", "tags": ["..."]}`,
        line,
      );
    }
    const fields = value as Record<string, unknown>;
    const { file = first(fields, fileKeys), tags = first(fields, tagKeys), split } = fields;
    if (typeof file !== "string" || file.trim() === "") {
      return this.error(
        `${subject} has "file": ${show(file)}, expected the name of an image`,
        line,
      );
    }
    if (typeof tags !== "string" && !isTexts(tags)) {
      return this.error(`${file} has "tags": ${show(tags)}, expected a list of words`, line);
    }
    if (split !== undefined && split !== null && typeof split !== "string") {
      return this.error(
        `${file} has "split": ${show(split)}, expected a word such as "train"`,
        line,
      );
    }
    const list =
      typeof tags === "string" ? this.listOfText(tags) : this.listOfJson(JSON.stringify(tags));
    this.take(file, list, split ?? undefined, line);
  }

  /** Passes on a line with tags that `listOfJson` returned. */
  take(file: string, tags: readonly string[], split: string | undefined, line?: number): void {
    this.sink.take({
      file: file.trim().replaceAll("\\", "/"),
      tags,
      split: split?.trim() ? this.shared(split.trim()) : undefined,
      line,
    });
  }

  /** The tags in a text, separated by semicolons. */
  private listOfText(text: string): readonly string[] {
    return this.bySemicolons.get(text) ?? this.store(this.bySemicolons, text, text.split(";"));
  }

  /** The tags in a JSON list. */
  listOfJson(json: string): readonly string[] {
    const list = this.byJson.get(json);
    return list ?? this.store(this.byJson, json, JSON.parse(json) as string[]);
  }

  private store(
    lists: Map<string, readonly string[]>,
    text: string,
    words: readonly string[],
  ): readonly string[] {
    const clean = words.map((tag) => tag.normalize("NFC").trim()).filter((tag) => tag !== "");
    const list = [...new Set(clean.map((tag) => this.shared(tag)))];
    lists.set(ownCopy(text), list);
    return list;
  }

  /** The string in `words` that equals a text. */
  private shared(text: string): string {
    const word = this.words.get(text);
    if (word !== undefined) return word;
    const own = ownCopy(text);
    this.words.set(own, own);
    return own;
  }
}

/** Other usual names of the fields. */
const [fileKeys, tagKeys] = [
  ["filename", "file_name", "image", "path"],
  ["labels", "label", "tag", "classes"],
] as const;

/** Whether an object of JSON has a field for tags, whatever that holds. */
export function hasTags(value: unknown): boolean {
  const fields = (value ?? {}) as Record<string, unknown>;
  return typeof value === "object" && (fields["tags"] ?? first(fields, tagKeys)) !== undefined;
}

function first(fields: Record<string, unknown>, keys: readonly string[]): unknown {
  const key = keys.find((name) => fields[name] !== undefined);
  return key === undefined ? undefined : fields[key];
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** The beginning of a value as JSON, for a message. */
export function show(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? "missing";
  } catch {
    // JSON.parse accepts any depth, JSON.stringify does not.
    text = "something nested too deeply";
  }
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
