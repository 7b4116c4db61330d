import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeStore } from "../../src/host/node/files/store.ts";
import { readTagsFile } from "../../src/files/datasets/tags/file.ts";
import type { TagLine } from "../../src/files/datasets/listing/listing.ts";
import { TagsFile, type TagChange } from "../../src/studio/server/tags/tags-file.ts";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "studio-tags-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const known = new Set(["cat", "dog", "owl", "a b", "=x"]);

/** Changes a table and returns its bytes. */
async function changed(
  content: string | Uint8Array,
  changes: readonly Partial<TagChange>[],
  name = "tags.csv",
): Promise<Buffer> {
  const path = join(folder, name);
  writeFileSync(path, content);
  const { file } = await TagsFile.read(nodeStore, path);
  const whole = changes.map((change) => ({ file: "a.jpg", lines: [], tags: null, ...change }));
  file.apply(whole, known);
  return Buffer.from(file.bytes());
}

async function changedText(
  content: string | Uint8Array,
  ...changes: readonly Partial<TagChange>[]
): Promise<string> {
  return (await changed(content, changes)).toString();
}

describe("changing the tags of an image changes nothing else", () => {
  test.each<[what: string, before: string, change: Partial<TagChange>, after: string]>([
    [
      "its order, other columns and rows that no image has",
      "file,tags,split,by\nz.jpg,cat,train,Ann\na.jpg,dog,val,Bob\nlost.jpg,owl,train,\n",
      { lines: [3], tags: ["dog", "cat"] },
      "file,tags,split,by\nz.jpg,cat,train,Ann\na.jpg,dog;cat,val,Bob\nlost.jpg,owl,train,\n",
    ],
    [
      "quotes, blanks, empty lines, and CR LF",
      'file , tags\r\n\r\n"a.jpg" ,  "dog"  \r\n"b, c.jpg","cat"\r\n',
      { lines: [3], tags: ["cat"] },
      'file , tags\r\n\r\n"a.jpg" ,  cat  \r\n"b, c.jpg","cat"\r\n',
    ],
    [
      "a last line without an end",
      "file,tags\na.jpg,dog",
      { lines: [2], tags: ["cat"] },
      "file,tags\na.jpg,cat",
    ],
    [
      "line breaks in other fields",
      'file,note,tags\nb.jpg,"two\nlines, ""x""",cat\na.jpg,,dog\n',
      { lines: [4], tags: [] },
      'file,note,tags\nb.jpg,"two\nlines, ""x""",cat\na.jpg,,\n',
    ],
    [
      "semicolons between columns, commas between tags",
      "file;tags\na.jpg;dog\nb.jpg;dog,cat\n",
      { lines: [2], tags: ["dog", "owl"] },
      'file;tags\na.jpg;"dog,owl"\nb.jpg;dog,cat\n',
    ],
    [
      "semicolons between columns and between tags",
      'file;tags\na.jpg;dog\nb.jpg;"dog;cat"\n',
      { lines: [2], tags: ["dog", "owl"] },
      'file;tags\na.jpg;"dog;owl"\nb.jpg;"dog;cat"\n',
    ],
    [
      "tabs",
      "file\ttags\tsplit\na.jpg\tdog\ttrain\n",
      { lines: [2], tags: ["a b"] },
      "file\ttags\tsplit\na.jpg\ta b\ttrain\n",
    ],
    ["a table without a header", "a.jpg,dog\n", { lines: [1], tags: ["cat"] }, "a.jpg,cat\n"],
    [
      "any number of tags in a table without a header",
      "a.jpg,dog,cat\nb.jpg,cat\n",
      { lines: [1], tags: ["dog", "owl"] },
      "a.jpg,dog;owl,\nb.jpg,cat\n",
    ],
    [
      "tags in columns without a name",
      "file,tags,,split\na.jpg,dog,cat,val\n",
      { lines: [2], tags: ["cat"] },
      "file,tags,,split\na.jpg,cat,,val\n",
    ],
    [
      "tags that are no classes",
      "file,tags\na.jpg,dgo;dog\n",
      { lines: [2], tags: ["cat"] },
      "file,tags\na.jpg,dgo;cat\n",
    ],
    [
      "an image that is listed once for each tag",
      "file,tags\na.jpg,cat\na.jpg,dog\nb.jpg,cat\n",
      { lines: [2, 3], tags: ["cat", "owl"] },
      "file,tags\na.jpg,cat;owl\nb.jpg,cat\n",
    ],
    [
      "what a spreadsheet would take for a formula",
      "file,tags\na.jpg,'=x\n",
      { lines: [2], tags: ["=x", "dog"] },
      "file,tags\na.jpg,'=x;dog\n",
    ],
    [
      "the same tags as before",
      'file,tags\na.jpg," dog ; cat "\n',
      { lines: [2], tags: ["cat", "dog"] },
      'file,tags\na.jpg," dog ; cat "\n',
    ],
  ])("%s", async (_, before, change, after) => {
    expect(await changedText(before, change)).toBe(after);
  });

  test("UTF-8 with its mark, UTF-16 and Windows line ends stay what they are", async () => {
    const [before, after] = ["file,tags\r\nä.jpg,dog\r\n", "file,tags\r\nä.jpg,cat\r\n"];
    const change = { file: "ä.jpg", lines: [2], tags: ["cat"] };
    expect(await changedText(`\ufeff${before}`, change)).toBe(`\ufeff${after}`);
    const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, "utf16le");
    expect(await changed(utf16(before), [change])).toEqual(utf16(after));
    expect(await changed(utf16(before).swap16(), [change])).toEqual(utf16(after).swap16());
  });

  test("old spreadsheets' letters become UTF-8; letters of an unknown encoding are not touched", async () => {
    const old = Buffer.from("file,tags\nä.jpg,dog\n", "latin1");
    const change = { file: "ä.jpg", lines: [2], tags: ["cat"] };
    expect(await changedText(old, change)).toBe("\ufefffile,tags\nä.jpg,cat\n");
    const broken = Buffer.from([
      ...Buffer.from("file,tags\n"),
      0x81,
      0xff,
      ...Buffer.from(".jpg,dog\n"),
    ]);
    await expect(changed(broken, [change])).rejects.toThrow(/unknown encoding/);
  });
});

describe("rows come and go", () => {
  test("an image without a row gets one at the end, with all columns", async () => {
    const before = "split,file,note,tags\nval,b.jpg,,cat";
    expect(await changedText(before, { tags: ["dog", "cat"] })).toBe(
      "split,file,note,tags\nval,b.jpg,,cat\n,a.jpg,,dog;cat\n",
    );
  });

  test("names and tags with separators, quotes and line breaks are quoted", async () => {
    const file = 'a "b",\nc.jpg';
    expect(await changedText("file,tags\n", { file, tags: ["dog"] })).toBe(
      'file,tags\n"a ""b"",\nc.jpg",dog\n',
    );
  });

  test("forgotten tags take the row with them, and it comes back as it was", async () => {
    const path = join(folder, "back.csv");
    const before = "file,tags,by\na.jpg,dog,Ann\nb.jpg,cat,\n";
    writeFileSync(path, before);
    const { file } = await TagsFile.read(nodeStore, path);
    const change = { file: "a.jpg", lines: [2] };
    file.apply([{ ...change, tags: null }], known);
    expect(Buffer.from(file.bytes()).toString()).toBe("file,tags,by\nb.jpg,cat,\n");
    file.apply([{ ...change, tags: ["dog"] }], known);
    expect(Buffer.from(file.bytes()).toString()).toBe(before);
  });

  test("a table that does not exist begins with the usual header", async () => {
    const { file, state } = await TagsFile.read(nodeStore, join(folder, "none.csv"));
    file.apply([{ file: "a.jpg", lines: [], tags: ["dog"] }], known);
    expect([state, Buffer.from(file.bytes()).toString()]).toEqual([null, "file,tags\na.jpg,dog\n"]);
  });

  test("a column for each class is not rewritten", async () => {
    await expect(changed("file,cat,dog\na.jpg,1,0\n", [])).rejects.toThrow(/change them there/);
  });
});

test("whatever the table, the reader of data sets sees the new tags and all other rows as before", async () => {
  const tag = fc.constantFrom("cat", "dog", "owl", "a b", "=x");
  const tags = fc.uniqueArray(tag, { maxLength: 4 });
  const note = fc.string({ unit: fc.constantFrom(..."ab ,;\"\n\t'"), maxLength: 6 });
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const table = fc.record({
    rows: fc.array(fc.record({ tags, note }), { minLength: 1, maxLength: 6 }),
    separator: fc.constantFrom(",", ";", "\t"),
    lineEnd: fc.constantFrom("\n", "\r\n"),
    hasEnd: fc.boolean(),
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      table,
      fc.nat(),
      tags,
      async ({ rows, separator, lineEnd, hasEnd }, at, wanted) => {
        const lines = [
          ["file", "note", "tags"].join(separator),
          ...rows.map((row, i) =>
            [`${i}.jpg`, quoted(row.note), quoted(row.tags.join(";"))].join(separator),
          ),
        ];
        const path = join(folder, `any-${run++}.csv`);
        writeFileSync(path, lines.join(lineEnd) + (hasEnd ? lineEnd : ""));
        const before = await readAll(path);
        const index = at % rows.length;
        const { file } = await TagsFile.read(nodeStore, path);
        const row = before[index]!;
        file.apply([{ file: row.file, lines: [row.line!], tags: wanted }], known);
        writeFileSync(path, file.bytes());
        const after = await readAll(path);
        rmSync(path);
        expect(new Set(after[index]!.tags)).toEqual(new Set(wanted));
        expect(after.filter((_, i) => i !== index)).toEqual(before.filter((_, i) => i !== index));
      },
    ),
    { numRuns: 150 },
  );
});

async function readAll(path: string): Promise<TagLine[]> {
  const lines: TagLine[] = [];
  const sink = { take: (line: TagLine) => lines.push(line), clear: () => (lines.length = 0) };
  const problems = await readTagsFile(nodeStore, path, undefined, sink);
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(readFileSync(path).length).toBeGreaterThan(0);
  return lines;
}
