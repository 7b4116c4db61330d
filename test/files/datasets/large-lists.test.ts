import fc from "fast-check";
import { expect, test } from "vitest";
import { ImageList } from "../../../src/files/datasets/listing/image-list.ts";
import { readCsv } from "../../../src/files/datasets/tags/csv.ts";
import { readJson } from "../../../src/files/datasets/tags/json.ts";
import { TagLines } from "../../../src/files/datasets/tags/lines.ts";
import { NameTable } from "../../../src/files/datasets/listing/name-table.ts";
import { foundLines, storeOf, type TextStore } from "./found-lines.ts";

test("lines of CSV are counted through quoted line breaks and empty lines", async () => {
  const text = 'file,tags\n\na.jpg,"x\ny"\n  \nb.jpg,z\nc.jpg\n"d.jpg,z\n';
  const { taken, told } = await foundLines(readCsv, text.slice(0, text.indexOf('"d')));
  expect(taken.map(({ line }) => line)).toEqual([3, 6]);
  expect(told).toEqual([
    "t:7: 1 field, expected 2 (file,tags); separate several tags by semicolons",
  ]);
  // The images before the mistake are not used.
  expect(await foundLines(readCsv, text)).toEqual({
    taken: [],
    told: ["t:8: not readable as CSV: the quote that opens field 1 is never closed"],
  });
  expect((await foundLines(readCsv, "file,tags\ra.jpg,x\r")).taken).toMatchObject([
    { file: "a.jpg", line: 2 },
  ]);
});

test("after a header without the columns nothing more is said, not even of broken quotes", async () => {
  const told = [
    't:1: the header is "nom,tags", expected "file,tags" or "file,tags,split" in the first line',
  ];
  expect(await foundLines(readCsv, 'nom,tags\na,b,c\n"d')).toEqual({ taken: [], told });
});

test.each([
  ["a header without the columns", readCsv, "nom,tags\n"],
  ["a broken quote", readCsv, 'file,tags\na,"b"c\n'],
  ["a broken list", readJson, "[1}\n"],
])("the file is closed at %s, and not read to its end", async (_, read, start) => {
  const store = storeOf(start + "a,b\n".repeat(10_000));
  let [pieces, open] = [0, 0];
  const counting: TextStore = {
    ...store,
    async *pieces(path, bytes) {
      open++;
      try {
        for await (const piece of store.pieces(path, bytes)) {
          pieces++;
          yield piece;
        }
      } finally {
        open--;
      }
    },
  };
  await read(counting, "t", new TagLines("t", { take: () => 0, clear: () => 0 }), 64);
  expect([pieces, open]).toEqual([1, 0]);
});

const json = fc.json({ maxDepth: 3 });
test("JSON is taken apart where JSON.parse would, and refused with its words", async () => {
  const property = fc.asyncProperty(
    json,
    json,
    fc.nat(30),
    fc.boolean(),
    async (a, b, cut, spaced) => {
      const whole = spaced ? `[ ${a} ,\n${b}\t]` : `[${a},${b}]`;
      const text = cut < whole.length / 4 ? whole.slice(0, whole.length - cut) : whole;
      const { taken, told } = await foundLines(readJson, text);
      let reason: string | undefined;
      try {
        JSON.parse(text);
      } catch (error) {
        reason = (error as Error).message.replace(/ in JSON at position.*/, "");
      }
      if (reason === undefined) expect(told.join("\n")).not.toContain("not readable");
      else {
        expect(taken).toEqual([]);
        expect(told).toEqual([expect.stringContaining(`not readable as JSON: ${reason}`)]);
      }
    },
  );
  await fc.assert(property, { seed: 5, numRuns: 400 });
});

test("entries of JSON are told by the line of their file name, or else by that where they begin", async () => {
  const text = '[\n{\n"tags": "x",\n"file": "a.jpg"},\n\n{"file": "\\u0062.jpg", "tags": ["y"]}]';
  expect((await foundLines(readJson, text)).taken.map(({ file, line }) => [file, line])).toEqual([
    ["a.jpg", 4],
    ["b.jpg", 6],
  ]);
});

test("lines with the same tags share one list of them", async () => {
  const { taken } = await foundLines(
    readCsv,
    "file,tags\na.jpg,cat;dog\nb.jpg,cat;dog\nc.jpg,dog\n",
  );
  expect(taken[0]!.tags).toBe(taken[1]!.tags);
  expect(taken[2]!.tags[0]).toBe("dog");
});

test("a table of texts numbers each once, beyond what it was made for", () => {
  const table = new NameTable(2);
  const texts = Array.from({ length: 5000 }, (_, i) => `photo-${i}`);
  for (const [i, text] of texts.entries()) expect(table.add(text)).toBe(i);
  expect(texts.map((text) => table.add(text))).toEqual([...texts.keys()]);
  expect(["photo-4999", "new", "new"].map((text) => table.addNew(text))).toEqual([
    false,
    true,
    false,
  ]);
  expect([table.size, table.at(17)]).toEqual([5001, "photo-17"]);
  expect([table.find("photo-17"), table.find("photo-")]).toEqual([17, undefined]);
  expect([table.find(""), table.add(""), table.find("")]).toEqual([undefined, 5001, 5001]);
});

test("images come back as they were put in, beyond the number of names", () => {
  const images = new ImageList(["0"]);
  const all = Array.from({ length: 3000 }, (_, i) => ({
    file: `${i}.jpg`,
    place: `deep/${i}.jpg`,
    folder: `f${i % 3}`,
    tags: [`t${i % 5}`],
    untagged: i % 7 === 0,
    split: i % 2 ? "val" : undefined,
    line: i || undefined,
    mask: i % 4 ? undefined : `${i}.png`,
    maskSize: i % 8 ? undefined : { width: i, height: 1 },
    from: i % 11 ? "list.txt" : undefined,
  }));
  for (const entry of all) images.push(entry);
  expect([...images]).toEqual(all);
  expect(images.map(({ file }, i) => `${i} ${file}`)[2999]).toBe("2999 2999.jpg");
});
