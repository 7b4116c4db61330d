import { excerpt } from "../../../user-error.ts";
import { listNames } from "../../text/list-names.ts";
import { counted } from "../../text/units.ts";
import { columnsOf, columnsOfRow, type Columns } from "./header.ts";
import type { TagLines } from "./lines.ts";

/** A field for a warning. */
interface Example {
  readonly line: number;
  readonly field: string;
}

/** The first of several fields. */
interface Examples extends Example {
  count: number;
}

/** The letter that stands for bytes that are not UTF-8. */
const broken = "\uFFFD";

/** Values of a class's column, in lower case. */
const [yes, no] = [
  new Set(["1", "1.0", "true", "yes", "x"]),
  new Set(["0", "0.0", "false", "no", ""]),
];

/** Assigns the fields of records to columns by the header, which is the first record, or without one by the first row. */
export class Table {
  /** Whether the table cannot be understood; the records that follow are ignored then. */
  isRefused = false;
  private header: readonly string[] = [];
  private columns: Columns | undefined;
  private hasHeader = true;
  /** The first line with semicolons between tags. */
  private firstList: number | undefined;
  /** Fields with commas that are read as one tag, and as several. */
  private withComma: Examples | undefined;
  private splitAtCommas: Examples | undefined;
  private withBar: Example | undefined;
  private withBrokenLetter: Example | undefined;
  /** Tags with a blank in them and the first line of each, as long as they are few. */
  private readonly withBlank = new Map<string, number>();
  private readonly single = new Set<string>();

  constructor(private readonly out: TagLines) {}

  get isEmpty(): boolean {
    return this.header.length === 0;
  }

  add(fields: readonly string[], line: number, separator: string): void {
    if (this.isRefused) return;
    // Spreadsheets write empty rows as separators alone, and may tell the separator in a line of its own.
    if (fields.every((field) => field === "")) return;
    if (!this.columns) {
      if (fields[0] === "sep=") return;
      this.columns = this.readHeader(fields, line);
      if (!this.columns || this.hasHeader) return;
    }
    const { header, columns, out } = this;
    // Without a header, any number of tags may follow.
    const isFree = !this.hasHeader && columns.split < 0;
    const isWrongLength = isFree ? fields.length <= columns.file : fields.length !== header.length;
    if (isWrongLength) {
      const remedy =
        separator === ";"
          ? 'put quotes around several tags: "cat;dog"'
          : "separate several tags by semicolons";
      const names = excerpt(header.join(separator));
      return out.error(
        `${counted(fields.length, "field")}, expected ${header.length} (${names}); ${remedy}`,
        line,
      );
    }
    const tags = columns.isOneHot
      ? this.classesOf(fields, line)
      : this.tagsOf(fields, line, separator);
    if (tags === undefined) return;
    const file = fields[columns.file]!;
    const withBrokenLetter = [file, tags].find((field) => field.includes(broken));
    if (withBrokenLetter) this.withBrokenLetter ??= { line, field: withBrokenLetter };
    out.add({ file, tags, split: fields[columns.split] }, line);
  }

  /** Warns of what was read in a way that is hardly meant. */
  warn(): void {
    const { firstList, withBrokenLetter: letter, withBar: bar, out } = this;
    const { withComma: comma, splitAtCommas: split } = this;
    if (letter) {
      out.warn(
        `"${letter.field}" has letters that are not UTF-8; save the spreadsheet as "CSV UTF-8"`,
        letter.line,
      );
    }
    if (comma && firstList === undefined) {
      const [cells, are] =
        comma.count === 1 ? ["", "is"] : [`${comma.count} cells like `, "are each"];
      out.warn(
        `${cells}"${comma.field}" ${are} read as one tag; separate tags by semicolons`,
        comma.line,
      );
    }
    if (split) {
      const [cells, are] = split.count === 1 ? ["", "is"] : [`${split.count} cells like `, "are"];
      const other = `; line ${firstList} has semicolons there, so use those throughout`;
      out.warn(
        `${cells}"${split.field}" ${are} read as several tags, with commas between them${firstList === undefined ? "" : other}`,
        split.line,
      );
    }
    if (bar) out.warn(`"${bar.field}" is read as several tags, with | between them`, bar.line);
    for (const [tag, line] of this.withBlank) {
      const words = tag.split(/\s+/);
      if (!words.every((word) => this.single.has(word))) continue;
      out.warn(
        `"${tag}" is read as one tag, but ${listNames(words.map((word) => `"${word}"`))} are tags too; separate several by semicolons`,
        line,
      );
      break;
    }
  }

  private tagsOf(fields: readonly string[], line: number, separator: string): string {
    const { tags: places } = this.columns!;
    const wanted = this.hasHeader || this.columns!.split >= 0 ? places : this.restOf(fields);
    const [first = 0] = wanted;
    const text =
      wanted.length === 1 ? fields[first]! : wanted.flatMap((i) => fields[i] || []).join(";");
    if (text.includes(";")) this.firstList ??= line;
    else if (text.includes(",")) {
      // Where semicolons separate columns, commas separate tags, unless semicolons were seen to do that too.
      if (separator === ";" && this.firstList === undefined) {
        this.splitAtCommas ??= { line, field: text, count: 0 };
        this.splitAtCommas.count++;
        return text.replaceAll(",", ";");
      }
      this.withComma ??= { line, field: text, count: 0 };
      this.withComma.count++;
    }
    this.noteBlanks(text, line);
    if (!text.includes("|")) return text;
    this.withBar ??= { line, field: text };
    return text.replaceAll("|", ";");
  }

  /** All columns but that of the file: rows of a table without a header may have any number of tags. */
  private restOf(fields: readonly string[]): readonly number[] {
    return fields.flatMap((_, i) => (i === this.columns!.file ? [] : [i]));
  }

  private noteBlanks(text: string, line: number): void {
    if (text.includes(";") || text === "" || this.withBlank.size > 1000) return;
    if (!/\s/.test(text.trim())) this.single.add(text.trim());
    else if (!this.withBlank.has(text.trim())) this.withBlank.set(text.trim(), line);
  }

  /** The names of the columns that have a 1; undefined, and the table refused, if a value is neither 0 nor 1. */
  private classesOf(fields: readonly string[], line: number): string | undefined {
    const { header, columns, out } = this;
    const names: string[] = [];
    for (const place of columns!.tags) {
      const value = fields[place]!.toLowerCase();
      if (yes.has(value)) names.push(header[place]!);
      else if (!no.has(value)) {
        this.isRefused = true;
        out.refuse(
          `"${fields[place]}" in the column "${header[place]}" is neither 0 nor 1; the header is "${header.join(",")}", ` +
            'which has no column "tags", so each of its columns would be a class; expected "file,tags" or a column of 0 and 1 for each class',
          line,
        );
        return undefined;
      }
    }
    return names.join(";");
  }

  private readHeader(fields: readonly string[], line: number): Columns | undefined {
    const { out } = this;
    this.header = fields;
    const row = columnsOfRow(fields);
    const columns = row ?? columnsOf(fields);
    if (!columns) {
      this.isRefused = true;
      out.error(
        `the header is "${fields.join(",")}", expected "file,tags" or "file,tags,split" in the first line`,
        line,
      );
      return undefined;
    }
    if (row) {
      this.hasHeader = false;
      const names = row.split < 0 ? "the image and its tags" : "the image, its tags and its split";
      out.warn(
        `has no header such as "file,tags"; its columns are taken for ${names} by the first line, "${fields.join(",")}"`,
        line,
      );
    } else if (columns.isOneHot) {
      const classes = columns.tags.map((i) => fields[i]!);
      out.warn(
        `has no column "tags"; its ${counted(classes.length, "other column")} ${classes.length === 1 ? "is" : "are"} taken for ` +
          `${classes.length === 1 ? "a class" : "classes"}, with 1 where an image shows one: ${listNames(classes)}`,
        line,
      );
    }
    if (columns.unused.length > 0) {
      out.warn(`the columns ${listNames(columns.unused)} are not read`, line);
    }
    return columns;
  }
}
