import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeStore } from "../../../../src/host/node/files/store.ts";
import { CocoInstances } from "../../../../src/files/formats/coco/instances.ts";
import { UserError } from "../../../../src/user-error.ts";
import { makeFolder } from "../../datasets/folders.ts";

const image = { id: 1, file_name: "a.jpg", width: 4, height: 3 };
const annotation = { id: 7, image_id: 1, category_id: 1, segmentation: [[0, 0, 2, 0, 2, 1]] };
const good = { images: [image], annotations: [annotation], categories: [{ id: 1, name: "cat" }] };
const categories = (count: number, first = 1): object[] =>
  Array.from({ length: count }, (_, i) => ({ id: first + i, name: `c${i}` }));

async function read(change: object | string): Promise<CocoInstances> {
  const text = typeof change === "string" ? change : JSON.stringify({ ...good, ...change });
  return CocoInstances.read(nodeStore, join(await makeFolder({ "a.json": text }), "a.json"));
}

describe("an annotation file may have", () => {
  test.each<[string, object]>([
    ["an image of one pixel", { images: [{ ...image, width: 1, height: 1 }] }],
    ["an image of 200 million pixels", { images: [{ ...image, width: 2e8, height: 1 }] }],
    ["254 categories and background", { categories: [{ id: 0, name: "BACKGROUND" }, ...categories(254)] }], // prettier-ignore
    ["categories with negative ids", { categories: [{ id: -3, name: "cat" }] }],
    ["no annotations", { annotations: undefined }],
    ["an image whose id is text", { images: [{ ...image, id: "x" }], annotations: [] }],
  ])("%s", async (_, change) => {
    expect((await read(change)).images).toHaveLength(1);
  });
});

const long = "x".repeat(60);
describe("an annotation file is refused for", () => {
  test.each<[string, object, RegExp]>([
    ["no width", { images: [{ ...image, width: 0 }] }, /entry 1 of "images" is 0x3/],
    ["no height", { images: [image, { ...image, height: 0 }] }, /entry 2 of "images" is 4x0/],
    ["a pixel too many", { images: [{ ...image, width: 200_000_001, height: 1 }] }, /is 200000001x1; .*200000000/], // prettier-ignore
    ["an empty file name", { images: [{ ...image, file_name: "" }] }, /entry 1 .*no "file_name"/],
    ["an empty id", { images: [{ ...image, id: "" }] }, /its "id" is ""/],
    ["a missing id", { images: [{ ...image, id: undefined }] }, /its "id" is missing/],
    ["a list for an id", { images: [{ ...image, id: [long] }] }, /its "id" is \["x{38};/],
    ["a text for an image", { images: [long] }, /entry 1 of "images" is "x{39}, /],
    ["a list for an annotation", { annotations: [annotation, [1]] }, /entry 2 of "annotations" is \[1\]/], // prettier-ignore
    ["a category without id", { categories: [{ name: "cat" }] }, /entry 1 of "categories": its "id" is missing/], // prettier-ignore
    ["a broken category id", { categories: [{ id: 0.5, name: "cat" }] }, /its "id" is 0\.5/],
    ["a category without name", { categories: [{ id: 1 }] }, /entry 1 of "categories" has no "name"/], // prettier-ignore
    ["255 categories", { categories: categories(255) }, /entry 255 of "categories": .*254/],
    ["no list of images", { images: undefined }, /no "images"/],
    ["no list of categories", { categories: undefined }, /no "categories"/],
    ["no category but background", { categories: [{ id: 1, name: "background" }] }, /no classes/],
  ])("%s", async (_, change, message) => {
    const reading = read(change);
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(message);
  });
});

test("an entry that is far larger than annotations are is refused before it is kept", async () => {
  const entry = JSON.stringify({ ...annotation, note: "x".repeat(21 << 20) });
  const text = JSON.stringify({ ...good, annotations: [] }).replace("[]", () => `[${entry}]`);
  await expect(read(text)).rejects.toThrow(/"annotations" has more than 16 MB/);
});

test("categories are sorted by id, background has label 0, and paths have forward slashes", async () => {
  const instances = await read({
    images: [{ ...image, file_name: "x\\y\\a.jpg" }],
    categories: [{ id: 90, name: " dog" }, { id: 2, name: "Background" }, { id: 17, name: "cat" }], // prettier-ignore
    annotations: [],
  });
  expect(instances.categories).toEqual([
    { id: 2, name: "Background", label: 0 },
    { id: 17, name: "cat", label: 1 },
    { id: 90, name: "dog", label: 2 },
  ]);
  expect([instances.classes, instances.images[0]!.file]).toEqual([["cat", "dog"], "x/y/a.jpg"]);
});

test("annotations are known by image: their categories, outlines, strays and unknown categories", async () => {
  const [second, third] = [2, 3].map((id) => ({ ...image, id, file_name: `${id}.jpg` }));
  const instances = await read({
    images: [image, second, third],
    annotations: [
      annotation,
      { ...annotation, category_id: 5 },
      { ...annotation, image_id: 2, segmentation: [] },
      { ...annotation, image_id: 2 },
      { ...annotation, image_id: 8 },
      { ...annotation, image_id: 8 },
      { ...annotation, image_id: "9" },
    ],
  });
  const all = instances.images.map((one) => [
    instances.categoriesOf(one) && [...instances.categoriesOf(one)!],
    instances.isOutlined(one),
  ]);
  expect(all).toEqual([
    [[1, 5], true],
    [[1], false],
    [undefined, true],
  ]);
  expect(instances.strays).toBe(3);
  expect(() => instances.checkCategories()).toThrow(/image 1 has category_id 5, .* 1 categories/);
  expect((await read({})).strays).toBe(0);
});

test("an image is found by its id as text, a number or not", async () => {
  const instances = await read({ images: [image, { ...image, id: "1b" }], annotations: [] });
  expect([instances.image("1").id, instances.image("1b").id]).toEqual([1, "1b"]);
  expect(() => instances.image("2")).toThrow(/has no image with the id 2$/);
});

test("objects are those of the image asked for, and refused once the file has changed", async () => {
  const instances = await read({
    images: [image, { ...image, id: 2 }],
    annotations: [annotation, { ...annotation, image_id: 2 }, annotation],
  });
  const labels = new Map([[1, 1]]);
  const [first, second] = instances.images as [CocoInstances["images"][0], CocoInstances["images"][0]]; // prettier-ignore
  const read1 = () => instances.readObjects(first, labels, "a");
  expect((await read1()).objects).toHaveLength(2);
  expect((await instances.readObjects(second, labels, "a")).objects).toHaveLength(1);
  writeFileSync(instances.path, "{}");
  await expect(read1()).rejects.toThrow(/a\.json: changed/);
});

test("reading tells how far it is", async () => {
  const root = await makeFolder({ "a.json": JSON.stringify(good) });
  const told: [number, number][] = [];
  await CocoInstances.read(nodeStore, join(root, "a.json"), (...step) => told.push(step));
  const size = JSON.stringify(good).length;
  expect(told.at(-1)).toEqual([size, size]);
});
