import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeStore } from "../../../../src/host/node/files/store.ts";
import type { Description } from "../../../../src/files/datasets/layouts/description.ts";
import { findMasks, listPlain } from "../../../../src/files/datasets/layouts/plain.ts";
import { listClassFolders } from "../../../../src/files/datasets/layouts/class-folders.ts";
import { formatProblem, type Listing } from "../../../../src/files/datasets/listing/listing.ts";
import { makeFolder } from "../folders.ts";

type Files = Readonly<Record<string, string>>;

const images = (...names: string[]): Files =>
  Object.fromEntries(names.map((name) => [`images/${name}`, ""]));

function told({ problems }: Pick<Listing, "problems">, root: string): string[] {
  return problems.map((one) => `${one.severity} ${formatProblem(one).replaceAll(`${root}/`, "")}`);
}

async function list(files: Files, description: Description = {}) {
  const root = await makeFolder(files);
  const path = join(root, description.tags ?? "tags.csv");
  const listing = await listPlain(nodeStore, root, description, path);
  const rows = [...listing.images].map(({ file, tags, line }) => [file, line, ...tags]);
  return { ...listing, root, rows, told: told(listing, root) };
}

describe("a listed name is that of an image", () => {
  test.each<[string, string, string[], string | undefined, boolean]>([
    ["as it is", "a.jpg", ["a.jpg", "A.jpg"], "a.jpg", false],
    ["from the data set's folder", "images/a.jpg", ["a.jpg"], "a.jpg", false],
    ["from here", "./a.jpg", ["a.jpg"], "a.jpg", false],
    ["from here and the data set's folder", "./images/a.jpg", ["a.jpg"], "a.jpg", false],
    ["without ending", "deep/a", ["deep/a.jpg"], "deep/a.jpg", false],
    ["in other letters", "A.JPG", ["a.jpg"], "a.jpg", true],
    ["in other letters, the first by name", "a.Jpg", ["a.jpg", "A.jpg", "B.jpg"], "A.jpg", true],
    ["without ending, the first by name", "a", ["a.png", "a.jpg"], "a.jpg", false],
    ["in other letters in the data set's folder", "images/A", ["a.jpg"], "a.jpg", true],
    ["in a folder called like that of all", "images/a.jpg", ["a.jpg", "images/a.jpg"], "images/a.jpg", false], // prettier-ignore
    ["or else is not there", "b.jpg", ["a.jpg"], undefined, false],
  ])("%s", async (_, name, files, expected, isTold) => {
    const found = await list({ ...images(...files), "tags.csv": `file,tags\n${name},x\n` });
    expect(found.rows).toEqual(expected === undefined ? [] : [[expected, 2, "x"]]);
    const ofLine = found.told.filter((text) => text.startsWith("warning tags.csv:2: "));
    expect(ofLine).toHaveLength(isTold || expected === undefined ? 1 : 0);
    if (isTold) expect(ofLine[0]).toMatch(new RegExp(`: ${name} .*\\b${expected}\\b`));
    if (expected === undefined) expect(ofLine[0]).toContain(name);
    const unused = found.told.filter((text) => text.startsWith("warning images/"));
    expect(unused).toHaveLength(files.length - found.rows.length);
  });
});

test("a tags file that breaks off counts for nothing, however late it does", async () => {
  const names = Array.from({ length: 300 }, (_, i) => `${i}.jpg`);
  const csv = `file,tags\n${names.map((name) => `${name},x\n`).join("")}missing,x\n"`;
  const { rows, told, distinct } = await list({ ...images(...names), "tags.csv": csv });
  expect(rows).toEqual([]);
  expect(told[0]).toMatch(/^error tags\.csv:303: /);
  expect(told.filter((text) => text.startsWith("warning images/"))).toHaveLength(300);
  expect([told.length, distinct]).toEqual([301, true]);
});

test("images are distinct unless one is listed twice, under whatever name", async () => {
  const files = images("a.jpg", "b.jpg");
  expect((await list({ ...files, "tags.csv": "file,tags\na,x\nb,x\n" })).distinct).toBe(true);
  expect((await list({ ...files, "tags.csv": "file,tags\na,x\nb,x\na.jpg,y\n" })).distinct).toBe(false); // prettier-ignore
});

test("masks have the names of the images, and may lie among them", async () => {
  const masks = { "masks/deep/a.png": "", "masks/x.png": "", "masks/notes.txt": "" };
  const csv = { "tags.csv": "file,tags\ndeep/a.jpg,x\n" };
  const own = await list({ ...images("deep/a.jpg"), ...masks, ...csv });
  expect(own.images.at(0).mask).toBe(join(own.root, "masks/deep/a.png"));
  expect(own.told).toEqual([expect.stringMatching(/^warning masks\/x\.png: /)]);
  const among = await list({ "deep/a.jpg": "", ...masks, ...csv });
  expect(among.rows).toEqual([["deep/a.jpg", 2, "x"]]);
  expect(among.told).toEqual([expect.stringMatching(/^warning masks\/x\.png: /)]);
  const named = await list({ ...images("deep/a.jpg", "m/deep/a.png"), ...csv }, { masks: "images/m" }); // prettier-ignore
  expect(named.images.at(0).mask).toBe(join(named.root, "images/m/deep/a.png"));
  expect(named.told).toEqual([]);
});

test("folders that data.yaml names must be there", async () => {
  const files = { ...images("a.jpg"), "tags.csv": "file,tags\na.jpg,x\n" };
  await expect(list(files, { images: "photos" })).rejects.toThrow(/photos: no such folder/);
  await expect(list(files, { masks: "truth" })).rejects.toThrow(/truth: no such folder.*data\.yaml/); // prettier-ignore
  expect((await findMasks(nodeStore, await makeFolder({}), {})).size).toBe(0);
});

test("classes, splits and other tags files are those of data.yaml", async () => {
  const splits = { val: { files: ["a", "z"], from: "d.yaml" } };
  const classes = { names: ["x"], file: "c" };
  const description = { splits, classes, tags: "deep/t.csv" };
  const found = await list({ ...images("a.jpg", "b.jpg"), "deep/t.csv": "file,tags,split\na.jpg,x,train\n" }, description); // prettier-ignore
  expect(found.images.at(0)).toMatchObject({ split: "val", from: join(found.root, "deep/t.csv") });
  expect(found.classes).toBe(classes);
  expect(found.told).toEqual([
    expect.stringMatching(/^warning d\.yaml: .*"val".*\bz\b/),
    expect.stringMatching(/^warning images\/b\.jpg: .*deep\/t\.csv/),
  ]);
});

test("splits of data.yaml go before others, by names with or without ending, and are told if unused or double", async () => {
  const splits = {
    train: { files: ["a.jpg", "b", "x", "x"], from: "d.yaml" },
    val: { files: ["c", "b"], from: "v.txt" },
  };
  const names = ["a.jpg", "a.png", "b.jpg", "c.jpg", "c.v2.jpg"];
  const csv = `file,tags,split\n${names.map((name) => `${name},t,else\n`).join("")}`;
  const { images: found, told } = await list({ ...images(...names), "tags.csv": csv }, { splits });
  expect([...found].map(({ split }) => split)).toEqual(["train", "else", "val", "val", "else"]);
  expect(told).toHaveLength(3);
  expect(told[0]).toMatch(/^error v\.txt: .*\bb\b.*"train".*"val"/);
  for (const unused of told.slice(1)) expect(unused).toMatch(/^warning d\.yaml: .*"train".*\bx\b/);
});

describe("class folders", () => {
  const listed = async (files: Files, description: Description = {}) => {
    const root = await makeFolder(files);
    const found = await listClassFolders(nodeStore, root, description);
    const rows = found && [...found.images].map(({ file, tags, split }) => [file, tags[0], split]);
    return { found, root, rows, told: found && told(found, root) };
  };

  test("are splits of classes only if all of them are named like splits", async () => {
    const all = await listed({ "Training/cat/a.jpg": "", "VALIDATION/dog/b.jpg": "", "test/cat/c.jpg": "" }); // prettier-ignore
    expect(all.rows).toEqual([
      ["Training/cat/a.jpg", "cat", "train"],
      ["VALIDATION/dog/b.jpg", "dog", "val"],
      ["test/cat/c.jpg", "cat", "test"],
    ]);
    expect(all.found!.classes!.names).toEqual(["cat", "dog"]);
    const some = await listed({ "train/cat/a.jpg": "", "dog/b.jpg": "" });
    expect(some.rows).toEqual([["dog/b.jpg", "dog", undefined], ["train/cat/a.jpg", "train", undefined]]); // prettier-ignore
  });

  test("have composed names, masks beside them, and splits of data.yaml", async () => {
    const splits = { val: { files: ["cat/a", "cat/z"], from: "d.yaml" } };
    const files = { " cafe\u0301/b.jpg": "", "cat/a.jpg": "", "m/cat/a.png": "" };
    const { found, rows, root, told } = await listed(files, { splits, masks: "m" });
    expect(rows).toEqual([[" cafe\u0301/b.jpg", "caf\u00e9", undefined], ["cat/a.jpg", "cat", "val"]]); // prettier-ignore
    expect([...found!.images].map(({ mask }) => mask)).toEqual([undefined, join(root, "m/cat/a.png")]); // prettier-ignore
    expect(told).toEqual([expect.stringMatching(/^warning d\.yaml: .*cat\/z/)]);
  });

  test("without images are told, an error if they are empty, and none at all is no data set", async () => {
    const { told } = await listed({ "cat/a.jpg": "", "cow/": "", "notes/x.txt": "" });
    expect(told).toEqual([
      expect.stringMatching(/^error cow: .*"cow"/),
      expect.stringMatching(/^warning notes: .*x\.txt$/),
    ]);
    expect((await listed({ "notes/x.txt": "" })).found).toBeUndefined();
    expect((await listed({ "train/": "" })).found).toBeUndefined();
  });
});
