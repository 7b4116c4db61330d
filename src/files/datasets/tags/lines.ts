import { type Problem, type TagTaker, originAt } from "../listing/listing.ts";
import { ownCopy } from "../../text/pieces.ts";

/** Checks what the readers of tags files find in a file. Lines with the same tags share one list of them. */
export class TagLines {
  readonly problems: Problem[] = [];
  /** Lists of tags by how they are written: with semicolons between, or in JSON. */
  private readonly ofTexts = new Map<string, readonly string[]>();
  private readonly ofLists = new Map<string, readonly string[]>();
  private readonly words = new Map<string, string>();

  constructor(
    private readonly path: string,
    private readonly taker: TagTaker,
  ) {}

  error(message: string, line?: number): void {
    this.problems.push({ severity: "error", ...originAt(this.path, line), message });
  }

  /** The one thing to say of a file that is broken, whatever was found before. */
  refuse(message: string, line?: number): void {
    this.taker.clear();
    this.problems.length = 0;
    this.error(message, line);
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

  /** Takes an image with a list that was found here. */
  take(file: string, tags: readonly string[], split: string | undefined, line?: number): void {
    this.taker.take({
      file: file.trim().replaceAll("\\", "/"),
      tags,
      split: split?.trim() ? this.once(split.trim()) : undefined,
      line,
    });
  }

  /** Tags with semicolons between. */
  private listOfText(text: string): readonly string[] {
    return this.ofTexts.get(text) ?? this.keep(this.ofTexts, text, text.split(";"));
  }

  /** Tags in a list as JSON has it written. */
  listOfJson(written: string): readonly string[] {
    const known = this.ofLists.get(written);
    return known ?? this.keep(this.ofLists, written, JSON.parse(written) as string[]);
  }

  private keep(
    lists: Map<string, readonly string[]>,
    written: string,
    words: readonly string[],
  ): readonly string[] {
    const clean = words.map((tag) => tag.normalize("NFC").trim()).filter((tag) => tag !== "");
    const list = [...new Set(clean.map((tag) => this.once(tag)))];
    lists.set(ownCopy(written), list);
    return list;
  }

  /** The same text, the same string each time, and none that is a part of the file's. */
  private once(text: string): string {
    const before = this.words.get(text);
    if (before !== undefined) return before;
    const own = ownCopy(text);
    this.words.set(own, own);
    return own;
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** A value in a message: its beginning, as JSON. */
export function show(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? "missing";
  } catch {
    // JSON can be read at any depth, but not written.
    text = "something nested too deeply";
  }
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
