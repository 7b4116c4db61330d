import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatProblem, openDataset } from "../../../../src/files/datasets/index.ts";
import { makeFolder, Mask, Picture } from "../folders.ts";
import { nodeHost } from "../../../../src/host/node/host.ts";

const xml = (...names: string[]) =>
  `<annotation><filename>x.jpg</filename>${names
    .map((name) => `<object><name>${name}</name><part><name>head</name></part></object>`)
    .join("")}</annotation>\n`;

const folder = {
  "JPEGImages/2007_01.jpg": new Picture(),
  "JPEGImages/2007_02.jpg": new Picture(),
  "JPEGImages/2007_03.jpg": new Picture(),
  "ImageSets/Segmentation/train.txt": "2007_01\n",
  "ImageSets/Segmentation/train_aug.txt":
    "/JPEGImages/2007_01.jpg /SegmentationClassAug/2007_01.png\r\n/JPEGImages/2007_02.jpg /SegmentationClassAug/2007_02.png\r\n",
  "ImageSets/Segmentation/val.txt": "2007_03\n",
  "SegmentationClass/2007_01.png": new Mask([0, 15]),
  "SegmentationClass/2007_03.png": new Mask([0, 1, 255]),
  "SegmentationClassAug/2007_01.png": new Mask([0, 15, 3]),
  "SegmentationClassAug/2007_02.png": new Mask([0, 8]),
};

test("tags come from the annotations, lists from train_aug and val, masks from the augmented folder", async () => {
  const root = await makeFolder({
    ...folder,
    "Annotations/2007_01.xml": xml("person", "person", "bird"),
    "Annotations/2007_02.xml": xml("cat"),
    "Annotations/2007_03.xml": xml("aeroplane"),
  });
  const { format, classes, splits, heldOut, counts } = await openDataset(nodeHost, root, {
    split: "val",
  });
  expect([format, classes.length, heldOut, counts.all.masks]).toEqual(["voc", 20, false, 3]);
  expect(splits["train"]!.map(({ name, tags }) => [name, ...tags])).toEqual([
    ["2007_01", 2, 14],
    ["2007_02", 7],
  ]);
  expect(splits["train"]![0]!.mask).toMatch(/SegmentationClassAug/);
  expect(splits["val"]![0]!.mask).toMatch(/SegmentationClass.2007_03/);
});

test("without annotations tags come from the masks", async () => {
  const { splits } = await openDataset(nodeHost, await makeFolder(folder));
  expect(splits["train"]!.map(({ tags }) => tags)).toEqual([[2, 14], [7]]);
  expect(splits["val"]!.map(({ tags }) => tags)).toEqual([[0]]);
});

test("a tags file is read where there are no masks, or where data.yaml names it", async () => {
  const entries = Object.entries(folder).filter(([path]) => !path.startsWith("Segmentation"));
  const tags = "file,tags\n2007_01,dog\n2007_02.jpg,cat;cow\n2007_03.jpg,\n";
  const bare = await openDataset(
    nodeHost,
    await makeFolder({ ...Object.fromEntries(entries), "tags.csv": tags }),
  );
  expect(bare.splits["train"]!.map(({ tags }) => tags)).toEqual([[11], [7, 9]]);
  const named = await openDataset(
    nodeHost,
    await makeFolder({
      ...folder,
      "Annotations/2007_01.xml": xml("person"),
      "mine.csv": tags,
      "data.yaml": "tags: mine.csv\n",
    }),
  );
  expect(named.splits["train"]!.map(({ tags }) => tags)).toEqual([[11], [7, 9]]);
});

test("its own classes can be named in classes.txt", async () => {
  const root = await makeFolder({
    ...folder,
    "classes.txt": Array.from({ length: 15 }, (_, i) => `k${i}`).join("\n"),
  });
  const { classes, splits } = await openDataset(nodeHost, root);
  expect(splits["train"]![0]!.tags.map((tag) => classes[tag])).toEqual(["k2", "k14"]);
});

test("what is listed but missing or broken is left out, with the line of the list", async () => {
  const root = await makeFolder({
    ...folder,
    "ImageSets/Segmentation/train_aug.txt": "2007_01\n2007_02\n2007_09\n",
    "ImageSets/Segmentation/val.txt": "2007_03\n2007_01\n",
    "Annotations/2007_02.xml": "<annotation><object></annotation>",
    "Annotations/2007_03.xml": "<html/>",
  });
  const { problems, splits } = await openDataset(nodeHost, root);
  const lists = join(root, "ImageSets/Segmentation");
  expect(splits["train"]).toHaveLength(1);
  const [broken, foreign, missing, twice] = problems
    .map(formatProblem)
    .filter((text) => !/(has|have) no images/.test(text));
  expect(foreign).toMatch(/2007_03\.xml: has no <annotation>.*; 2007_03 is left out$/);
  expect(broken).toMatch(/2007_02\.xml:1: not readable as XML/);
  expect(missing).toBe(
    `${lists}/train_aug.txt:3: 2007_09 is not in ${join(root, "JPEGImages")}; left out`,
  );
  expect(twice).toBe(
    `${lists}/val.txt:2: 2007_01 is in the splits "train" and "val"; it stays in "train"`,
  );
});

test.each([
  [{ "Annotations/2007_01.xml": xml("unicorn") }, /train_aug\.txt:1: unknown tag "unicorn"/],
  [{ "SegmentationClassAug/2007_02.png": new Mask([0, 77]) }, /2007_02\.png: mask has label 77/],
])("wrong tags are refused (%#)", async (more, message) => {
  await expect(openDataset(nodeHost, await makeFolder({ ...folder, ...more }))).rejects.toThrow(
    message,
  );
});

test("a folder without lists is refused", async () => {
  const images = { "JPEGImages/a.jpg": new Picture() };
  await expect(openDataset(nodeHost, await makeFolder(images))).rejects.toThrow(
    /Segmentation: no such folder/,
  );
  const other = { ...images, "ImageSets/Segmentation/mine.txt": "a" };
  await expect(openDataset(nodeHost, await makeFolder(other))).rejects.toThrow(
    /no train_aug\.txt.*it holds mine\.txt/,
  );
});

test("what data.yaml says in vain is told", async () => {
  const said = "images: JPEGImages\nsplits: {val: [2007_01]}\n";
  const { problems } = await openDataset(
    nodeHost,
    await makeFolder({ ...folder, "data.yaml": said }),
  );
  expect(problems.map(formatProblem).join("\n")).toMatch(
    /data\.yaml: images, splits: ignored, because the layouts of VOC/,
  );
});

test("tags that are read from very many masks are better written once", async () => {
  const image = await nodeHost.codec.encode(
    { width: 1, height: 1, data: Uint8Array.of(9, 9, 9) },
    "jpeg",
  );
  const mask = await nodeHost.codec.encodeLabels({ width: 1, height: 1, data: Uint8Array.of(8) });
  const names = Array.from({ length: 1001 }, (_, i) => `i${i}`);
  const root = await makeFolder({
    ...Object.fromEntries(names.map((name) => [`JPEGImages/${name}.jpg`, image])),
    ...Object.fromEntries(names.map((name) => [`SegmentationClass/${name}.png`, mask])),
    "ImageSets/Segmentation/train.txt": `${names.join("\n")}\n`,
  });
  const { problems, splits, sources } = await openDataset(nodeHost, root);
  expect(splits["train"]!.map(({ name, tags }) => [name, ...tags])).toEqual(
    names.map((name) => [name, 7]),
  );
  expect(sources?.tags).toContainEqual({ from: "masks", images: 1001 });
  const options = { noDecode: true, tagsOut: join(root, "tags.csv") };
  expect(problems.find(({ file }) => file === root)).toEqual({
    severity: "warning",
    file: root,
    message: expect.stringContaining(
      "the tags are read from 1001 masks whenever the data set is opened",
    ) as string,
    remedies: [{ kind: "job", name: "data", argument: root, options, purpose: "does that" }],
  });
  writeFileSync(join(root, "ImageSets/Segmentation/train.txt"), names.slice(1).join("\n"));
  const fewer = await openDataset(nodeHost, root);
  expect(fewer.sources?.tags).toContainEqual({ from: "masks", images: 1000 });
  expect(fewer.problems.filter(({ file }) => file === root)).toEqual([]);
});
