import { createHash } from "node:crypto";
import type { Store } from "../../../host/store.ts";
import { leavesFolder } from "../../../files/text/file-name.ts";
import { UserError } from "../../../user-error.ts";
import { betweenTags, newRow, tagsOfRow, withTags, type TableForm } from "./row-edits.ts";
import { readTable } from "./table-rows.ts";
import { readText, storedText, type TextForm } from "./text-form.ts";

/** New tags of an image. */
export interface TagChange {
  /** Path from the folder of the images, as the table names it. */
  readonly file: string;
  /** Lines of the table that name the image, when it was read. */
  readonly lines: readonly number[];
  /** Null if they are not known any more. */
  readonly tags: readonly string[] | null;
}

/** A file's content, by its facts and its hash. */
export interface FileState {
  readonly modified: number;
  readonly size: number;
  readonly hash: string;
}

export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What a new table begins with. */
const header = "file,tags\n";

/** A table of tags in memory, row by row as it stands in the file. */
export class TagsFile {
  /** Rows by their line when the table was read, in order; new ones have numbers behind. */
  private readonly rows = new Map<number, string>();
  /** Rows that were taken out, so that they come back as they were. */
  private readonly removed = new Map<number, string>();
  /** Rows of images that had none when the table was read. */
  private readonly added = new Map<string, number>();
  private nextLine = 1;
  private readonly encoding: TextForm;
  private readonly form: TableForm;
  private readonly lineEnd: string;
  /** Whether the last row had no line end. */
  private readonly endsOpen: boolean;

  private constructor(path: string, bytes: Uint8Array) {
    const read = readText(bytes);
    if (!read) {
      throw new UserError(
        `${path}: has letters in an unknown encoding, so tags cannot be changed; save it as UTF-8`,
      );
    }
    this.encoding = read.form;
    const table = readTable(read.text, path);
    this.lineEnd = table.lineEnd;
    for (const { line, text } of table.rows) this.rows.set(line, text);
    const last = table.rows.at(-1);
    this.endsOpen = last !== undefined && !/[\r\n]$/.test(last.text);
    if (last && this.endsOpen) this.rows.set(last.line, last.text + this.lineEnd);
    this.nextLine = read.text.length + 2;
    this.form = { ...table, between: betweenTags(table) };
  }

  /** Reads a table; an empty one if there is none. */
  static async read(
    store: Store,
    path: string,
  ): Promise<{ file: TagsFile; state: FileState | null }> {
    const info = await store.stat(path);
    if (!info) return { file: new TagsFile(path, new TextEncoder().encode(header)), state: null };
    const bytes = await store.read(path);
    const { modified, size } = info;
    return { file: new TagsFile(path, bytes), state: { modified, size, hash: hashOf(bytes) } };
  }

  /** @param known names of classes; other tags that a row has are kept */
  apply(changes: readonly TagChange[], known: ReadonlySet<string>): void {
    for (const change of changes) this.applyOne(change, known);
  }

  bytes(): Uint8Array {
    const text = [...this.rows.values()].join("");
    const isOpen = this.endsOpen && this.added.size === 0 && text.endsWith(this.lineEnd);
    return storedText(isOpen ? text.slice(0, -this.lineEnd.length) : text, this.encoding);
  }

  private applyOne({ file, lines, tags }: TagChange, known: ReadonlySet<string>): void {
    const own = this.added.get(file);
    const all = own === undefined ? lines : [...lines, own];
    if (tags === null) return all.forEach((line) => this.takeOut(line));
    const isThere = (line: number): boolean => (this.rows.get(line) ?? "") !== "";
    if (!all.some(isThere)) this.bringBack(all);
    const present = all.filter(isThere);
    const [first] = present;
    if (first === undefined) return this.append(file, tags);
    const found = present.map((line) => tagsOfRow(this.rows.get(line)!, this.form));
    const before = new Set(found.flat());
    const wanted = new Set(tags);
    const fresh = tags.filter((tag) => !before.has(tag));
    present.forEach((line, i) => {
      const kept = found[i]!.filter((tag) => wanted.has(tag) || !known.has(tag));
      const next = line === first ? [...kept, ...fresh] : kept;
      if (next.join("\n") === found[i]!.join("\n")) return;
      // An image that is listed once for each of its tags loses the rows of those that were taken away.
      if (next.length === 0 && line !== first) this.takeOut(line);
      else this.rows.set(line, withTags(this.rows.get(line)!, next, this.form));
    });
  }

  private takeOut(line: number): void {
    const row = this.rows.get(line) ?? "";
    if (row === "") return;
    this.removed.set(line, row);
    this.rows.set(line, "");
  }

  private bringBack(lines: readonly number[]): void {
    for (const line of lines) {
      const row = this.removed.get(line);
      if (row !== undefined) this.rows.set(line, row);
    }
  }

  private append(file: string, tags: readonly string[]): void {
    const line = this.nextLine++;
    this.rows.set(line, newRow(file, tags, this.form) + this.lineEnd);
    this.added.set(file, line);
  }
}

/** Why a table cannot name a file; undefined if it can. */
export function unnamable(file: string): string | undefined {
  const isPlain = file === file.trim() && !file.includes("\\") && !leavesFolder(file);
  if (isPlain && file.normalize("NFC") !== "") return undefined;
  return "A table cannot hold a file name that begins or ends with a blank, or has a backslash; rename the file.";
}
