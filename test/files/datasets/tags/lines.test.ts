import { describe, expect, test } from "vitest";
import { readCsv } from "../../../../src/files/datasets/tags/csv.ts";
import { readJson, readJsonLines } from "../../../../src/files/datasets/tags/json.ts";
import { show } from "../../../../src/files/datasets/tags/lines.ts";
import { foundLines, type TagReader } from "../found-lines.ts";

test.each<[unknown, string]>([
  ["x".repeat(38), `"${"x".repeat(38)}"`],
  ["x".repeat(39), `"${"x".repeat(36)}...`],
  [undefined, "missing"],
  [null, "null"],
  [[1, "a"], '[1,"a"]'],
])("values are shown as JSON, 40 letters of them at most: %j", (value, expected) => {
  expect(show(value)).toBe(expected);
  expect(show(value).length).toBeLessThanOrEqual(40);
});

test.each<[string, TagReader, string]>([
  ["CSV", readCsv, "file,tags,split\n x\\a.jpg , cat; dog ;;cat,val\nb.jpg,,\n"],
  ["JSON lines", readJsonLines, '\n{"file":" x\\\\a.jpg ","tags":["cat "," dog","","cat"],"split":" val "}\n\n{"file":"b.jpg","tags":"","split":null}'], // prettier-ignore
  ["a JSON list", readJson, '[\n{"split":"val","file":"x/a.jpg","tags":"cat;dog"},\n\n{"file":"b.jpg","tags":[],"split":" "}]'], // prettier-ignore
])("names, tags and splits are trimmed in %s", async (_, read, text) => {
  const { taken, told } = await foundLines(read, text);
  expect(told).toEqual([]);
  expect(taken.map(({ file, tags, split }) => [file, tags, split])).toEqual([
    ["x/a.jpg", ["cat", "dog"], "val"],
    ["b.jpg", [], undefined],
  ]);
  expect(taken.map(({ line }) => line)).toEqual(text.startsWith("file") ? [2, 3] : [2, 4]);
});

const images = [
  ["a.jpg", ["cat", "dog"]],
  ["b.jpg", ["Bär"]],
  ["c.jpg", []],
];

test.each([
  [
    "semicolons, quotes, a byte order mark and CR LF",
    '\uFEFFFile;Tags\r\na.jpg;"cat;dog"\r\nb.jpg;Bär\r\nc.jpg;\r\n',
  ],
  ["semicolons in another order", 'split;tags;file\n;"cat; dog";a.jpg\n;Bär;b.jpg\n;;c.jpg\n'],
  ["commas, and empty rows", "file,tags\n,\na.jpg,cat;dog\nb.jpg,Bär\nc.jpg,\n,\n,\n"],
  ["a column for each further tag", "file,tags,,\na.jpg,cat,,dog\nb.jpg,Bär,,\nc.jpg,,,\n"],
  [
    "columns with semicolons, and others",
    ";file;tags;;split;\n0;a.jpg;cat;dog;;x\n1;b.jpg;Bär;;;y\n2;c.jpg;;;;\n",
  ],
])("a table as spreadsheets write it opens: %s", async (_, text) => {
  const { taken, told } = await foundLines(readCsv, text);
  expect(told).toEqual([]);
  expect(taken.map(({ file, tags, split }) => [file, tags, split])).toEqual(
    images.map((image) => [...image, undefined]),
  );
});

test("a table that was hardly meant as it is read is warned of once", async () => {
  const read = async (rows: string | Uint8Array) => (await foundLines(readCsv, rows)).told;
  const commas = 'file;tags\na.jpg;dog\nb.jpg;cat, dog\nc.jpg;"x,y"\n';
  expect(await read(commas)).toEqual([
    't:3: 2 cells like "cat, dog" are read as several tags, with commas between them',
  ]);
  expect(await read(`${commas}d.jpg;"x;y"\n`)).toEqual([
    expect.stringMatching(/^t:3: .*; line 5 has semicolons there, so use those throughout$/),
  ]);
  // Someone who separates tags by semicolons means the comma.
  expect(await read('file;tags\nd.jpg;"x;y"\na.jpg;big, dog\n')).toEqual([]);
  for (const row of ["a.jpg,Bär\n", "bär.jpg,a\n"]) {
    expect(await read(Buffer.from(`file,tags\n${row}${row}`, "latin1"))).toEqual([
      expect.stringMatching(/^t: is not UTF-8; .*Windows-1252, as in ".*Bär.*"; .*save the file/i),
    ]);
  }
  expect(await read("file;tags\na.jpg;cat;dog\n")).toEqual([
    't:2: 3 fields, expected 2 (file;tags); put quotes around several tags: "cat;dog"',
  ]);
});

test("an object of lists has the lines of its keys", async () => {
  const { taken } = await foundLines(readJson, '{\n"a.jpg": ["cat"],\n\n"b.jpg":\n"dog;cow"}');
  expect(taken).toMatchObject([
    { file: "a.jpg", tags: ["cat"], line: 2 },
    { file: "b.jpg", tags: ["dog", "cow"], line: 4 },
  ]);
});

describe("an entry is told of, with its line and what it has instead", () => {
  test.each<[string, RegExp]>([
    ["3", /^t:3: entry 2 is 3\b/],
    ["[1]", /^t:3: entry 2 is \[1\]/],
    ["null", /^t:3: entry 2 is null/],
    ["{}", /^t:3: entry 2 has "file": missing/],
    ['{"file": " "}', /^t:3: entry 2 has "file": " "/],
    ['{"file": 7}', /^t:3: entry 2 has "file": 7/],
    ['{"file": "b"}', /^t:3: b has "tags": missing/],
    ['{"file": "b", "tags": ["x", 1]}', /^t:3: b has "tags": \["x",1\]/],
    ['{"file": "b", "tags": {}}', /^t:3: b has "tags": \{\}/],
    ['{"file": "b", "tags": [], "split": 1}', /^t:3: b has "split": 1/],
    ['{"tags": 1,\n"file": "b"}', /^t:4: b has "tags": 1/],
    ['{"tags": 1,\n"file": "\\u0062"}', /^t:3: b has "tags": 1/],
  ])("%s", async (entry, message) => {
    const good = '{"file": "a", "tags": ["x"]}';
    const { taken, told } = await foundLines(readJson, `[\n${good},\n${entry},\n${good}]`);
    expect(taken).toHaveLength(2);
    expect(told).toEqual([expect.stringMatching(message)]);
  });
});

test.each<[string, TagReader, string, RegExp]>([
  ["an empty CSV file", readCsv, "", /^t:1: .*empty.*file,tags/],
  ["CSV with empty lines alone", readCsv, "\n\n", /^t:1: .*empty/],
  ["CSV without tags", readCsv, "\nfile,split\n", /^t:2: .*"file,split"/],
  ["CSV without file", readCsv, "tags,split\na,b", /^t:1: .*"tags,split"/],
  ["a line of JSON in JSON lines", readJsonLines, "3", /^t:1: this line is 3\b/],
  ["broken JSON lines", readJsonLines, '\n{"file"', /^t:2: not readable as JSON: ./],
  ["a JSON text of another kind", readJson, '\n"a"', /^t:1: the file holds "a"/],
  ["broken JSON", readJson, '[\n{"file": "a", "tags": []},\n{"file" 3}]', /^t:3: not readable as JSON: (?!.*position)./], // prettier-ignore
  ["JSON that ends too early", readJson, '[\n\n{"file": "a"', /^t:3: not readable as JSON: ./],
])("%s is told of", async (_, read, text, message) => {
  const { taken, told } = await foundLines(read, text);
  expect(taken).toEqual([]);
  expect(told).toEqual([expect.stringMatching(message)]);
});
