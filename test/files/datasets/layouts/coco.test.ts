import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openDataset, inspectDataset, samplesOf } from "../../../../src/files/datasets/index.ts";
import { JsonScanner } from "../../../../src/files/text/json.ts";
import { pushJson } from "../../../../src/files/text/pieces.ts";
import { UserError } from "../../../../src/user-error.ts";
import { readGolden } from "../../../golden.ts";
import { makeFolder, Picture } from "../folders.ts";
import { nodeHost } from "../../../../src/host/node/host.ts";

const path = "annotations/instances_train2014.json";
const image = { id: 1, file_name: "a.jpg", width: 8, height: 6 };
const box = [1, 1, 5, 1, 5, 4, 1, 4];
const annotation = {
  id: 7,
  image_id: 1,
  category_id: 3,
  area: 12,
  iscrowd: 0,
  segmentation: [box],
};
const categories = [
  { id: 90, name: "dog" },
  { id: 3, name: "__proto__" },
];

/** A folder with one image and its annotations. */
const folder = (file: object | string, more: Record<string, string | Picture> = {}) =>
  makeFolder({
    "train2014/a.jpg": new Picture(8, 6),
    [path]: typeof file === "string" ? file : JSON.stringify(file),
    ...more,
  });
const open = async (file: object | string, more?: Record<string, string | Picture>) =>
  openDataset(nodeHost, await folder(file, more), { valFraction: 0 });
const maskOf = async (file: object) => {
  const { reader, splits } = await open(file);
  return [...(await reader.readMask(splits["train"]![0]!)).data];
};

test("categories become classes by ascending id, whatever their names and the order of the file", async () => {
  const data = await open({ annotations: [annotation], categories, images: [image] });
  expect(data.classes).toEqual(["__proto__", "dog"]);
  const [sample] = samplesOf(data, "train");
  expect([sample!.name, sample!.tags]).toEqual(["a", [0]]);
  const { data: labels } = await data.reader.readMask(sample!);
  expect(labels.filter((label) => label === 1)).toHaveLength(12);
});

test.each([
  [40, 2],
  [2, 40],
])("an outline may reach to the ends of an image of %i x %i", async (width, height) => {
  const outline = [0, 0, width, 0, width, height, 0, height];
  const root = await makeFolder({
    "train2014/a.jpg": new Picture(width, height),
    [path]: JSON.stringify({
      images: [{ ...image, width, height }],
      annotations: [{ ...annotation, segmentation: [outline] }],
      categories,
    }),
  });
  const { reader, splits } = await openDataset(nodeHost, root, { valFraction: 0 });
  const { data } = await reader.readMask(splits["train"]![0]!);
  expect([...data]).toEqual(Array<number>(80).fill(1));
});

test("of overlapping objects the smaller lies on top, crowds lie below and are 255", async () => {
  const counts = [0, 48]; // the whole image
  const crowd = {
    ...annotation,
    id: 1,
    iscrowd: 1,
    area: 1,
    segmentation: { counts, size: [6, 8] },
  };
  const small = {
    ...annotation,
    id: 2,
    category_id: 90,
    area: 1,
    segmentation: [[2, 2, 4, 2, 4, 4, 2, 4]],
  };
  for (const annotations of [
    [small, annotation, crowd],
    [crowd, annotation, small],
  ]) {
    const labels = await maskOf({ images: [image], annotations, categories });
    const count = (label: number) => labels.filter((other) => other === label).length;
    expect([count(255), count(1), count(2), count(0)]).toEqual([36, 8, 4, 0]);
  }
});

test("compressed run lengths of pycocotools give its masks", async () => {
  const golden = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../../golden/coco_rle.json"), "utf8"),
  ) as Record<string, { size: [number, number]; counts: string; area: number }>;
  const masks = readGolden("coco_rle");
  const names = Object.keys(golden);
  const file = {
    images: names.map((name, id) => {
      const [height, width] = golden[name]!.size;
      return { id, file_name: `${name}.png`, width, height };
    }),
    annotations: names.map((name, id) => {
      const { size, counts, area } = golden[name]!;
      return { id, image_id: id, category_id: 3, area, segmentation: { size, counts } };
    }),
    categories,
  };
  const pictures = names.map((name) => {
    const [height, width] = golden[name]!.size;
    return [`images/train2014/${name}.png`, new Picture(width, height)] as const;
  });
  const data = await openDataset(
    nodeHost,
    await makeFolder({ ...Object.fromEntries(pictures), [path]: JSON.stringify(file) }),
  );
  const samples = Object.values(data.splits).flat();
  expect(samples).toHaveLength(9);
  for (const sample of samples) {
    const { data: labels } = await data.reader.readMask(sample);
    expect(labels).toEqual(masks[sample.name]!.data);
  }
});

test("boxes without outlines are tags without masks", async () => {
  const data = await open({
    images: [image],
    annotations: [{ ...annotation, segmentation: [] }],
    categories,
  });
  expect(data.counts.all).toMatchObject({ images: 1, masks: 0, perClass: [1, 0] });
});

test("a tags file goes before the annotations", async () => {
  const file = { images: [image], annotations: [annotation], categories };
  const data = await open(file, { "tags.csv": "file,tags\na.jpg,dog\n" });
  expect(samplesOf(data, "train")[0]!.tags).toEqual([1]);
});

const whole = { images: [image], annotations: [annotation], categories };
test.each([
  [{ annotations: [], categories }, /no "images"/],
  [{ ...whole, images: {} }, /"\{" where the list "images" is expected, at byte 10$/],
  [{ ...whole, images: [1] }, /entry 1 of "images" is 1, expected an object/],
  [{ ...whole, images: [image, image] }, /entry 2 of "images" has the id 1 of an image before it/],
  [{ ...whole, images: [{ ...image, width: -8 }] }, /entry 1 of "images" is -8x6/],
  [{ ...whole, images: [{ ...image, id: 1.5 }] }, /its "id" is 1\.5; expected a whole number/],
  [
    { ...whole, images: [{ ...image, file_name: "b.jpg" }] },
    /none of its images was found; put them into images\/train/,
  ],
  [
    { ...whole, annotations: [{ ...annotation, category_id: 4 }] },
    /category_id 4, which is none of/,
  ],
  [
    { ...whole, annotations: [{ ...annotation, image_id: null }] },
    /its "image_id" is null; expected/,
  ],
  [{ ...whole, categories: [...categories, categories[0]] }, /the id 90 of a category before it/],
  [{ ...whole, images: [{ ...image, width: 9 }] }, /mask is 9x6, but its image .* is 8x6/],
  [JSON.stringify(whole).slice(0, 200), /it ends too early, at byte 200/],
  [`${JSON.stringify(whole)}]`, /"\]" where nothing after the end is expected/],
  [JSON.stringify(whole).replace('"area":', '"area"'), /not readable as JSON: .*, at byte \d+$/],
])("a wrong annotation file is refused in words (%#)", async (file, message) => {
  const opening = open(file);
  await expect(opening).rejects.toThrow(UserError);
  await expect(opening).rejects.toThrow(message);
});

test.each([
  [
    { counts: [48], size: [8, 6] },
    /annotation 7: its run lengths are for an image of 6x8, but its image is 8x6/,
  ],
  [{ counts: [1, 1], size: [6, 8] }, /annotation 7: run lengths cover 2 of the 48 pixels/],
  [
    { counts: "~~", size: [6, 8] },
    /annotation 7: not COCO.s compressed run lengths: "~", character 1/,
  ],
  [{ counts: [48] }, /its "segmentation" is neither/],
  [[[1, 2, 3]], /its "segmentation" is neither/],
  [[["1", "1", "5", "1", "5", "4"]], /its "segmentation" is neither/],
  [[[0, 0, 1e9, 1e9, 0, 5]], /annotation 7: a polygon goes to x 1000000000, but its image is 8x6/],
])("a wrong outline is refused when its mask is read (%#)", async (segmentation, message) => {
  const reading = maskOf({ ...whole, annotations: [{ ...annotation, segmentation }] });
  await expect(reading).rejects.toThrow(UserError);
  await expect(reading).rejects.toThrow(message);
});

test("an outline that would be drawn for minutes is refused", async () => {
  const zigzag = Array.from({ length: 10_000 }, () => [-4, -4, 812, 10]).flat();
  const root = await makeFolder({
    "train2014/a.jpg": new Picture(800, 600),
    [path]: JSON.stringify({
      images: [{ ...image, width: 800, height: 600 }],
      annotations: Array.from({ length: 20 }, () => ({ ...annotation, segmentation: [zigzag] })),
      categories,
    }),
  });
  const { reader, splits } = await openDataset(nodeHost, root, { valFraction: 0 });
  const reading = reader.readMask(splits["train"]![0]!);
  await expect(reading).rejects.toThrow(/has more objects, or larger ones, than can be drawn/);
});

test("two files of a split are refused, and so are different categories", async () => {
  const other = "annotations/instances_train2017.json";
  await expect(open(whole, { [other]: "{}" })).rejects.toThrow(
    /train2014\.json is for the split "train" too; leave only one/,
  );
  const val = {
    ...whole,
    categories: [{ id: 3, name: "cat" }],
    images: [{ ...image, file_name: "b.jpg" }],
  };
  const more = { "val2014/b.jpg": new Picture(8, 6) };
  const file = { "annotations/instances_val2014.json": JSON.stringify(val) };
  await expect(open(whole, { ...file, ...more })).rejects.toThrow(
    /its 1 categories differ from the 2 of/,
  );
});

test("images of one name in different splits have each their own tags and masks", async () => {
  const other = { ...annotation, category_id: 90 };
  const val = JSON.stringify({ ...whole, annotations: [other] });
  const more = {
    "val2014/a.jpg": new Picture(8, 6),
    "annotations/instances_val2014.json": val,
  };
  for (const lists of [[], ["train.txt"], ["val.txt"]]) {
    const files = Object.fromEntries(lists.map((list) => [list, "a\n"]));
    const data = await open(whole, { ...more, ...files });
    for (const [i, split] of ["train", "val"].entries()) {
      const [sample] = samplesOf(data, split);
      expect([split, sample!.tags]).toEqual([split, [i]]);
      expect(Math.max(...(await data.reader.readMask(sample!)).data)).toBe(i + 1);
    }
  }
});

test("more categories than labels are refused before they take long", async () => {
  const many = Array.from({ length: 300 }, (_, id) => ({ id, name: `c${id}` }));
  await expect(open({ ...whole, categories: many })).rejects.toThrow(
    /entry 255 of "categories": there are more than 254 categories/,
  );
});

test("entries are found across the pieces in which a large file is read", async () => {
  const texts = Array.from({ length: 3000 }, (_, i) => `é"\\[${"x".repeat(i)}]}`);
  const list = texts.map((text, i) => ({ text, deep: [[{ i }]] }));
  const root = await makeFolder({
    "x.json": JSON.stringify({ skip: [list.slice(0, 9), null], no: -1.5e3, list }, null, 1),
  });
  const file = join(root, "x.json");
  expect(statSync(file).size).toBeGreaterThan(4.3e6);
  const found: unknown[] = [];
  const scanner = (): JsonScanner =>
    new JsonScanner({
      member: (key) => (key === "list" ? "elements" : "skip"),
      value(element, { index }) {
        expect(index).toBe(found.length);
        found.push(JSON.parse(element));
      },
    });
  await pushJson(nodeHost.store, file, scanner());
  expect(found).toEqual(list);
  truncateSync(file, 4.2e6);
  found.length = 0;
  await expect(pushJson(nodeHost.store, file, scanner())).rejects.toThrow(
    /ends too early, at byte 4200000/,
  );
});

test("a damaged annotation file is read or refused in words", async () => {
  const counts = "0T1";
  const text = JSON.stringify({
    ...whole,
    annotations: [
      annotation,
      { ...annotation, iscrowd: 1, segmentation: { counts, size: [6, 8] } },
    ],
  });
  const root = await folder(text);
  const piece = fc.oneof(
    fc.constantFrom(...'",:[]{}\\0-1e9\n\0é'.split("")),
    fc.constantFrom("null", "1e999", "[".repeat(3000), '"__proto__"', "4294967296", "[[[0]]]"),
  );
  const changes = fc.array(fc.tuple(fc.nat(9999), fc.nat(4), piece), {
    minLength: 1,
    maxLength: 3,
  });
  const property = fc.asyncProperty(changes, async (edits) => {
    const letters = text.split("");
    for (const [place, count, piece] of edits)
      letters.splice(Math.floor((place * letters.length) / 1e4), count, piece);
    writeFileSync(join(root, path), letters.join(""));
    try {
      await inspectDataset(nodeHost, root);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  });
  await fc.assert(property, { seed: 3, numRuns: 400 });
});
