import { csvField } from "../../../files/text/csv.ts";
import { fieldsOf, type Field, type TagTable } from "./table-rows.ts";

/** How a table writes rows and tags. */
export type TableForm = Pick<TagTable, "columns" | "hasHeader" | "width" | "separator"> & {
  /** What stands between the tags of an image. */
  readonly between: string;
};

/** Where the tags of a row stand: its first field takes all of them, the others become empty. */
function tagFields(fields: readonly Field[], { columns, hasHeader }: TableForm): number[] {
  // Without a header, any number of tags may follow.
  if (hasHeader || columns.split >= 0) return columns.tags.filter((i) => i < fields.length);
  return fields.flatMap((_, i) => (i === columns.file ? [] : [i]));
}

/** The tags of a row, as the reader of data sets understands them. */
export function tagsOfRow(row: string, form: TableForm): string[] {
  const fields = fieldsOf(row, form.separator);
  const text = tagFields(fields, form)
    .map((i) => fields[i]!.value)
    .join(";");
  const parts = text.replaceAll("|", ";").replaceAll(form.between, ";").split(";");
  const clean = parts.map((tag) => tag.normalize("NFC").trim()).filter((tag) => tag !== "");
  return [...new Set(clean)];
}

/** The row with other tags; everything else stays as it stands there. */
export function withTags(row: string, tags: readonly string[], form: TableForm): string {
  const fields = fieldsOf(row, form.separator);
  const [first, ...others] = tagFields(fields, form);
  if (first === undefined) return row;
  const texts = new Map(others.map((i) => [i, ""]));
  texts.set(first, field(tags.join(form.between), form.separator));
  // From the end, so that the places before stay right.
  return [...texts]
    .sort(([a], [b]) => b - a)
    .reduce((text, [i, value]) => {
      const { start, end } = fields[i]!;
      return text.slice(0, start) + value + text.slice(end);
    }, row);
}

/** A new row, without a line end. */
export function newRow(file: string, tags: readonly string[], form: TableForm): string {
  const { columns, separator, between, width } = form;
  const [first = 1] = columns.tags;
  const least = Math.max(width, columns.file + 1, first + 1);
  const texts = new Array<string>(least).fill("");
  texts[columns.file] = field(file, separator);
  texts[first] = field(tags.join(between), separator);
  return texts.join(separator);
}

function field(text: string, separator: string): string {
  const written = csvField(text);
  const isBare = written.includes(separator) && !written.startsWith('"');
  return isBare ? `"${written.replaceAll('"', '""')}"` : written;
}

/** What stands between tags: semicolons, or commas in a table whose columns semicolons separate and whose tags commas do. */
export function betweenTags(table: TagTable): string {
  if (table.separator !== ";") return ";";
  const form = { ...table, between: ";" };
  const texts = (row: string): string => {
    const fields = fieldsOf(row, table.separator);
    return tagFields(fields, form)
      .map((i) => fields[i]!.value)
      .join("\n");
  };
  const rows = table.rows.slice(table.hasHeader ? 1 : 0).map(({ text }) => texts(text));
  if (rows.some((text) => text.includes(";"))) return ";";
  return rows.some((text) => text.includes(",")) ? "," : ";";
}
