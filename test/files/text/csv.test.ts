import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CsvError, csvField, CsvParser, parseCsv } from "../../../src/files/text/csv.ts";

type Records = [fields: string[], line: number][];

/** The records of a text that arrives in pieces of some letters, or the line of the error. */
function inPieces(text: string, letters: number, separators?: string): Records | number {
  const records: Records = [];
  const parser = new CsvParser((fields, line) => records.push([fields, line]), separators);
  try {
    for (let at = 0; at < text.length; at += letters) parser.push(text.slice(at, at + letters));
    parser.end();
    return records;
  } catch (error) {
    if (error instanceof CsvError) return error.line;
    throw error;
  }
}

/** The same by csv-parse; where the text is broken, 0. */
function byCsvParse(text: string, lineEnd: string): Records | 0 {
  try {
    const rows = parse(text, {
      info: true,
      raw: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      record_delimiter: lineEnd,
    }) as unknown as { record: string[]; raw: string; info: { lines: number } }[];
    // Its line is the one where a record ends, and its raw text begins with the empty lines before the record.
    return rows.map(({ record, raw, info }) => [
      record,
      info.lines - raw.trim().split(lineEnd).length + 1,
    ]);
  } catch {
    return 0;
  }
}

const parts = [
  "a",
  "b c",
  ",",
  ",",
  '"',
  '""',
  "END",
  "END",
  " ",
  "\t",
  '"xENDy"',
  '"" "',
  '"q,""r"""',
];
const written = fc
  .array(fc.constantFrom(...parts), { maxLength: 14 })
  .map((chosen) => `a,b END${chosen.join("")}`);

test.each(["\n", "\r"])(
  "records are those of csv-parse with the line end %j, in pieces of any size",
  (end) => {
    const property = fc.property(written, fc.integer({ min: 1, max: 9 }), (pattern, letters) => {
      const text = pattern.replaceAll("END", end);
      const records = inPieces(text, letters);
      expect(inPieces(text, text.length)).toEqual(records);
      expect(typeof records === "number" ? 0 : records).toEqual(byCsvParse(text, end));
    });
    fc.assert(property, { seed: 3, numRuns: 3000 });
  },
);

test("the carriage return of a Windows line end belongs to no field, unless it is quoted", () => {
  const property = fc.property(written, fc.integer({ min: 1, max: 9 }), (pattern, letters) => {
    const [unix, windows] = ["\n", "\r\n"].map((end) => pattern.replaceAll("END", end));
    const records = inPieces(windows!, letters);
    const bare =
      typeof records === "number"
        ? records
        : records.map(([fields, line]) => [fields.map((one) => one.replaceAll("\r", "")), line]);
    expect(bare).toEqual(inPieces(unix!, 1000));
  });
  fc.assert(property, { seed: 5, numRuns: 2000 });
});

test("the first separator outside of quotes is that of all records, in pieces of any size", () => {
  const property = fc.property(written, fc.integer({ min: 1, max: 9 }), (pattern, letters) => {
    const text = pattern.replaceAll("END", "\n");
    const swapped = text.replace(/[,;]/g, (sign) => (sign === "," ? ";" : ","));
    const read = (one: string, separators?: string): Records | number =>
      inPieces(one, letters, separators);
    const records = read(text);
    expect(read(text, ",;")).toEqual(records);
    const back =
      typeof records === "number"
        ? records
        : records.map(([fields, line]) => [fields.map((one) => one.replaceAll(",", ";")), line]);
    expect(read(swapped, ",;")).toEqual(back);
  });
  fc.assert(property, { seed: 9, numRuns: 2000 });
  expect(inPieces('"a;b",c\n"d;e",f;g', 3, ",;")).toEqual([
    [["a;b", "c"], 1],
    [["d;e", "f;g"], 2],
  ]);
});

test.each([
  ['a,b\n"c" d,e', 2, 'field 1 goes on with "d" behind its quotes'],
  ['a\n"b\nc"d', 3, 'field 1 goes on with "d" behind its quotes'],
  ['a\n"" "c"', 2, 'field 1 goes on with """ behind its quotes'],
  ['a\nb,c "d"', 2, 'field 2 has a quote behind "c "'],
  ['a\n\nb,"c\nd\n', 3, "the quote that opens field 2 is never closed"],
])("%j is broken in line %i: %s", (text, line, message) => {
  expect(() => parseCsv(text)).toThrow(message);
  expect(inPieces(text, 1)).toBe(line);
});

test("a field as it is written is read as it was", () => {
  const field = fc.string({ unit: fc.constantFrom(...'ab ,"\n\r\t;'), maxLength: 6 });
  const rows = fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 4 });
  const property = fc.property(rows, (fields) => {
    const text = [["file", "tags"], ...fields].map((row) => `${row.map(csvField).join(",")}\n`);
    expect(parseCsv(text.join("")).slice(1)).toEqual(fields);
  });
  fc.assert(property, { seed: 7, numRuns: 1000 });
});

test.each([
  ["=1+1", "'=1+1"],
  ["+cmd", "'+cmd"],
  ["-cat.jpg", "'-cat.jpg"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["\tx", "'\tx"],
  ["\rx", '"\'\rx"'],
  ["=a,b", '"\'=a,b"'],
  ["'=x", "''=x"],
  ["-0.5", "-0.5"],
  ["+1e-3", "+1e-3"],
  ["'tis", "'tis"],
])("a spreadsheet takes %j for no formula: %j", (text, field) => {
  expect(csvField(text)).toBe(field);
});

test("whatever a field holds, reading gives back what was written", () => {
  const text = fc.array(fc.constantFrom("'", "=", "+", "-", "@", "\t", "\r", "1", ".", "a", ",", '"', "\n"), { maxLength: 6 }).map((letters) => letters.join("")); // prettier-ignore
  fc.assert(
    fc.property(fc.array(text, { minLength: 2, maxLength: 3 }), (fields) => {
      const [record] = parseCsv(`a,b\n${fields.map(csvField).join(",")}\n`).slice(1);
      expect(record ?? []).toEqual(fields);
    }),
    { seed: 3, numRuns: 2000 },
  );
});
