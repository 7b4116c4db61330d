import { describe, expect, test } from "vitest";
import { readCsv } from "../../../../src/files/datasets/tags/csv.ts";
import { foundLines } from "../found-lines.ts";

const read = async (text: string | Uint8Array) => {
  const { taken, told } = await foundLines(readCsv, text);
  return { rows: taken.map(({ file, tags, split }) => [file, tags.join("+"), split]), told };
};
const expected = [
  ["a.jpg", "cat+dog", undefined],
  ["b.jpg", "dog", undefined],
];
const oneHot =
  /^t:1: has no column "tags"; its 2 other columns are taken for classes, .*: cat, dog$/;
const noHeader = /^t:1: has no header such as "file,tags"; .* the image and its tags .*"a\.jpg/;

describe("the same table however it was saved", () => {
  test.each<[string, string, RegExp[]?]>([
    ["tabs", "file\ttags\na.jpg\tcat;dog\nb.jpg\tdog\n"],
    ["tabs, with commas in names", "file\ttags\na.jpg\t cat; dog \nb.jpg\tdog\n"],
    ["semicolons with quotes", 'file;tags\na.jpg;"cat;dog"\nb.jpg;dog\n'],
    ["a line that tells the separator", 'sep=;\r\nfile;tags\r\na.jpg;"cat;dog"\r\nb.jpg;dog\r\n'],
    ["a byte order mark and CR LF", "\uFEFFfile,tags\r\na.jpg,cat;dog\r\nb.jpg,dog\r\n"],
    ["CR alone", "file,tags\ra.jpg,cat;dog\rb.jpg,dog\r"],
    ["filename,label", "filename,label\na.jpg,cat;dog\nb.jpg,dog\n"],
    ["image_id,labels", "image_id,labels\na.jpg,cat;dog\nb.jpg,dog\n"],
    ["Image Name,Classes", "Image Name,Classes\na.jpg,cat;dog\nb.jpg,dog\n"],
    ["columns in another order", "Category,Image\ncat;dog,a.jpg\ndog,b.jpg\n"],
    ["pandas' index", ",file,tags\n0,a.jpg,cat;dog\n1,b.jpg,dog\n"],
    ["bars between tags", "file,tags\na.jpg,cat|dog\nb.jpg,dog\n", [/^t:2: "cat\|dog" is read as several tags/]],
    ["commas between tags, semicolons between columns", "file;tags\na.jpg;cat, dog\nb.jpg;dog\n", [/^t:2: "cat, dog" is read as several tags, with commas between them$/]],
    ["other columns", "file,tags,author\na.jpg,cat;dog,x\nb.jpg,dog,y\n", [/^t:1: the columns author are not read/]],
    ["no header", "a.jpg,cat;dog\nb.jpg,dog\n", [noHeader]],
    ["no header, a column for each tag", "a.jpg,cat,dog\nb.jpg,dog\n", [noHeader]],
    ["no header, tabs", "a.jpg\tcat;dog\nb.jpg\tdog\n", [noHeader]],
    ["no header, the image last", `"cat;dog",a.jpg\ndog,b.jpg\n`, [/^t:1: has no header/]],
    ["a column for each class", "file,cat,dog\na.jpg,1,1\nb.jpg,0,1\n", [oneHot]],
    ["a column for each class, as words", "image,cat,dog\na.jpg,True,TRUE\nb.jpg,false,true\n", [oneHot]],
    ["a column for each class, gaps for 0", "id;cat;dog\na.jpg;x;x\nb.jpg;;x\n", [oneHot]],
    ["a column for each class, as floats", "image_id,cat,dog\na.jpg,1.0,1.0\nb.jpg,0.0,1.0\n", [oneHot]],
  ])("%s", async (_, text, told = []) => {
    const found = await read(text);
    expect(found.rows).toEqual(expected);
    expect(found.told).toEqual(told.map((message) => expect.stringMatching(message) as unknown));
  }); // prettier-ignore
});

test("commas are part of a tag where semicolons separate tags, and cells with them are counted", async () => {
  const quoted = await read('file;tags\na.jpg;"cat;dog"\nb.jpg;big, dog\n');
  expect(quoted.rows[1]).toEqual(["b.jpg", "big, dog", undefined]);
  const several = await read("file;tags\na.jpg;cat,dog\nb.jpg;dog,cow\n");
  expect(several.told).toEqual(['t:2: 2 cells like "cat,dog" are read as several tags, with commas between them']);
  const one = await read('file,tags\na.jpg,"cat,dog"\nb.jpg,"dog,cow"\n');
  expect(one.told).toEqual(['t:2: 2 cells like "cat,dog" are each read as one tag; separate tags by semicolons']);
}); // prettier-ignore

test("a table without a header may have a column of splits", async () => {
  const { rows, told } = await read("a.jpg,cat,train\nb.jpg,dog,val\n");
  expect(rows).toEqual([
    ["a.jpg", "cat", "train"],
    ["b.jpg", "dog", "val"],
  ]);
  expect(told).toEqual([expect.stringMatching(/the image, its tags and its split/)]);
  const wrong = await read("a.jpg,cat,train\nb.jpg,dog,cow,val\n");
  expect(wrong.told[1]).toMatch(/^t:2: 4 fields, expected 3/);
});

test("a column for each class may have a split beside it, and sizes are no classes", async () => {
  const { rows, told } = await read("file,width,cat,dog,split\na.jpg,640,1,0,train\n");
  expect(rows).toEqual([["a.jpg", "cat", "train"]]);
  expect(told).toEqual([
    expect.stringMatching(/2 other columns are taken for classes.*: cat, dog$/),
    "t:1: the columns width are not read",
  ]);
});

test("a value that is neither 0 nor 1 refuses the table once, with the cause", async () => {
  const rows = Array.from({ length: 30 }, (_, i) => `${i}.jpg,red\n`).join("");
  const { rows: taken, told } = await read(`file,color\n${rows}`);
  expect(taken).toEqual([]);
  expect(told).toEqual([
    expect.stringMatching(/^t:2: "red" in the column "color" is neither 0 nor 1; .*"file,tags"/),
  ]);
});

test("words that are tags of their own are told where they stand together", async () => {
  const { rows, told } = await read("image,labels\na.jpg,scab rust\nb.jpg,rust\nc.jpg,scab\nd.jpg,hot dog\n"); // prettier-ignore
  expect(rows.map(([, tags]) => tags)).toEqual(["scab rust", "rust", "scab", "hot dog"]);
  expect(told).toEqual([
    't:2: "scab rust" is read as one tag, but "scab", "rust" are tags too; separate several by semicolons',
  ]);
});

test("a header that names neither images nor tags is refused in its own words", async () => {
  for (const [text, header] of [
    ["url,author\nx,y\n", "url,author"],
    ["IMG_1;cat\nIMG_2;dog\n", "IMG_1,cat"],
  ] as const) {
    const { rows, told } = await read(text);
    expect(rows).toEqual([]);
    expect(told).toEqual([
      `t:1: the header is "${header}", expected "file,tags" or "file,tags,split" in the first line`,
    ]);
  }
});
