import { describe, expect, test } from "vitest";
import { formatProblem, openDataset } from "../../../../src/files/datasets/index.ts";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { makeFolder, Picture } from "../folders.ts";

type Files = Parameters<typeof makeFolder>[0];

async function open(rows: string, files: Files, mergeCase = false) {
  const root = await makeFolder({ "tags.csv": `file,tags\n${rows}`, ...files });
  const { splits, problems, classes } = await openDataset(nodeHost, root, { valFraction: 0, mergeCase }); // prettier-ignore
  const samples = Object.values(splits).flat();
  return {
    classes,
    found: samples.map(({ image, tags }) => `${image.slice(root.length + 1)} ${tags.map((i) => classes[i]).join("+")}`), // prettier-ignore
    told: problems.map((problem) => formatProblem(problem).slice(root.length + 1)),
  };
}

const flat = { "images/a.jpg": new Picture(), "images/b.jpg": new Picture() };
const found = ["images/a.jpg cat", "images/b.jpg dog"];

describe("an image is found although its listed name", () => {
  test.each<[string, string, Files, string]>([
    ["has a folder in front", "photos/a.jpg,cat\nphotos/b.jpg,dog\n", flat, "photos/a.jpg"],
    ["is absolute", "/home/me/set/a.jpg,cat\n/home/me/set/b.jpg,dog\n", flat, "/home/me/set/a.jpg"],
    ["is one of Windows", "C:\\data\\a.jpg,cat\nC:\\data\\b.jpg,dog\n", flat, "C:/data/a.jpg"],
    ["leads up", "../images/a.jpg,cat\n../../b.jpg,dog\n", flat, "../images/a.jpg"],
    [
      "is a web address",
      "https://x.org/p/a.jpg?w=1,cat\nhttps://x.org/b.jpg,dog\n",
      flat,
      "https://x.org/p/a.jpg?w=1",
    ],
  ])("%s, which is told once", async (_, rows, files, example) => {
    const opened = await open(rows, files);
    expect(opened.found).toEqual(found);
    expect(opened.told).toEqual([
      `tags.csv: 2 images found by the end of the listed paths, as ${example} is a.jpg`,
    ]);
  });

  test("lacks its subfolder", async () => {
    const files = { "images/x/a.jpg": new Picture(), "images/y/b.jpg": new Picture() };
    const { found: images, told } = await open("a.jpg,cat\nb.jpg,dog\n", files);
    expect(images).toEqual(["images/x/a.jpg cat", "images/y/b.jpg dog"]);
    expect(told).toEqual([
      expect.stringMatching(/2 images found by the end .*a\.jpg is x\/a\.jpg/),
    ]);
  });

  test("is in decomposed letters, as macOS writes them, or the file's is", async () => {
    const files = { "images/caf\u00e9.jpg": new Picture(), "images/ru\u0308be.jpg": new Picture() };
    const opened = await open("cafe\u0301.jpg,cafe\u0301\nr\u00fcbe.jpg,caf\u00e9\n", files);
    expect(opened.classes).toEqual(["caf\u00e9"]);
    expect(opened.found).toHaveLength(2);
    expect(opened.told).toEqual([]);
  });
});

test("an end that two listed images or two files share finds nothing, by name", async () => {
  const two = await open("x/a.jpg,cat\ny/a.jpg,dog\nb.jpg,dog\n", flat);
  expect(two.found).toEqual(["images/b.jpg dog"]);
  expect(two.told.filter((line) => /may be another of the listed; left out/.test(line))).toEqual([
    expect.stringMatching(/^tags\.csv:2: x\/a\.jpg is not there/),
    expect.stringMatching(/^tags\.csv:3: y\/a\.jpg is not there/),
  ]);
  const files = { "images/x/a.jpg": new Picture(), "images/y/a.jpg": new Picture(), ...flat };
  const exact = await open("a.jpg,cat\nz/a.jpg,dog\nb.jpg,dog\n", files);
  expect(exact.found).toEqual(found);
  expect(exact.told.join("\n")).toMatch(
    /tags\.csv:3: z\/a\.jpg is not there, and a\.jpg has its name/,
  );
});

test("pictures that are not read here are found, named with the reason and the command that converts them", async () => {
  const files = { ...flat, "images/c.HEIC": "x", "images/d.jp2": "x", "images/e.svg": "<svg/>" };
  const rows = "a.jpg,cat\nb.jpg,dog\nc.HEIC,cat\nd,dog\n";
  const { found: images, told } = await open(rows, files);
  expect(images).toEqual(found);
  expect(told).toEqual([
    "images/c.HEIC: found, but not readable here, as it is HEIC; convert it: heif-convert c.HEIC c.jpg; left out",
    "images/d.jp2: found, but not readable here, as it is JPEG 2000; convert it: opj_decompress -i d.jp2 -o d.png; left out",
    "images/e.svg: not in tags.csv, so it is not used",
  ]);
});

test("a readable image goes before another of its name that is not, and other files are counted", async () => {
  const files = { ...flat, "images/a.heic": "x", "images/Thumbs.db": "x", "images/notes.txt": "x" };
  const { found: images, told } = await open("a,cat\nb,dog\n", files);
  expect(images).toEqual(found);
  expect(told).toEqual([
    "images: 2 other files are no images by the name: Thumbs.db, notes.txt",
    "images/a.heic: not in tags.csv, so it is not used",
  ]);
});

test("every file in a class folder is counted too", async () => {
  const root = await makeFolder({
    "cat/a.jpg": new Picture(),
    "cat/b.heic": "x",
    "cat/readme.md": "x",
  });
  const { problems, counts } = await openDataset(nodeHost, root, { valFraction: 0 });
  expect(counts.all.images).toBe(1);
  expect(problems.map((problem) => formatProblem(problem).slice(root.length + 1))).toEqual([
    "cat: 1 other file is no image by the name: readme.md",
    expect.stringMatching(
      /^cat\/b\.heic: found, but not readable here, as it is HEIC; .*left out$/,
    ),
  ]);
});

describe("tags that differ in letter case alone", () => {
  const rows = "a.jpg,Cat\nb.jpg,cat\nc.jpg,cat;Dog\n";
  const files = { ...flat, "images/c.jpg": new Picture() };

  test("are an error that offers to merge them", async () => {
    await expect(open(rows, files)).rejects.toThrow(/tags "Cat" and "cat" differ only in case/);
    const root = await makeFolder({ ...files, "tags.csv": `file,tags\n${rows}` });
    const merge = { kind: "option", name: "mergeCase", purpose: "makes one class of them" };
    await expect(openDataset(nodeHost, root, { training: true })).rejects.toMatchObject({
      remedies: [merge],
    });
    // Other jobs take the classes of their model.
    await expect(openDataset(nodeHost, root)).rejects.toMatchObject({ remedies: [] });
  });

  test.each([
    [rows, 2],
    ["a.jpg,cat\nb.jpg,Cat\nc.jpg,Cat;Dog\n", 2],
    ["a.jpg,cat\nb.jpg,cat\nc.jpg,Cat;Dog\n", 4],
  ])("are an error at the rarer spelling (%j)", async (lines, line) => {
    await expect(open(lines, files)).rejects.toThrow(
      new RegExp(`tags\\.csv:${line}: tags "Cat" and "cat" differ`),
    );
  });

  test("become the most frequent spelling if asked, which is told", async () => {
    const { classes, found: images, told } = await open(rows, files, true);
    expect(classes).toEqual(["Dog", "cat"]);
    expect(images).toEqual(["images/a.jpg cat", "images/b.jpg cat", "images/c.jpg Dog+cat"]);
    expect(told).toEqual([
      'tags.csv:2: tags "Cat" and "cat" are one class, "cat", the most frequent spelling',
    ]);
  });

  test("are those of classes.txt if asked", async () => {
    const listed = { ...files, "classes.txt": "CAT\ndog\n" };
    await expect(open(rows, listed)).rejects.toThrow(/unknown tag "Cat"/);
    expect((await open(rows, listed, true)).found[2]).toBe("images/c.jpg CAT+dog");
  });
});

test("the folder of a data set may be named with images of Roboflow, labelImg or in VOC's annotations beside them", async () => {
  const xml = (...names: string[]) => `<annotation>${names.map((name) => `<object><name>${name}</name></object>`).join("")}</annotation>`; // prettier-ignore
  const root = await makeFolder({
    "train/a_jpg.rf.1.jpg": new Picture(),
    "train/a_jpg.rf.1.xml": xml("cat", "dog"),
    "valid/b.jpg": new Picture(),
    "valid/b.xml": xml("dog"),
    "valid/c.jpg": new Picture(),
    "test/d.xml": xml("dog"),
    "test/e.jpg": new Picture(),
    "test/e.xml": xml("cat"),
    "README.roboflow.txt": "x",
  });
  const { splits, classes, problems, format } = await openDataset(nodeHost, root);
  expect([format, ...classes]).toEqual(["voc", "cat", "dog"]);
  const tags = Object.entries(splits).map(([split, samples]) => [split, samples.map((one) => one.tags)]); // prettier-ignore
  expect(Object.fromEntries(tags)).toEqual({ train: [[0, 1]], val: [[1]], test: [[0]] });
  expect(problems.map((problem) => formatProblem(problem).slice(root.length + 1))).toEqual([
    "test/d.xml: has no image beside it; left out",
    "valid/c.jpg: has no annotation (.xml) beside it; left out",
  ]);
});

test("tags in JSON may have the field names of other tools", async () => {
  const lines = '{"filename":"a.jpg","labels":["cat"]}\n{"image":"b.jpg","label":"dog"}\n';
  const root = await makeFolder({ ...flat, "tags.jsonl": lines });
  const { splits, classes, problems } = await openDataset(nodeHost, root, { valFraction: 0 });
  expect(classes).toEqual(["cat", "dog"]);
  expect(splits["train"]!.map(({ tags }) => tags)).toEqual([[0], [1]]);
  expect(problems).toEqual([]);
});

test("a tags file of another name is named with what to call it", async () => {
  const root = await makeFolder({ ...flat, "labels.CSV": "file,tags\na.jpg,cat\n" });
  await expect(openDataset(nodeHost, root)).rejects.toThrow(
    /but no tags\.csv.*if the tags are in labels\.CSV, call it tags\.csv or name it in data\.yaml \(tags: labels\.CSV\)/,
  );
});

test("a classes.txt in Windows-1252 is read, and told", async () => {
  const rows = "a.jpg,K\u00e4fer\nb.jpg,K\u00e4fer\n";
  const { classes, told } = await open(rows, { ...flat, "classes.txt": Buffer.from("K\u00e4fer\n", "latin1") }); // prettier-ignore
  expect(classes).toEqual(["K\u00e4fer"]);
  expect(told).toEqual([
    expect.stringMatching(/^classes\.txt: is not UTF-8; .* Windows-1252, as in "K\u00e4fer"/),
  ]);
});
