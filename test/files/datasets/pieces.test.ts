import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { TagLines } from "../../../src/files/datasets/tags/lines.ts";
import { readCsv } from "../../../src/files/datasets/tags/csv.ts";
import { readJson, readJsonLines } from "../../../src/files/datasets/tags/json.ts";
import { linesOf, readChunks, readPieces, type Text } from "../../../src/files/text/pieces.ts";
import { bytesOf, foundLines } from "./found-lines.ts";
import { UserError } from "../../../src/user-error.ts";

const folder = mkdtempSync(join(tmpdir(), "tag2mask-pieces-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "text");

type Read = (text: Text, out: TagLines) => void;

/** Parts of texts, put together at random: well-formed, or not quite. */
const texts = (...parts: string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...parts), { maxLength: 40 }).map((chosen) => chosen.join(""));
const csv = texts(
  "a.jpg",
  "é.jpg",
  ",",
  ",x;y",
  ',"x, ""y"""',
  '"b\n.jpg"',
  " ",
  "\n",
  "\r\n",
  '"',
);
const image = texts(
  ...[
    '{"file": "a.jpg", "tags": ["x", "y"]}',
    '{"file":"é.jpg","tags":[],"split":"val"}',
    ",",
    "\n",
  ],
  ...['{"tags":"x;y","file":"b.jpg"}', '{"file":" ","tags":["x"]}', '{"file":"a","tags":["x\\n"]}'],
  ...['{"file":"a]}","tags":["]}"]}', "[", "]", "{", "12", " ", '"'],
);
const member = texts(
  '"a.jpg": ["x"]',
  '"b":"x;y"',
  '"é":[ "x" , "y" ]',
  '" ":["x"]',
  ",",
  "\n",
  "3",
);

test.each<[string, Read, fc.Arbitrary<string>]>([
  ["CSV", readCsv, csv.map((rows) => `file,tags\n${rows}`)],
  ["CSV without a header", readCsv, csv],
  ["JSON lines", readJsonLines, image],
])("%s says the same in pieces as from the whole text", (_, read, written) => {
  const property = fc.property(written, fc.integer({ min: 1, max: 30 }), (text, bytes) => {
    writeFileSync(path, text);
    const inPieces = readPieces(path, (pieces) => foundLines(read, pieces), bytes);
    expect(inPieces).toEqual(foundLines(read, text));
  });
  fc.assert(property, { seed: 7, numRuns: 1500 });
});

test.each<[string, fc.Arbitrary<string>]>([
  ["a JSON list", image.map((images) => `[${images}]`)],
  ["a JSON object", member.map((members) => `{${members}}`)],
  ["JSON of any kind", image],
])(
  "%s says the same in chunks as from the whole text, with or without a byte order mark",
  (_, written) => {
    const size = fc.integer({ min: 1, max: 30 });
    const property = fc.property(written, size, fc.boolean(), (text, bytes, marked) => {
      writeFileSync(path, `${marked ? "\uFEFF" : ""}${text}`);
      const inChunks = readChunks(path, (chunks) => foundLines(readJson, chunks), bytes);
      expect(inChunks).toEqual(foundLines(readJson, bytesOf(text)));
    });
    fc.assert(property, { seed: 7, numRuns: 1500 });
  },
);

test("lines in pieces are those of the whole text, whatever bytes there are", () => {
  const bytes = fc.uint8Array({ maxLength: 60 });
  const letters = fc.array(fc.constantFrom(10, 13, 65, 0xef, 0xbb, 0xbf, 0xe2, 0x82, 0xf0, 0x9f));
  const content = fc.oneof(bytes, letters.map(Uint8Array.from.bind(Uint8Array)));
  const property = fc.property(content, fc.integer({ min: 1, max: 9 }), (data, size) => {
    writeFileSync(path, data);
    const text = Buffer.from(data)
      .toString("utf8")
      .replace(/^\uFEFF/, "");
    const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
    // A line feed ends a line; what is behind the last is none if it is empty.
    if (text === "" || text.endsWith("\n")) lines.pop();
    expect(readPieces(path, (pieces) => [...linesOf(pieces)], size)).toEqual(lines);
    expect(readPieces(path, (pieces) => [...pieces].join(""), size)).toBe(text);
  });
  fc.assert(property, { seed: 9, numRuns: 1000 });
});

/** By JSON.parse alone, as it is said of a line. */
function plainly(text: Text, out: TagLines): void {
  let line = 0;
  for (const row of linesOf(text)) {
    line++;
    if (row.trim() === "") continue;
    try {
      out.add(JSON.parse(row), line);
    } catch (error) {
      out.error(`not readable as JSON: ${(error as Error).message}`, line);
    }
  }
}

test("images of the usual form are read as by JSON.parse", () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab .;/\\"]}é\u0001\t'), maxLength: 4 });
  const written = fc.oneof(
    text.map((value) => JSON.stringify(value)),
    text.map((value) => `"${value}"`),
  );
  const gap = fc.constantFrom("", "", " ", "\t", "\u00a0");
  const split = fc.option(
    fc.constantFrom('"split":"val"', '"split" : ""', '"split":null', '"tags":[]'),
  );
  const line = fc
    .tuple(written, fc.array(written, { maxLength: 3 }), split, gap)
    .map(
      ([file, tags, last, blank]) =>
        `${blank}{"file":${blank}${file},${blank}"tags":[${tags.join(`${blank},`)}]` +
        `${last === null ? "" : `,${last}`}${blank}}${blank}`,
    );
  const property = fc.property(fc.array(line, { maxLength: 4 }), (rows) => {
    const whole = rows.join("\n");
    expect(foundLines(readJsonLines, whole)).toEqual(foundLines(plainly, whole));
  });
  fc.assert(property, { seed: 11, numRuns: 2000 });
});

test("a text longer than patterns are tried on is read all the same", () => {
  const tag = "x".repeat(5 << 20);
  const line = JSON.stringify({ file: "a.jpg", tags: [tag] });
  const expected = [{ file: "a.jpg", tags: [tag], line: 1 }];
  expect(foundLines(readJsonLines, line).taken).toMatchObject(expected);
  expect(foundLines(readJson, bytesOf(`[${line}]`)).taken).toMatchObject(expected);
});

function beginOnly(pieces: Text): Iterator<string> {
  const begun = pieces[Symbol.iterator]();
  expect(begun.next().value).toBe("a\n");
  return begun;
}

test("a file is closed where its reader stops early, and one that cannot be read is named", () => {
  writeFileSync(path, "a\nb\nc\n");
  const begun = readPieces(path, beginOnly, 2);
  expect(begun.next().done).toBe(true);
  expect(() => readPieces(folder, (pieces) => [...pieces])).toThrow(
    new UserError(`${folder}: cannot be read: is a folder, a file was expected`),
  );
});
