import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatProblem, openDataset } from "../../../../src/files/datasets/index.ts";
import type { UnannotatedRule } from "../../../../src/files/formats/boxes.ts";
import { imagePlaces } from "../../../../src/files/formats/coco/file-names.ts";
import { LostDetails } from "../../../../src/files/formats/lost-details.ts";
import { ImageFiles, openMasks } from "../../../../src/files/formats/open.ts";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { makeFolder, Picture } from "../../datasets/folders.ts";
import { readEntries } from "../masks.ts";

type Files = Parameters<typeof makeFolder>[0];
const image = { id: 1, file_name: "a.png", width: 4, height: 2 };
const categories = [
  { id: 1, name: "cat" },
  { id: 2, name: "dog" },
];
/** The left half of the image. */
const left = { id: 1, image_id: 1, category_id: 1, iscrowd: 0, bbox: [0, 0, 2, 2], segmentation: [[0, 0, 2, 0, 2, 2, 0, 2]] }; // prettier-ignore
const right = { ...left, id: 2, category_id: 2, bbox: [2, 0, 2, 2], segmentation: [[2, 0, 4, 0, 4, 2, 2, 2]] }; // prettier-ignore
const runs = (counts: number[]) => ({ size: [2, 4], counts });
const whole = { images: [image], annotations: [left], categories };

async function read(
  file: object,
  files: Files = {},
  { path = "a.json", unannotated }: { path?: string; unannotated?: UnannotatedRule } = {},
) {
  const root = await makeFolder({ [path]: JSON.stringify(file), ...files });
  const losses = new LostDetails();
  const notes: string[] = [];
  const source = await openMasks(nodeHost, path.includes("/") ? root : join(root, path), {
    images: await ImageFiles.find(nodeHost.store, undefined, root),
    ...{ losses, instances: "regions" as const, tell: (note: string) => notes.push(note) },
    ...(unannotated && { unannotated }),
  });
  const { masks, refused } = await readEntries(source.entries);
  const { classes, entries } = source;
  return { root, classes, entries, masks, refused: refused.map((message) => message.slice(root.length + 1)), lost: losses.list(), notes: notes.map((note) => note.slice(root.length + 1)) }; // prettier-ignore
}

describe("run lengths with iscrowd 1", () => {
  const brushed = [
    { ...left, iscrowd: 1, segmentation: runs([0, 4, 4]) },
    { ...right, iscrowd: 1, segmentation: runs([4, 4]) },
  ];

  test("on every object are objects, as CVAT's brush writes them, which is told", async () => {
    const { masks, notes, lost } = await read({ ...whole, annotations: brushed });
    expect(masks).toEqual({ a: "11221122" });
    expect(notes).toEqual([
      expect.stringMatching(/all 2 annotations with run lengths have iscrowd 1; .* single objects/),
    ]);
    expect(lost).toEqual([]);
  });

  test("beside polygons that are no crowds are objects too: brush and polygon in one task", async () => {
    const { masks } = await read({ ...whole, annotations: [left, brushed[1]!] });
    expect(masks).toEqual({ a: "11221122" });
  });

  test("beside a single object of their class are a crowd, whose pixels are ignored and told", async () => {
    const crowd = { ...brushed[1]!, category_id: 1 };
    const { masks, lost } = await read({ ...whole, annotations: [left, crowd] });
    expect(masks).toEqual({ a: "11xx11xx" });
    expect(lost).toEqual([
      { what: "crowds (iscrowd 1): their pixels are ignored (255)", images: 1 },
    ]);
  });
});

describe("annotations of an image that is not listed", () => {
  const stray = { ...left, id: 7, image_id: 99 };

  test("are told, and no image without annotations passes for empty", async () => {
    const images = [image, { ...image, id: 2, file_name: "b.png" }];
    const { masks, refused, lost } = await read({ ...whole, images, annotations: [left, stray] });
    expect(masks).toEqual({ a: "11001100" });
    expect(refused).toEqual([
      expect.stringMatching(
        /^a\.json: b\.png: no annotation has its id 2, but 1 annotation .*\(99\)/,
      ),
    ]);
    expect(lost).toEqual([{ what: "annotations of an image that is not listed", images: 1 }]);
  });

  test("keep a listed image out of a data set", async () => {
    const images = [image, { ...image, id: 2, file_name: "b.png" }];
    const root = await makeFolder({
      "annotations/instances_train.json": JSON.stringify({ ...whole, images, annotations: [left, stray] }), // prettier-ignore
      ...{ "images/a.png": new Picture(4, 2), "images/b.png": new Picture(4, 2) },
      "train.txt": "a\nb\n",
    });
    const { splits, problems } = await openDataset(nodeHost, root);
    expect(splits["train"]!.map(({ name }) => name)).toEqual(["a"]);
    expect(problems.map(formatProblem).join("\n")).toMatch(/b\.png has no annotation, but .*image_id.*left out/); // prettier-ignore
  });

  test("are none where ids are numbers in one list and texts in the other", async () => {
    const { masks, lost } = await read({ ...whole, annotations: [{ ...left, image_id: "1", category_id: "1" }] }); // prettier-ignore
    expect([masks, lost]).toEqual([{ a: "11001100" }, []]);
  });
});

describe("an image without any annotation", () => {
  const images = [image, { ...image, id: 2, file_name: "b.png" }];
  const file = { ...whole, images };

  test("is left out by name: it may show nothing, or nobody may have looked at it", async () => {
    const { masks, refused } = await read(file);
    expect(masks).toEqual({ a: "11001100" });
    expect(refused).toEqual([expect.stringMatching(/^a\.json: b\.png: has no annotation; it may/)]);
  });

  test.each<[UnannotatedRule, string, string]>([
    ["background", "00000000", "no annotation: all of the image became background, as asked"],
    ["ignore", "xxxxxxxx", "no annotation: all of the image is ignored (255), as asked"],
  ])("is %s if asked, which is told", async (unannotated, b, what) => {
    const { masks, lost } = await read(file, {}, { unannotated });
    expect(masks).toEqual({ a: "11001100", b });
    expect(lost).toEqual([{ what, images: 1 }]);
  });

  test("is background in files of tag2mask, which lists only masks that it wrote", async () => {
    const own = { info: { description: "masks by tag2mask" }, ...file };
    expect((await read(own)).masks).toEqual({ a: "11001100", b: "00000000" });
  });
});

describe("categories", () => {
  test.each<[string, object[], string[], RegExp[]]>([
    ["Roboflow's root", [{ id: 0, name: "pets", supercategory: "none" }, { id: 1, name: "cat", supercategory: "pets" }, { id: 2, name: "dog", supercategory: "pets" }], ["cat", "dog"], [/"pets" has no annotation and groups the others/]],
    ["background with id 0", [{ id: 0, name: "background" }, ...categories], ["cat", "dog"], []],
    ["_background_", [{ id: 0, name: "_background_" }, ...categories], ["cat", "dog"], []],
    ["bg first, which is a guess", [{ id: 0, name: "bg" }, ...categories], ["cat", "dog"], [/"bg", the first name, is taken for the background/]],
    ["background last", [...categories, { id: 9, name: "Background" }], ["cat", "dog"], []],
  ])("%s are no classes", async (_, list, names, told) => {
    const { classes, masks, notes } = await read({ ...whole, annotations: [left, right], categories: list }); // prettier-ignore
    expect(classes).toEqual(names);
    expect(masks).toEqual({ a: "11221122" });
    expect(notes).toEqual(told.map((message) => expect.stringMatching(message) as unknown));
  }); // prettier-ignore

  test("a root that has annotations of its own is a class", async () => {
    const list = [{ id: 1, name: "pets", supercategory: "none" }, { id: 2, name: "dog", supercategory: "pets" }]; // prettier-ignore
    const { classes } = await read({ ...whole, categories: list });
    expect(classes).toEqual(["pets", "dog"]);
  });
});

test.each<[string[], string[]]>([
  [["a.jpg", "x/b.jpg"], ["a.jpg", "x/b.jpg"]],
  [["./a.jpg", "x//b.jpg"], ["a.jpg", "x/b.jpg"]],
  [["/home/me/images/a.jpg", "/home/me/images/x/b.jpg"], ["a.jpg", "x/b.jpg"]],
  [["C:/set/a.jpg", "C:/set/b.jpg"], ["a.jpg", "b.jpg"]],
  [["../images/a.jpg", "../images/b.jpg"], ["a.jpg", "b.jpg"]],
  [["https://x.org/i/a%20b.jpg?w=1#z", "https://x.org/i/b.jpg"], ["a b.jpg", "b.jpg"]],
  [["s3://bucket/train/a.jpg", "c.jpg"], ["a.jpg", "c.jpg"]],
  [["/set/x/a.jpg", "/set/y/a.jpg"], ["x/a.jpg", "y/a.jpg"]],
])("the images %j lie at %j in their folder", (names, places) => {
  expect(imagePlaces(names).places).toEqual(places);
}); // prettier-ignore

describe("images are found for names", () => {
  test.each<[string, string, string]>([
    ["with backslashes", "set\\images\\a.png", "images/a.png"],
    ["with a folder in front", "photos/train/a.png", "images/a.png"],
    ["that are absolute", "/home/me/a.png", "images/a.png"],
    ["that lead up", "../../a.png", "images/a.png"],
    ["that are addresses", "https://x.org/u/a.png?x=1", "images/a.png"],
    ["of images in a subfolder", "a.png", "images/default/a.png"],
    ["in decomposed letters", "u\u0308.png", "images/\u00fc.png"],
  ])("%s", async (_, name, place) => {
    const file = { ...whole, images: [{ ...image, file_name: name }] };
    const files = { [place]: new Picture(4, 2) };
    const { entries, root, masks } = await read(file, files);
    expect(entries[0]!.image).toBe(join(root, place));
    expect(Object.values(masks)).toEqual(["11001100"]);
    expect(entries[0]!.name).not.toMatch(/\.\.|:|^\//);
    const folder = { "annotations/instances_default.json": JSON.stringify(file), ...files };
    const { counts } = await openDataset(nodeHost, await makeFolder(folder), { valFraction: 0 });
    expect(counts.all).toMatchObject({ images: 1, masks: 1 });
  });

  test("of an upload to Label Studio, and masks get the name before it", async () => {
    const file = { ...whole, images: [{ ...image, file_name: "images/1a2b3c4d-a.png" }] };
    const { entries, root } = await read(file, { "images/a.png": new Picture(4, 2) });
    expect(entries[0]).toMatchObject({ name: "a", image: join(root, "images/a.png") });
  });

  test("but not one file for two", async () => {
    const images = ["x/a.png", "y/a.png"].map((file_name, i) => ({ ...image, id: i + 1, file_name })); // prettier-ignore
    const annotations = [left, { ...left, id: 2, image_id: 2 }];
    const { entries } = await read({ images, annotations, categories }, { "images/a.png": new Picture(4, 2) }); // prettier-ignore
    expect(entries.map((entry) => entry.image)).toEqual([undefined, undefined]);
  });
});

describe("a folder is as good as the file in it", () => {
  test.each([
    "annotations/instances_default.json",
    "annotations/instances_train2017.json",
    "annotations/custom.json",
    "train/_annotations.coco.json",
    "result.json",
  ])("%s", async (path) => {
    const { masks } = await read(whole, {}, { path: path.includes("/") ? path : `./${path}` });
    expect(masks).toEqual({ a: "11001100" });
  });

  test("COCO's captions and key points beside the instances are not taken for masks", async () => {
    const others = { "annotations/person_keypoints_val.json": JSON.stringify(whole) };
    const { masks } = await read(whole, others, { path: "annotations/instances_val.json" });
    expect(masks).toEqual({ a: "11001100" });
  });
});

describe("exports open as data sets", () => {
  test.each<[string, string, string, string]>([
    ["CVAT's", "annotations/instances_default.json", "images/default/a.png", "a.png"],
    ["CVAT's, images flat", "annotations/instances_default.json", "images/a.png", "a.png"],
    ["Label Studio's", "result.json", "images/1a2b3c4d-a.png", "images/1a2b3c4d-a.png"],
    ["Label Studio's with backslashes", "result.json", "images/a.png", "images\\a.png"],
    ["Roboflow's", "train/_annotations.coco.json", "train/a.png", "a.png"],
  ])("%s", async (_, path, place, file_name) => {
    const file = { ...whole, images: [{ ...image, file_name }] };
    const root = await makeFolder({ [path]: JSON.stringify(file), [place]: new Picture(4, 2) });
    const { splits, reader, classes } = await openDataset(nodeHost, root, { valFraction: 0 });
    expect(Object.keys(splits)).toEqual(expect.arrayContaining(["train"]));
    expect(splits["train"]).toHaveLength(1);
    expect(classes).toEqual(["cat", "dog"]);
    expect([...(await reader.readMask(splits["train"]![0]!)).data].join("")).toBe("11001100");
  });
});
