import { describe, expect, test } from "vitest";
import type { Sample } from "../../../src/method/data/sample.ts";
import { checkLabels, openDataset, requireTrainable, samplesOf } from "../../../src/files/datasets/index.ts"; // prettier-ignore
import { datasetReader } from "../../../src/files/datasets/reader.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { UserError } from "../../../src/user-error.ts";
import { makeFolder, Mask, Picture } from "./folders.ts";

const sample = (...tags: number[]): Sample => ({ name: "a", image: "a.jpg", tags });

test("the samples of a split are asked for by name, and those that exist are named else", () => {
  const splits = { train: [sample(0), sample()], val: [] };
  const dataset = { classes: ["x"], splits };
  expect(samplesOf(dataset, "train")).toBe(splits.train);
  expect(() => samplesOf(dataset, "val")).toThrow(
    /^data set: .*"val".* train \(2 images\), val \(0 images\)$/,
  );
  expect(() => samplesOf({ ...dataset, root: "/d" }, "toString")).toThrow(/^\/d: .*"toString"/);
});

describe("training needs", () => {
  const classes = ["cat", "dog", "cow", "owl"];
  test("images with tags", () => {
    const wrong = { classes, splits: { train: [sample(), sample()], val: [] } };
    expect(() => requireTrainable(wrong)).toThrow(/^data set: no training image has a tag/);
    expect(() => requireTrainable({ ...wrong, splits: { val: [sample(0)] } })).toThrow(/"train"/);
    expect(() => requireTrainable({ classes, splits: { train: [sample(3)] } })).not.toThrow();
  });
});

test("labels are background, classes and ignored pixels, and others are told by their place", () => {
  const map = (...data: number[]) => ({ width: 3, height: 2, data: Uint8Array.from(data) });
  expect(() => checkLabels(map(0, 1, 2, 255, 0, 0), 2, "m")).not.toThrow();
  expect(() => checkLabels(map(0, 1, 2, 255, 3, 4), 2, "m")).toThrow(
    /^m: .*\b3 at x 1, y 1, .*\b2 /,
  );
  expect(() => checkLabels(map(254, 0, 0, 0, 0, 0), 2, "m")).toThrow(/\b254 at x 0, y 0/);
  expect(() => checkLabels(map(0, 0, 3, 0, 0, 0), 2, "m")).toThrow(/\b3 at x 2, y 0/);
});

test("the mask of an image that has none is refused by name", async () => {
  const reader = datasetReader(nodeHost.codec, 2);
  await expect(reader.readMask(sample())).rejects.toThrow(/^a\.jpg: .*no mask/);
});

describe("an opened data set", () => {
  const two = { "images/a.jpg": new Picture(), "images/b.jpg": new Picture() };
  test("counts images, masks, unknown tags and classes, in all and by split", async () => {
    const root = await makeFolder({
      "JPEGImages/a.jpg": new Picture(),
      "JPEGImages/b.jpg": new Picture(),
      "JPEGImages/c.jpg": new Picture(),
      "SegmentationClass/b.png": new Mask([0, 2]),
      "ImageSets/Segmentation/train.txt": "a\nb\n",
      "ImageSets/Segmentation/test.txt": "c\n",
      "tags.csv": "file,tags\na,y;x\nb,y\n",
      "classes.txt": "x\ny\n",
    });
    const { counts } = await openDataset(nodeHost, root);
    const test = { images: 1, masks: 0, untagged: 1, perClass: [0, 0] };
    expect(counts).toEqual({
      all: { images: 3, masks: 1, untagged: 1, perClass: [1, 2] },
      splits: { train: { images: 2, masks: 1, untagged: 0, perClass: [1, 2] }, test },
    });
  });

  test("is refused for one error in its words, and for more with their number", async () => {
    const opening = (csv: string) =>
      makeFolder({ ...two, "tags.csv": csv }).then((root) => openDataset(nodeHost, root));
    const one = opening("file,tags\na.jpg,x,y\nb.jpg,x\n");
    await expect(one).rejects.toThrow(/tags\.csv:2: .*3.*2/);
    await expect(one).rejects.not.toThrow(/more/);
    await expect(one).rejects.toMatchObject({ remedies: [] });
    const three = opening("file,tags\na.jpg,x,y\nb.jpg\n,x\n");
    await expect(three).rejects.toThrow(/tags\.csv:2: .*\b2 more/);
    await expect(three).rejects.toMatchObject({ remedies: [{ kind: "job", name: "data" }] });
  });

  test("is refused without usable image, and says why the first is not", async () => {
    const root = await makeFolder({ "images/a.jpg": "x", "tags.csv": "file,tags\n" });
    await expect(openDataset(nodeHost, root)).rejects.toThrow(new RegExp(`^${root}: no usable image$`)); // prettier-ignore
    const missing = await makeFolder({ ...two, "tags.csv": "file,tags\nc.jpg,x\n" });
    await expect(openDataset(nodeHost, missing)).rejects.toThrow(/: no usable image; .*tags\.csv:2: c\.jpg/); // prettier-ignore
  });

  test("is only refused as not trainable if it is to be trained on", async () => {
    const csv = "file,tags,split\na.jpg,x,val\nb.jpg,x,test\n";
    const root = await makeFolder({ ...two, "tags.csv": csv });
    expect((await openDataset(nodeHost, root)).heldOut).toBe(false);
    await expect(openDataset(nodeHost, root, { training: true })).rejects.toThrow(UserError);
  });
});
