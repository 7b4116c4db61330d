import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatProblem, openDataset } from "../../../../src/files/datasets/index.ts";
import { listCoco } from "../../../../src/files/datasets/layouts/coco.ts";
import { findCoco } from "../../../../src/files/datasets/layouts/find-coco.ts";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { UserError } from "../../../../src/user-error.ts";
import { makeFolder, Picture } from "../folders.ts";

type Files = Parameters<typeof makeFolder>[0];
const image = { id: 1, file_name: "a.jpg", width: 8, height: 6 };
const annotation = { id: 7, image_id: 1, category_id: 3, segmentation: [[1, 1, 5, 1, 5, 4, 1, 4]] };
const categories = [{ id: 3, name: "cat" }, { id: 90, name: "dog" }]; // prettier-ignore
const whole = { images: [image], annotations: [annotation], categories };
const train = "annotations/instances_train2014.json";
const val = "annotations/instances_val2014.json";
const picture = new Picture();

const json = (change: object = {}): string => JSON.stringify({ ...whole, ...change });

async function list(files: Files, description = {}) {
  const root = await makeFolder(files);
  const steps: string[] = [];
  const folder = (await findCoco(nodeHost.store, root, undefined))!;
  const found = await listCoco(nodeHost, root, description, folder, (done, total, what) =>
    steps.push(`${done}/${total} ${what}`),
  );
  const told = found.problems.map((one) => `${one.severity} ${formatProblem(one).slice(root.length + 1)}`); // prettier-ignore
  const relative = (path: string | undefined) => path?.replace(`${root}/`, "");
  return { ...found, root, told, steps, relative };
}

test.each([
  "images/train2014",
  "images/train",
  "train2014",
  "train",
  "JPEGImages/train2014",
  "JPEGImages/train",
  "images",
  "JPEGImages",
  ".",
])("images may lie in %s", async (place) => {
  const files = { [`${place}/a.jpg`]: picture, [`${place}/x.jpg`]: picture };
  const { images, root } = await list({ [train]: json(), ...files });
  expect([...images].map(({ folder, place: file }) => [folder, file])).toEqual([[join(root, place), "a.jpg"]]); // prettier-ignore
});

test.each(["p/train2014", "p/train", "p"])(
  "data.yaml says that images lie in %s",
  async (place) => {
    const files = { [`${place}/a.jpg`]: picture, "images/a.jpg": picture };
    const { images, root } = await list({ [train]: json(), ...files }, { images: "p" });
    expect(images.at(0).folder).toBe(join(root, place));
  },
);

test("annotation files in annotations/ go before those beside the images", async () => {
  const inside = await list({ [train]: json(), "instances_val.json": "{}", "images/a.jpg": picture }); // prettier-ignore
  expect(inside.sources!.lists).toEqual([{ from: train, images: 1 }]);
  const beside = await list({ "annotations/other.json": "", "instances_val.json": json(), "images/a.jpg": picture }); // prettier-ignore
  expect(beside.sources!.lists).toEqual([{ from: "instances_val.json", images: 1 }]);
  expect(beside.images.at(0).split).toBe("val");
  expect(await findCoco(nodeHost.store, await makeFolder({ "instances_.json": "" }), undefined)).toBeUndefined(); // prettier-ignore
});

test("what is not used of a file is told with its number", async () => {
  const [b, c, d] = [2, 3, 4].map((id) => ({ ...image, id, file_name: `${"_abcd"[id]}.jpg` }));
  const stray = { ...annotation, image_id: 77 };
  const { told, images, relative } = await list({
    [train]: json({
      images: [image, b, c, d],
      annotations: [annotation, { ...annotation, image_id: 3 }, stray, stray],
    }),
    [val]: json({ images: [{ ...image, file_name: "z.jpg" }] }),
    "images/a.jpg": picture,
    "images/b.jpg": picture,
  });
  expect(told).toHaveLength(4);
  expect(told[0]).toMatch(/^warning .*train2014\.json: .*\b2 annotations /);
  expect(told[1]).toMatch(/^warning .*val2014\.json: .*\b1 image/);
  expect(told[2]).toMatch(/^warning .*train2014\.json: .*\b2 images? /);
  expect(told[3]).toMatch(/^warning .*train2014\.json: c\.jpg .*left out$/);
  expect([...images].map(({ file, tags, mask, maskSize, from }) => [file, tags, relative(mask), maskSize, relative(from)])).toEqual([
    ["a.jpg", ["cat"], `${train}#1`, { width: 8, height: 6 }, train],
  ]); // prettier-ignore
});

test("images without outline have tags and no mask, and masks are counted", async () => {
  const { images, sources, distinct } = await list({
    [train]: json({
      images: [image, { ...image, id: 2, file_name: "b.jpg" }, { ...image, id: 3, file_name: "deep/c.jpg" }], // prettier-ignore
      annotations: [
        { ...annotation, category_id: 90, segmentation: [] },
        { ...annotation, image_id: 2 },
        { ...annotation, image_id: 3, category_id: 90 },
        { ...annotation, image_id: 3 },
      ],
    }),
    "images/a.jpg": picture,
    "images/b.jpg": picture,
    "images/deep/c.jpg": picture,
  });
  expect([...images].map(({ file, place, tags, mask, maskSize }) => [file, place, tags, mask !== undefined, maskSize !== undefined])).toEqual([
    ["a.jpg", "a.jpg", ["dog"], false, false],
    ["b.jpg", "b.jpg", ["cat"], true, true],
    ["c.jpg", "deep/c.jpg", ["cat", "dog"], true, true],
  ]); // prettier-ignore
  expect(sources).toEqual({
    lists: [{ from: train, images: 3 }],
    tags: [{ from: "annotations", images: 3 }],
    masks: [{ from: expect.stringContaining("outlines") as string, images: 2 }],
  });
  expect(distinct).toBe(false);
});

test("a list chooses images, with or without annotation, and its unknown names are told", async () => {
  const { images, told, sources } = await list({
    [train]: json({ images: [image, { ...image, id: 2, file_name: "b.jpg" }] }),
    "train.txt": "b\nnowhere\na.jpg\n",
    "images/a.jpg": picture,
    "images/b.jpg": picture,
  });
  expect([...images].map(({ file, tags, line }) => [file, tags, line])).toEqual([["b.jpg", [], 1], ["a.jpg", ["cat"], 3]]); // prettier-ignore
  expect(told).toEqual([expect.stringMatching(/^warning train\.txt:2: nowhere .*left out$/)]);
  expect(sources!.lists).toEqual([{ from: "train.txt", images: 3 }]);
});

test("labels are those of classes.txt, in its order, and background is 0", async () => {
  const root = await makeFolder({
    [train]: json({ categories: [...categories, { id: 1, name: "Background" }] }),
    "images/a.jpg": picture,
    "classes.txt": "cow\ndog\ncat\n",
  });
  const { classes, reader, splits } = await openDataset(nodeHost, root, { valFraction: 0 });
  expect([classes, splits["train"]![0]!.tags]).toEqual([["cow", "dog", "cat"], [2]]);
  const { data } = await reader.readMask(splits["train"]![0]!);
  expect([data.filter((label) => label === 3).length, new Set(data).size]).toEqual([12, 2]);
  await expect(openDataset(nodeHost, await makeFolder({ [train]: json(), "images/a.jpg": picture, "classes.txt": "cat\n" }))).rejects.toThrow(/classes\.txt: .*"dog"/); // prettier-ignore
});

test("reading tells how far it is, in megabytes of each file", async () => {
  const filler = "x".repeat(2_600_000);
  const { steps } = await list({ [train]: json({ info: filler }), "images/a.jpg": picture });
  expect(steps.at(-1)).toBe("3/3 MB of instances_train2014.json");
  expect(steps[0]).toMatch(/^[0-3]\/3 MB/);
});

describe("a data set is refused for", () => {
  test.each<[string, Files, RegExp]>([
    ["two files of a split", { [train]: json(), "annotations/instances_train.json": json() }, /instances_train.*"train"/], // prettier-ignore
    ["no image of any file", { [train]: json() }, /train2014\.json: .*images\/train2014$/],
    ["an image elsewhere", { [train]: json({ images: [{ ...image, file_name: "/etc/a.jpg" }] }) }, /none of its images was found/], // prettier-ignore
    ["other categories", { [train]: json(), [val]: json({ categories: [categories[0], { id: 90, name: "cow" }] }), "images/a.jpg": picture }, /val2014\.json: .*\b2 .*\b2 of .*train2014/], // prettier-ignore
    ["other ids", { [train]: json(), [val]: json({ categories: [categories[0], { id: 91, name: "dog" }] }), "images/a.jpg": picture }, /val2014\.json: /], // prettier-ignore
  ])("%s", async (_, files, message) => {
    await expect(list(files)).rejects.toThrow(UserError);
    await expect(list(files)).rejects.toThrow(message);
  });
});

test("a mask of another file's address is refused", async () => {
  const { readMask } = await list({ [train]: json(), "images/a.jpg": picture });
  await expect(readMask!("/other.json#1")).rejects.toThrow(/^\/other\.json#1: /);
});
