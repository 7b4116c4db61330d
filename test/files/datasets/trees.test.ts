import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { cocoClasses, vocClasses } from "../../../src/method/images/classes.ts";
import {
  formatProblem,
  formatReport,
  inspectDataset,
  openDataset,
  samplesOf,
  type OpenedDataset,
} from "../../../src/files/datasets/index.ts";
import { cocoCategories, writeMiniCoco, writeMiniVoc, type MiniPicture } from "./trees.ts";
import { nodeHost } from "../../../src/host/node/host.ts";

const work = mkdtempSync(join(tmpdir(), "tag2mask-trees-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Name and labels of every picture of a split, as written and as read. */
const written = (pictures: readonly MiniPicture[], split: string) =>
  pictures.filter((one) => one.split === split).map(({ name, labels }) => [name, ...labels]);
const read = (data: OpenedDataset, split: string) =>
  samplesOf(data, split).map(({ name, tags }) => [name, ...tags.map((tag) => tag + 1)]);

/** Share of the pixels whose label is the true one, where that is not 255. */
async function agreement(data: OpenedDataset, { name, truth }: MiniPicture): Promise<number> {
  const sample = Object.values(data.splits)
    .flat()
    .find((one) => one.name === name)!;
  const { data: labels } = await data.reader.readMask(sample);
  const counted = truth.reduce(
    (sum, label, i) => sum + Number(label !== 255 && labels[i] !== 255),
    0,
  );
  return (
    truth.reduce((sum, label, i) => sum + Number(label !== 255 && label === labels[i]), 0) / counted
  );
}

test("VOC 2012 opens as published: augmented list, tags of the dictionary, all twenty classes, an unknown test split", async () => {
  const root = join(work, "VOC2012");
  const pictures = await writeMiniVoc(root);
  const data = await openDataset(nodeHost, root, { training: true, split: "test" });
  expect([data.format, data.classes]).toEqual(["voc", vocClasses]);
  for (const split of ["train", "val"]) expect(read(data, split)).toEqual(written(pictures, split));
  expect(samplesOf(data, "test")).toEqual(
    pictures.slice(16).map(({ name }) => ({
      ...{ name, image: join(root, `JPEGImages/${name}.jpg`), tags: [], untagged: true },
    })),
  );
  expect(data.counts.splits["test"]).toMatchObject({ images: 2, masks: 0, untagged: 2 });
  expect(data.sources).toEqual({
    lists: [
      { from: "voc/train_aug.txt", images: 12 },
      { from: "ImageSets/Segmentation/val.txt", images: 4 },
      { from: "ImageSets/Segmentation/test.txt", images: 2 },
    ],
    tags: [
      { from: "voc/cls_labels_onehot.npy", images: 16 },
      { from: "Annotations", images: 0 },
      { from: "masks", images: 0 },
    ],
    masks: [
      { from: "SegmentationClassAug", images: 16 },
      { from: "SegmentationClass", images: 0 },
    ],
  });
  // The only things to tell: a background-only picture, and classes that this miniature lacks.
  expect(data.problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^2007_0000\d\d\.jpg has no tags: it counts as showing background only$/),
    expect.stringMatching(/^16 of the 20 classes have no images: bicycle, bird, /),
  ]);
  for (const picture of pictures.slice(0, 16)) expect(await agreement(data, picture)).toBe(1);

  const report = await inspectDataset(nodeHost, root);
  expect(report).toMatchObject({ trainable: true, sides: [333, 500] });
  const text = formatReport(report, { color: false });
  for (const line of [
    "layout   VOC folder",
    "masks    16 from SegmentationClassAug (16)",
    "tags     from voc/cls_labels_onehot.npy (16)",
    "splits   train 12, val 4, test 2 (no tags)",
  ]) {
    expect(text).toContain(line);
  }
});

test.each([
  [["xml"], "Annotations"],
  [[], "masks"],
] as const)("VOC tags are the same from %j, without a dictionary", async (tags, source) => {
  const root = join(work, `from-${source}`);
  const pictures = await writeMiniVoc(root, { tags });
  const data = await openDataset(nodeHost, root, { training: true });
  for (const split of ["train", "val"]) expect(read(data, split)).toEqual(written(pictures, split));
  expect(data.sources!.tags.find(({ images }) => images > 0)).toEqual({ from: source, images: 16 });
});

test("an image that the dictionary lacks has its tags from the next source, and numbers do as names", async () => {
  const root = join(work, "partly");
  const [first, second] = (await writeMiniVoc(root, { tags: ["xml"] })) as [
    MiniPicture,
    MiniPicture,
  ];
  const number = second.name.replace("_", "");
  const json = { [`${first.name}.jpg`]: ["sheep"], [number]: ["cow"] };
  writeFileSync(join(root, "tags.json"), JSON.stringify(json));
  const data = await openDataset(nodeHost, root);
  const tags = samplesOf(data, "train").map((sample) =>
    sample.tags.map((tag) => data.classes[tag]),
  );
  expect(tags.slice(0, 2)).toEqual([["sheep"], ["cow"]]);
  expect(data.sources!.tags.map(({ images }) => images)).toEqual([2, 14, 0]);
});

test("tags taken from masks can be written once and are the same from then on", async () => {
  const root = join(work, "written");
  const pictures = await writeMiniVoc(root, { tags: [] });
  await inspectDataset(nodeHost, root, { decode: false, tagsTo: join(root, "tags.csv") });
  const data = await openDataset(nodeHost, root, { training: true });
  expect(data.sources!.tags[0]).toEqual({ from: "tags.csv", images: 16 });
  for (const split of ["train", "val"]) expect(read(data, split)).toEqual(written(pictures, split));
  expect(data.counts.splits["test"]!.untagged).toBe(2);
});

test("gray JPEGs have three like channels", async () => {
  const root = join(work, "gray");
  const gray = (await writeMiniCoco(root, { layout: "voc" })).find((picture) => picture.gray)!;
  const path = join(root, `JPEGImages/train/${gray.name}.jpg`);
  expect((await sharp(path).metadata()).channels).toBe(1);
  const data = await openDataset(nodeHost, root);
  const sample = samplesOf(data, "train").find(({ name }) => name === gray.name)!;
  const { width, height, data: pixels } = await data.reader.readImage(sample);
  expect([width, height, pixels.length]).toEqual([640, 480, 640 * 480 * 3]);
  expect(pixels.every((value, i) => value === pixels[i - (i % 3)])).toBe(true);
});

test("COCO opens in folders like VOC's, with and without lists and the dictionary", async () => {
  const root = join(work, "coco-voc");
  const pictures = await writeMiniCoco(root, { layout: "voc" });
  const published = await openDataset(nodeHost, root, { training: true, split: "val" });
  expect([published.format, published.classes]).toEqual(["coco", cocoClasses]);
  await rm(join(root, "coco"), { recursive: true });
  const bare = await openDataset(nodeHost, root, { training: true });
  expect(bare.sources).toMatchObject({
    lists: [
      { from: "all of JPEGImages/train", images: 12 },
      { from: "all of JPEGImages/val", images: 4 },
    ],
    tags: [{ from: "masks", images: 16 }],
  });
  for (const split of ["train", "val"]) {
    expect(read(published, split)).toEqual(written(pictures, split));
  }
  // A crowd is 255 in a mask, so that only the dictionary knows what it is of.
  const crowd = pictures.find(({ things }) => things.some((thing) => thing.crowd))!.name;
  const others = (rows: (string | number)[][]) => rows.filter(([name]) => name !== crowd);
  expect(others(read(bare, "train"))).toEqual(others(written(pictures, "train")));
  for (const picture of pictures) expect(await agreement(bare, picture)).toBe(1);
});

test("COCO opens from its annotations: ids with gaps, outlines, crowds, smaller objects on top", async () => {
  const root = join(work, "coco-json");
  const pictures = await writeMiniCoco(root, { layout: "json" });
  const data = await openDataset(nodeHost, root, { training: true, split: "val" });
  expect([data.format, data.classes]).toEqual(["coco", cocoClasses]);
  const empty = pictures.find(({ labels }) => labels.length === 0)!;
  const train = written(pictures, "train").filter(([name]) => name !== empty.name);
  expect(read(data, "train")).toEqual(train);
  expect(read(data, "val")).toEqual(written(pictures, "val"));
  expect(data.problems.map(({ message }) => message)).toContain(
    "1 image without any annotation left out, as in the published lists",
  );
  for (const picture of pictures.filter((one) => one !== empty)) {
    expect(await agreement(data, picture)).toBeGreaterThan(0.997);
  }
  const crowded = pictures.find(({ truth }) => truth.includes(255))!;
  const sample = samplesOf(data, "train").find(({ name }) => name === crowded.name)!;
  const { data: labels } = await data.reader.readMask(sample);
  expect(labels.findIndex((label, i) => (label === 255) !== (crowded.truth[i] === 255))).toBe(-1);
  expect(await inspectDataset(nodeHost, root)).toMatchObject({
    trainable: true,
    sides: [427, 640],
  });

  // A list is obeyed: it may name an image that shows nothing.
  const names = train.slice(0, 11).map(([name]) => name);
  writeFileSync(join(root, "train.txt"), [...names, empty.name, "COCO_train2014_0"].join("\n"));
  const listed = await openDataset(nodeHost, root, { training: true });
  expect(read(listed, "train").at(-1)).toEqual([empty.name]);
  expect(listed.problems.map(formatProblem)).toContain(
    `${join(root, "train.txt")}:13: COCO_train2014_0 is in no annotation file; left out`,
  );
  const nothing = samplesOf(listed, "train").at(-1)!;
  expect((await listed.reader.readMask(nothing)).data.every((label) => label === 0)).toBe(true);
});

test("a mask is refused once its annotation file has changed", async () => {
  const root = join(work, "changed");
  await writeMiniCoco(root, { layout: "json" });
  const data = await openDataset(nodeHost, root);
  const path = join(root, "annotations/instances_train2014.json");
  writeFileSync(path, `${readFileSync(path, "utf8")} `);
  const [sample] = samplesOf(data, "train");
  await expect(data.reader.readMask(sample!)).rejects.toThrow(/changed since it was opened/);
});

test("COCO's 80 classes are in the order of their ids up to 90", () => {
  expect(cocoCategories.map(({ name }) => name)).toEqual(cocoClasses);
  expect(new Set(cocoClasses).size).toBe(80);
  const at = (name: string) => cocoCategories.find((category) => category.name === name)?.id;
  expect(["person", "stop sign", "backpack", "skateboard", "wine glass", "tv"].map(at)).toEqual([
    ...[1, 13, 27, 41, 46, 72],
  ]);
  expect(["bed", "dining table", "toilet", "book", "toothbrush"].map(at)).toEqual([
    65, 67, 70, 84, 90,
  ]);
});
