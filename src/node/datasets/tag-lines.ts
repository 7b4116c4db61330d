import type { Problem, TagTaker } from "./listing.ts";

/** Checks what the readers of tags files find in a file. Lines with the same tags share one list of them. */
export class TagLines {
  readonly problems: Problem[] = [];
  /** Lists of tags by how they are written: with semicolons between, or as lists. */
  private readonly ofTexts = new Map<string, readonly string[]>();
  private readonly ofLists = new Map<string, readonly string[]>();
  private readonly words = new Map<string, string>();

  constructor(
    private readonly path: string,
    private readonly taker: TagTaker,
  ) {}

  error(message: string, line?: number): void {
    this.problems.push({ severity: "error", file: this.path, line, message });
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
    this.taker.take({
      file: file.trim().replaceAll("\\", "/"),
      tags: this.listOf(tags),
      split: split?.trim() ? this.once(split.trim()) : undefined,
      line,
    });
  }

  private listOf(tags: string | readonly string[]): readonly string[] {
    const key = typeof tags === "string" ? tags : JSON.stringify(tags);
    const lists = typeof tags === "string" ? this.ofTexts : this.ofLists;
    let list = lists.get(key);
    if (!list) {
      const words = typeof tags === "string" ? tags.split(";") : tags;
      const clean = words.map((tag) => tag.normalize("NFC").trim()).filter((tag) => tag !== "");
      list = [...new Set(clean.map((tag) => this.once(tag)))];
      lists.set(key, list);
    }
    return list;
  }

  /** The same text, the same string each time, and none that is a part of the file's and keeps it in memory. */
  private once(text: string): string {
    const before = this.words.get(text);
    if (before !== undefined) return before;
    const own = [text.slice(0, 1), text.slice(1)].join("");
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
