import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { nodeStore } from "../../../../src/host/node/files/store.ts";
import { readDescription } from "../../../../src/files/datasets/layouts/description.ts";
import { listDataset } from "../../../../src/files/datasets/layouts/detect.ts";
import { NamedSplits } from "../../../../src/files/datasets/layouts/named-splits.ts";
import { describeFolder, findTagsFile } from "../../../../src/files/datasets/layouts/plain.ts";
import { formatProblem, type Problem } from "../../../../src/files/datasets/listing/listing.ts";
import { UserError } from "../../../../src/user-error.ts";
import { makeFolder, Picture } from "../folders.ts";

type Files = Parameters<typeof makeFolder>[0];

async function read(files: Files) {
  const root = await makeFolder(files);
  return { root, ...(await readDescription(nodeStore, root)) };
}

test("a description is what data.yaml says, with the classes of classes.txt unless it names its own", async () => {
  const list = { "classes.txt": " cat \r\n\n\ncafe\u0301\n" };
  const bare = await read(list);
  expect(bare).toEqual({ root: bare.root, classes: { names: ["cat", "caf\u00e9"], file: join(bare.root, "classes.txt") } }); // prettier-ignore
  const both = await read({ ...list, "data.yaml": "images: i\nmasks: m\ntags: t.csv\n" });
  expect(both).toMatchObject({ images: "i", masks: "m", tags: "t.csv", classes: bare.classes && { names: bare.classes.names } }); // prettier-ignore
  for (const names of ["[' dog ', cow]", "{1: cow, 0: dog}"]) {
    const own = await read({ ...list, "data.yaml": `names: ${names}` });
    expect(own.classes).toEqual({ names: ["dog", "cow"], file: join(own.root, "data.yaml") });
  }
  const { root, ...nothing } = await read({ "data.yaml": "", "classes.txt/": "" });
  expect([typeof root, nothing]).toEqual(["string", {}]);
});

test("splits are lists of images, or text files of them", async () => {
  const { root, splits } = await read({
    "data.yaml": "splits: {train: [a, 7], val: lists/v.txt}",
    "lists/v.txt": "b \n\n cafe\u0301\n",
  });
  expect(splits).toEqual({
    train: { files: ["a", "7"], from: join(root, "data.yaml") },
    val: { files: ["b", "caf\u00e9"], from: join(root, "lists/v.txt") },
  });
});

describe("data.yaml is refused for", () => {
  test.each<[string, string, RegExp]>([
    ["an unknown key", "nmaes: [a]", /data\.yaml: .*"nmaes".*"names"/],
    ["a strange key", "zzzzzzzz: 1", /"zzzzzzzz".*names, images, masks, tags, splits/],
    ["names of another type", "names: 3", /data\.yaml: names .*class names/],
    ["a split of another type", "splits: {val: 3}", /data\.yaml: splits\.val .*images/],
    [
      "a place that is no text",
      "images: 3",
      /data\.yaml: images: .*expected string, received number/,
    ],
    ["a list", "[1]", /data\.yaml: (?!:)./],
    ["a gap in the names", "names: {0: a, 2: b}", /names .*\b2\b.*\b1\b/],
    ["names from 1", "names: {1: a}", /names .*\b1\b.*\b0\b/],
    ["a name twice", "names: [a, A]", /data\.yaml: classes 1 and 2/],
    ["masks elsewhere", "masks: /etc", /data\.yaml: masks is "\/etc"/],
    ["tags elsewhere", "tags: ../t.csv", /data\.yaml: tags is "\.\.\/t\.csv"/],
    ["a list elsewhere", "splits: {val: ../v.txt}", /data\.yaml: splits\.val is "\.\.\/v\.txt"/],
    ["a list that is missing", "splits: {val: v.txt}", /v\.txt/],
    [
      "broken YAML",
      "images: i\n\nmasks: [m\n",
      /data\.yaml:[34]: not readable as YAML: (?!.*not readable)[^\n]+$/,
    ],
    ["an alias of nothing", "images: i\nmasks: *x\ntags: *y\n", /data\.yaml:2: not readable as YAML: .*x/], // prettier-ignore
    ["the second alias", "images: &x i\nmasks: *x\ntags: *y\n", /data\.yaml:3: not readable as YAML: .*y/], // prettier-ignore
  ])("%s", async (_, yaml, message) => {
    const reading = read({ "data.yaml": yaml });
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(message);
  });
});

test("splits of data.yaml go before others, by names with or without ending, and are told if unused or double", () => {
  const problems: Problem[] = [];
  const splits = {
    train: { files: ["a.jpg", "b", "x", "x"], from: "d.yaml" },
    val: { files: ["c", "b"], from: "v.txt" },
  };
  const named = new NamedSplits({ splits }, problems);
  expect(problems.map(formatProblem)).toEqual([expect.stringMatching(/^v\.txt: b .*"train".*"val"/)]); // prettier-ignore
  expect(problems[0]!.severity).toBe("error");
  const splitOf = (file: string) => named.splitOf(file, "else");
  expect(["a.jpg", "a.png", "b.jpg", "c.v2.jpg", "c.jpg"].map(splitOf)).toEqual(["train", "else", "val", "else", "val"]); // prettier-ignore
  problems.length = 0;
  named.warnOfUnknown(problems);
  expect(problems).toHaveLength(2);
  for (const problem of problems) expect([problem.severity, formatProblem(problem)]).toEqual(["warning", expect.stringMatching(/^d\.yaml: .*"train".*\bx\b/)]); // prettier-ignore
  expect(new NamedSplits({}, problems).splitOf("a", undefined)).toBeUndefined();
});

test("a text may be referred to nine times, not more often", async () => {
  const aliases = (count: number) => `splits: {val: [&a x${", *a".repeat(count)}]}`;
  expect((await read({ "data.yaml": aliases(9) })).splits!["val"]!.files).toHaveLength(10);
  await expect(read({ "data.yaml": aliases(10) })).rejects.toThrow(/data\.yaml:1: not readable as YAML: .*alias/); // prettier-ignore
});

test("the tags file is the one that data.yaml names, or the first that exists", async () => {
  const root = await makeFolder({ "tags.csv/": "", "tags.json": "", "tags.jsonl": "" });
  expect(await findTagsFile(nodeStore, root, {})).toBe(join(root, "tags.jsonl"));
  expect(await findTagsFile(nodeStore, root, { tags: "x.csv" })).toBe(join(root, "x.csv"));
  expect(await findTagsFile(nodeStore, await makeFolder({ "tags.txt": "" }), {})).toBeUndefined();
});

test("a folder is described by its first six entries, folders first, and the number of the rest", async () => {
  const files = (count: number): Files => Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}.txt`, ""])); // prettier-ignore
  const described = async (entries: Files) => describeFolder(nodeStore, await makeFolder(entries));
  expect(await described({})).toBe("nothing");
  expect(await described({ ...files(1), "z/": "" })).toBe("z/, 0.txt");
  expect(await described(files(6))).toMatch(/^0\.txt, .*, 5\.txt$/);
  expect(await described(files(8))).toMatch(/^0\.txt, .*, 5\.txt .*\b2 more$/);
});

describe("a layout is told by what is there", () => {
  const list = async (files: Files) => listDataset(nodeHost, await makeFolder(files));
  const picture = new Picture();
  const voc = { "JPEGImages/a.jpg": picture, "ImageSets/Segmentation/train.txt": "a\n", "tags.csv": "file,tags\na,cat\n" }; // prettier-ignore
  test.each<[string, Files]>([
    ["voc", voc],
    ["plain", { "images/a.jpg": picture, "tags.csv": "file,tags\na.jpg,cat\n" }],
    ["plain", { "a.jpg": picture, "tags.json": '{"a.jpg": ["cat"]}' }],
    ["class folders", { "cat/a.jpg": picture }],
    ["coco", { "JPEGImages/train/a.jpg": picture, "train.txt": "a\n", "tags.csv": "file,tags\na,cat\n" }], // prettier-ignore
  ])("%s (%#)", async (format, files) => {
    const { format: found, images, problems } = await list(files);
    expect([found, images.length]).toEqual([format, 1]);
    expect(problems.filter(({ file }) => file.endsWith("data.yaml"))).toEqual([]);
  });

  test("a path that is no folder, and folders of something else, are refused in words", async () => {
    const root = await makeFolder({ "a.txt": "", "empty/": "", "half/images/a.jpg": picture });
    const refused = (path: string) => expect(listDataset(nodeHost, `${root}${path}`)).rejects;
    await refused("/nowhere").toThrow(/nowhere: no such folder/);
    await refused("/a.txt").toThrow(/a\.txt: is a file/);
    await refused("/empty").toThrow(/empty: the folder is empty/);
    await refused("/half").toThrow(/half: .*images\/.*tags\.csv/);
  });

  test("and what data.yaml says besides is told, key by key", async () => {
    const { problems } = await list({ ...voc, "data.yaml": "images: x\nmasks: y\nsplits: {val: [a]}\ntags: tags.csv\n" }); // prettier-ignore
    const [problem] = problems.filter(({ file }) => file.endsWith("data.yaml"));
    expect(problem).toMatchObject({ severity: "warning", message: expect.stringMatching(/^images, masks, splits: /) as string }); // prettier-ignore
  });
});
