import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeStore } from "../../../../src/host/node/files/store.ts";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { openDataset } from "../../../../src/files/datasets/index.ts";
import { FilesByName, splitOfFolder } from "../../../../src/files/datasets/layouts/files-by-name.ts"; // prettier-ignore
import { firstFile, listPlaces, missingLists, readLists } from "../../../../src/files/datasets/layouts/lists.ts"; // prettier-ignore
import { MaskFolders } from "../../../../src/files/datasets/layouts/mask-folders.ts";
import { listVoc } from "../../../../src/files/datasets/layouts/voc.ts";
import { ImageList } from "../../../../src/files/datasets/listing/image-list.ts";
import { formatProblem, type Listing } from "../../../../src/files/datasets/listing/listing.ts";
import { makeFolder, Mask, Picture } from "../folders.ts";

type Files = Parameters<typeof makeFolder>[0];

test("lists are looked for in the folders of VOC, the data set's own, and one beside it", () => {
  const places = (root: string) => listPlaces(nodeStore, root, "voc");
  const inside = ["ImageSets/Segmentation", "ImageSets/SegmentationAug", "", "voc"];
  expect(places("/d/VOC2012")).toEqual([
    ...inside.map((name) => join("/d/VOC2012", name)),
    "/d/voc",
  ]);
  expect(places("/d/voc")).toEqual(inside.map((name) => join("/d/voc", name)));
});

async function lists(files: Files, names: readonly string[] = ["a", "b", "c"]) {
  const root = await makeFolder(files);
  const list = new ImageList(names);
  const found = await readLists(nodeStore, root, "voc", list);
  const rows = [...list.listed].map(({ name, split, line }) => [split, name, line]);
  const told = found.problems.map((one) => `${one.severity} ${formatProblem(one).slice(root.length + 1)}`); // prettier-ignore
  return { ...found, rows, told };
}

test("the first list of each split is read, with the lines of its names", async () => {
  const { rows, told, sources, splits, distinct } = await lists({
    "ImageSets/Segmentation/train.txt": "c\n",
    "voc/train_aug.txt": "\n/JPEGImages/a.jpg /Masks/a.png\r\nx.png\n",
    "val.txt": "b",
    "ImageSets/SegmentationAug/val.txt": "c\n\n",
  });
  expect(rows).toEqual([
    ["train", "a", 2],
    ["train", "x", 3],
    ["val", "c", 1],
  ]);
  expect(sources).toEqual([
    { from: "voc/train_aug.txt", images: 2 },
    { from: "ImageSets/SegmentationAug/val.txt", images: 1 },
  ]);
  expect([told, [...splits], distinct]).toEqual([[], ["train", "val"], true]);
});

test("a name in two lists stays in the first, and one that is listed twice is no longer distinct", async () => {
  const both = await lists({ "train.txt": "a\nx\n", "val.txt": "b\na\nx\n" });
  expect(both.rows.map(([split, name]) => [split, name])).toEqual([["train", "a"], ["train", "x"], ["val", "b"]]); // prettier-ignore
  expect(both.told).toEqual([
    expect.stringMatching(/^warning val\.txt:2: a .*"train".*"val".*"train"/),
    expect.stringMatching(/^warning val\.txt:3: x .*"train".*"val"/),
  ]);
  expect(both.distinct).toBe(true);
  expect(both.sources).toEqual([{ from: "train.txt", images: 2 }, { from: "val.txt", images: 1 }]); // prettier-ignore
  const twice = await lists({ "train.txt": "a\na\nb\n" });
  expect([twice.distinct, twice.rows.length, twice.told]).toEqual([false, 3, []]);
});

test("a VOC folder without lists is told what it has instead", async () => {
  const message = async (files: Files) => (await missingLists(nodeStore, await makeFolder(files))).message; // prettier-ignore
  expect(await message({})).toMatch(/ImageSets\/Segmentation: no such folder/);
  expect(await message({ "ImageSets/Segmentation/x.md": "" })).toMatch(/Segmentation: .*train\.txt.* x\.md/); // prettier-ignore
});

test("the first file of several paths is one that exists and is no folder", async () => {
  const root = await makeFolder({ "a/": "", b: "" });
  expect(await firstFile(nodeStore, [join(root, "a"), join(root, "b")])).toBe(join(root, "b"));
  expect(await firstFile(nodeStore, [join(root, "a")])).toBeUndefined();
});

test("files of one name in several folders are told apart by the split", () => {
  const files = new FilesByName(["val2014/a.jpg", "x.jpg", "train/a.jpg", "val/b.jpg", "other/a.png"]); // prettier-ignore
  expect(files.inFolders).toBe(true);
  const [a, x, b] = ["a", "x", "b"].map((name) => files.list.find(name)!) as [number, number, number]; // prettier-ignore
  expect([a, x, b]).toEqual([0, 1, 2]);
  expect(["train", "val", "test"].map((split) => files.file(a, split))).toEqual(["train/a.jpg", "val2014/a.jpg", "other/a.png"]); // prettier-ignore
  expect([files.file(x, "val"), files.file(b, "train")]).toEqual(["x.jpg", "val/b.jpg"]);
  expect(files.inSplit("val")).toEqual([{ name: "a", id: 0 }, { name: "b", id: 2 }]); // prettier-ignore
  expect(files.inSplit("train")).toEqual([{ name: "a", id: 0 }]);
  const flat = new FilesByName(["a.jpg", "b.v2.jpg"]);
  expect([flat.inFolders, flat.file(1, "val"), flat.list.find("b.v2")]).toEqual([false, "b.v2.jpg", 1]); // prettier-ignore
  expect(["train2014/a", "train/a", "train14/a", "a", "/a"].map(splitOfFolder)).toEqual(["train", "train", "train14", "", ""]); // prettier-ignore
});

test("masks are found by name or number, in the augmented folder first, and counted by folder", async () => {
  const root = await makeFolder({
    "SegmentationClassAug/2007_000032.png": "",
    "SegmentationClass/2007_000032.png": "",
    "SegmentationClass/b.PNG": "",
    "SegmentationClass/c.jpg": "",
    "SegmentationClass/val/000000000009.png": "",
  });
  const masks = await MaskFolders.read(nodeStore, root);
  const find = (name: string) => masks.find(name, "val")?.slice(root.length + 1);
  expect(find("2007_000032")).toBe("SegmentationClassAug/2007_000032.png");
  expect(find("b")).toBe("SegmentationClass/b.PNG");
  expect(find("c")).toBeUndefined();
  expect(find("COCO_val2014_000000000009")).toBe("SegmentationClass/val/000000000009.png");
  const entry = (mask?: string) => ({ mask: mask && join(root, mask) }) as never;
  const entries = ["2007_000032", "b", "c", "000000000009"].map((name) => entry(find(name)));
  expect(masks.count(entries)).toEqual([
    { from: "SegmentationClassAug", images: 1 },
    { from: "SegmentationClass", images: 2 },
  ]);
  const none = await MaskFolders.read(nodeStore, await makeFolder({}));
  expect([none.find("b", "val"), none.count(entries)]).toEqual([undefined, []]);
});

describe("a VOC folder", () => {
  const files = {
    "JPEGImages/a.jpg": new Picture(),
    "JPEGImages/b.jpg": new Picture(),
    "JPEGImages/t.jpg": new Picture(),
    "ImageSets/Segmentation/train.txt": "a\nx\nb\n",
    "ImageSets/Segmentation/test.txt": "t\nb\n",
    "SegmentationClass/t.png": "never read",
    "classes.txt": "cat\ndog\n",
  };
  const told = ({ problems }: { problems: Listing["problems"] }, root: string) =>
    problems.map((one) => `${one.severity} ${formatProblem(one).slice(root.length + 1)}`);

  test("has images with tags, and in test ones without", async () => {
    const root = await makeFolder({ ...files, "tags.csv": "file,tags\na,dog\nt,cat\n" });
    const steps: string[] = [];
    const listing = await listVoc(nodeHost, root, {}, {
      kind: "voc",
      inside: await nodeStore.list(join(root, "JPEGImages")),
      onProgress: (done, total, what) => steps.push(`${what} ${done}/${total}`),
    }); // prettier-ignore
    expect([...listing.images].map(({ file, tags, split, untagged, line }) => [file, tags, split, untagged, line])).toEqual([
      ["a.jpg", ["dog"], "train", false, 1],
      ["t.jpg", ["cat"], "test", false, 1],
    ]); // prettier-ignore
    expect(steps).toEqual([1, 2, 3, 4].map((done) => `tags ${done}/4`));
    expect(told(listing, root)).toEqual([
      expect.stringMatching(/^warning .*test\.txt:2: b .*"train"/),
      expect.stringMatching(/^warning .*train\.txt:2: x .*left out$/),
      expect.stringMatching(/^warning .*train\.txt:3: b .*tags\.csv, masks.*left out$/),
    ]);
    expect(listing.distinct).toBe(true);
    expect(listing.sources!.masks).toEqual([{ from: "SegmentationClass", images: 1 }]);
  });

  test("has tags by number, after those by name", async () => {
    const names = ["2007_000032", "2007_000039", "2007_000042"];
    const root = await makeFolder({
      "tags.csv": "file,tags\n2007000032,cat\n2007_000039.jpg,dog\n2007000039,cow\n",
      "train.txt": names.join("\n"),
      ...Object.fromEntries(names.map((name) => [`JPEGImages/${name}.jpg`, ""])),
    });
    const inside = await nodeStore.list(join(root, "JPEGImages"));
    const { images, problems } = await listVoc(nodeHost, root, {}, { kind: "voc", inside });
    expect([...images].map(({ tags }) => tags)).toEqual([["cat"], ["dog"]]);
    expect(told({ problems }, root)).toEqual([expect.stringMatching(/train\.txt:3: 2007_000042 /)]);
  });

  test("may have test images of which nothing is known", async () => {
    const rest = Object.entries(files).filter(([path]) => !path.startsWith("SegmentationClass"));
    const root = await makeFolder({
      ...Object.fromEntries(rest),
      "tags.csv": "file,tags\na,dog\n",
    });
    const { splits, counts } = await openDataset(nodeHost, root);
    expect(splits["test"]).toMatchObject([{ name: "t", tags: [], untagged: true }]);
    expect(counts.all).toMatchObject({ images: 2, untagged: 1 });
  });

  test("has tags of many images in their order, whichever are known at once", async () => {
    const names = Array.from({ length: 60 }, (_, i) => `n${i}`);
    const xml = (name: string) => `<annotation><object><name>${name}</name></object></annotation>`;
    const root = await makeFolder({
      "tags.csv": `file,tags\n${names.filter((_, i) => i % 3 === 0).map((name) => `${name},${name}`).join("\n")}\n`, // prettier-ignore
      "train.txt": names.join("\n"),
      "classes.txt": names.join("\n"),
      ...Object.fromEntries(names.map((name) => [`JPEGImages/${name}.jpg`, ""])),
      ...Object.fromEntries(names.map((name) => [`Annotations/${name}.xml`, xml(name)])),
    });
    const inside = await nodeStore.list(join(root, "JPEGImages"));
    const classes = { names, file: "c" };
    const { images, sources } = await listVoc(nodeHost, root, { classes }, { kind: "voc", inside });
    expect([...images].map(({ file, tags }) => [file, ...tags])).toEqual(names.map((name) => [`${name}.jpg`, name])); // prettier-ignore
    expect(sources!.tags).toEqual([
      { from: "tags.csv", images: 20 },
      { from: "Annotations", images: 40 },
      { from: "masks", images: 0 },
    ]);
  });
});

test("COCO's folders count as lists of the splits that have none, sorted by name", async () => {
  const root = await makeFolder({
    "JPEGImages/train2014/b.jpg": new Picture(),
    "JPEGImages/train2014/a.jpg": new Picture(),
    "JPEGImages/val2014/a.jpg": new Picture(),
    "JPEGImages/val2014/c.jpg": new Picture(),
    "coco/val.txt": "c\n",
    "SegmentationClass/train2014/a.png": new Mask([1]),
    "SegmentationClass/train2014/b.png": new Mask([2]),
    "SegmentationClass/val2014/c.png": new Mask([1]),
  });
  const { splits, sources } = await openDataset(nodeHost, root);
  expect(splits["train"]!.map(({ name, tags }) => [name, ...tags])).toEqual([["a", 0], ["b", 1]]); // prettier-ignore
  expect(splits["val"]!.map(({ name }) => name)).toEqual(["c"]);
  expect(sources!.lists).toEqual([
    { from: "coco/val.txt", images: 1 },
    { from: "all of JPEGImages/train", images: 2 },
  ]);
});
