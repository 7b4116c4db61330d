import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { cocoSource } from "../../../../src/files/formats/coco/read.ts";
import { LostDetails } from "../../../../src/files/formats/lost-details.ts";
import { ImageFiles } from "../../../../src/files/formats/image-files.ts";
import { makeFolder, Picture } from "../../datasets/folders.ts";
import { classes, readAll, writeAll } from "../masks.ts";

const image = { id: 1, file_name: "a.png", width: 4, height: 3 };
const square = { image_id: 1, category_id: 2, segmentation: [[0, 0, 2, 0, 2, 2, 0, 2]] };
const categories = [{ id: 1, name: "cat" }, { id: 2, name: "dog" }]; // prettier-ignore

async function source(
  value: object,
  { names, files = {} }: { names?: string[]; files?: Record<string, Picture> } = {},
) {
  const file = { images: [image], annotations: [square], categories, ...value };
  const root = await makeFolder({ "a.json": JSON.stringify(file), ...files });
  const losses = new LostDetails();
  const images = await ImageFiles.find(nodeHost.store, undefined, root);
  const options = { images, losses, instances: "regions", ...(names && { classes: names }) } as const; // prettier-ignore
  return { losses, root, ...(await cocoSource(nodeHost, join(root, "a.json"), options)) };
}

test("other class names are taken in the order of the labels, as many as categories or more", async () => {
  expect((await source({})).classes).toEqual(["cat", "dog"]);
  expect((await source({}, { names: ["x", "y"] })).classes).toEqual(["x", "y"]);
  expect((await source({}, { names: ["x", "y", "z"] })).classes).toEqual(["x", "y", "z"]);
  await expect(source({}, { names: ["x"] })).rejects.toMatchObject({
    message: expect.stringMatching(/a\.json: has 2 classes, but 1 class names/) as string,
    remedies: [{ kind: "option", name: "classes", instead: true }],
  });
});

test("entries have the names of their images, and the files where there are any", async () => {
  const images = [
    { ...image, file_name: "deep/cafe\u0301.x.jpg" },
    { ...image, id: 2, file_name: "b.png" },
  ];
  const { entries, root } = await source({ images }, { files: { "images/caf\u00e9.x.jpg": new Picture(4, 3) } }); // prettier-ignore
  expect(entries.map(({ name, fileName, image: file }) => ({ name, fileName, file }))).toEqual([
    { name: "deep/caf\u00e9.x", fileName: "deep/caf\u00e9.x.jpg", file: join(root, "images/caf\u00e9.x.jpg") }, // prettier-ignore
    { name: "b", fileName: "b.png", file: undefined },
  ]);
  expect([...(await entries[0]!.read()).data]).toEqual([2, 2, 0, 0, 2, 2, 0, 0, 0, 0, 0, 0]);
  await expect(entries[1]!.read()).rejects.toThrow(/b\.png: has no annotation/);
});

test.each([
  [4, 4],
  [5, 3],
])("an image file of another size is refused: %i x %i", async (width, height) => {
  const files = { "images/a.png": new Picture(width, height) };
  const { entries } = await source({}, { files });
  await expect(entries[0]!.read()).rejects.toThrow(
    new RegExp(`a\\.png: mask is 4x3, but its image .*a\\.png is ${width}x${height}$`),
  );
});

test("a size without pixels to prove it is refused before memory is taken for it", async () => {
  const { entries } = await source({ images: [{ ...image, width: 50_000_001, height: 1 }] });
  await expect(entries[0]!.read()).rejects.toThrow(/a\.json: a\.png: .*50000001x1.*50000000/);
});

test("ignored pixels are a crowd of a category of their own, which is no class when they are read again", async () => {
  const map = (...data: number[]) => ({ width: data.length, height: 1, data: Uint8Array.from(data) }); // prettier-ignore
  const masks = new Map([
    ["a", map(3, 255, 1, 0)],
    ["b", map(2, 255)],
    ["c", map(255)],
    ["d", map(0)],
  ]);
  const root = await makeFolder({});
  const { path } = await writeAll(root, "coco", masks);
  const { annotations, images } = JSON.parse(readFileSync(path, "utf8")) as {
    annotations: Record<string, unknown>[];
    images: unknown[];
  };
  const rows = annotations.map((one) => [one["id"], one["image_id"], one["category_id"], one["iscrowd"], one["bbox"]]); // prettier-ignore
  expect(rows).toEqual([
    [1, 1, 3, 0, [0, 0, 1, 1]],
    [2, 1, 5, 1, [1, 0, 1, 1]],
    [3, 1, 1, 0, [2, 0, 1, 1]],
    [4, 2, 2, 0, [0, 0, 1, 1]],
    [5, 2, 5, 1, [1, 0, 1, 1]],
    [6, 3, 5, 1, [0, 0, 1, 1]],
  ]);
  expect(images).toEqual(
    ["a", "b", "c", "d"].map((name, i) => {
      const { width, height } = masks.get(name)!;
      return { id: i + 1, file_name: `${name}.jpg`, width, height };
    }),
  );
  const again = await readAll(path);
  expect(again.classes).toEqual(classes);
  for (const [name, { data }] of masks) expect([...again.masks.get(name)!.data]).toEqual([...data]);
});

test("objects are regions, or all pixels of a class", async () => {
  const masks = new Map([["a", { width: 3, height: 1, data: Uint8Array.of(1, 0, 1) }]]);
  const count = async (instances: "regions" | "classes") => {
    const { path } = await writeAll(await makeFolder({}), "coco", masks, { instances });
    const value = JSON.parse(readFileSync(path, "utf8")) as { annotations: unknown[] };
    return value.annotations.length;
  };
  expect([await count("regions"), await count("classes")]).toEqual([2, 1]);
});
