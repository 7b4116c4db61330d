import { join } from "node:path";
import { expect, test } from "vitest";
import { formatProblem, openDataset } from "../../../../src/files/datasets/index.ts";
import { makeFolder, Mask, Picture } from "../folders.ts";
import { nodeHost } from "../../../../src/host/node/host.ts";

const pets = {
  "dog/1.jpg": new Picture(),
  "dog/2.jpg": new Picture(),
  "cat/1.png": new Picture(),
  "cat/more/2.png": new Picture(),
};

test("a folder for each class gives each image one tag and a name with the class in it", async () => {
  const dataset = await openDataset(nodeHost, await makeFolder(pets), {
    valFraction: 0,
    training: true,
  });
  expect([dataset.format, dataset.classes]).toEqual(["class folders", ["cat", "dog"]]);
  expect(dataset.splits["train"]!.map(({ name, tags }) => [name, ...tags])).toEqual([
    ["cat-1", 0],
    ["cat-more-2", 0],
    ["dog-1", 1],
    ["dog-2", 1],
  ]);
});

test("folders train and val hold such folders", async () => {
  const root = await makeFolder({
    "train/cat/1.jpg": new Picture(),
    "train/dog/1.jpg": new Picture(),
    "valid/cat/1.jpg": new Picture(),
  });
  const { classes, counts, heldOut } = await openDataset(nodeHost, root, { training: true });
  expect([classes, heldOut]).toEqual([["cat", "dog"], false]);
  expect(counts.splits["train"]!.perClass).toEqual([1, 1]);
  expect(counts.splits["val"]!.perClass).toEqual([1, 0]);
});

test("masks lie in a folder of the same structure, and the order of classes in classes.txt", async () => {
  const root = await makeFolder({
    ...pets,
    "masks/dog/1.png": new Mask(),
    "classes.txt": "dog\ncat\n",
  });
  const { classes, splits, counts } = await openDataset(nodeHost, root, { seed: 1 });
  expect(classes).toEqual(["dog", "cat"]);
  expect(counts.all.masks).toBe(1);
  expect(splits["val"]!.map(({ name }) => name)).toEqual(["dog-1"]);
});

test("a folder that is no class is told, an empty one refused", async () => {
  const root = await makeFolder({ ...pets, "notes/readme.txt": "hi" });
  const { classes, problems } = await openDataset(nodeHost, root);
  expect(classes).toEqual(["cat", "dog"]);
  expect(problems.map(formatProblem)).toEqual([
    `${join(root, "notes")}: has no images, so it is not used as a class; it holds readme.txt`,
  ]);
  await expect(openDataset(nodeHost, await makeFolder({ ...pets, "cow/": "" }))).rejects.toThrow(
    /cow: the folder is empty, so the class "cow" has no images; add some or delete/,
  );
});

test("a class folder that classes.txt does not know is refused by image", async () => {
  const root = await makeFolder({ ...pets, "classes.txt": "dog\n" });
  await expect(openDataset(nodeHost, root)).rejects.toThrow(/cat.1\.png: unknown tag "cat"/);
});
