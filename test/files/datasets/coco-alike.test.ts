import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeRle } from "../../../src/method/images/run-lengths.ts";
import { openDataset } from "../../../src/files/datasets/index.ts";
import { cocoObjects } from "../../../src/files/formats/coco/outlines.ts";
import { readAll } from "../formats/masks.ts";
import { makeFolder, Picture } from "./folders.ts";
import { nodeHost } from "../../../src/host/node/host.ts";

const [width, height] = [8, 4];
const image = { id: 1, file_name: "a.png", width, height };
const categories = [
  { id: 1, name: "bolt" },
  { id: 2, name: "plate" },
];
const square = (x: number, y: number, side: number): number[] =>
  [[x, y], [x + side, y], [x + side, y + side], [x, y + side]].flat(); // prettier-ignore
const bolt = { id: 1, image_id: 1, category_id: 1, iscrowd: 0, segmentation: [square(1, 1, 2)] };
const plate = { ...bolt, id: 2, category_id: 2, segmentation: [square(0, 0, 4)] };
const boltOnPlate = ["22220000", "21120000", "21120000", "22220000"];
const plateAlone = Array<string>(4).fill("22220000");
const boltAlone = ["00000000", "01100000", "01100000", "00000000"];
const pixels = Uint8Array.from({ length: 32 }, (_, i) => Number(i % 8 < 4));
const crowd = { size: [height, width], counts: [0, 16, 16] };

/** The label map as rows of digits, `x` for ignored pixels. */
function rows({ data }: { readonly data: Uint8Array }): string[] {
  return [...data]
    .map((label) => (label === 255 ? "x" : label))
    .join("")
    .match(new RegExp(`.{${width}}`, "g"))!;
}

async function folder(file: object | string): Promise<string> {
  const path = "annotations/instances_train.json";
  return makeFolder({
    "images/train/a.png": new Picture(width, height),
    [path]: typeof file === "string" ? file : JSON.stringify(file),
  });
}

const file = (...annotations: object[]): object => ({ images: [image], annotations, categories });

test.each<[string, object | string, string[]]>([
  ["a small object first, no area", file(bolt, plate), boltOnPlate],
  ["a small object last, no area", file(plate, bolt), boltOnPlate],
  ["areas of 0", file({ ...bolt, area: 0 }, { ...plate, area: 0 }), boltOnPlate],
  ["areas as text", file({ ...bolt, area: "16" }, { ...plate, area: "4" }), boltOnPlate],
  ["areas the wrong way round", file({ ...bolt, area: 16 }, { ...plate, area: 4 }), boltOnPlate],
  [
    "an area of NaN",
    JSON.stringify(file({ ...bolt, area: 7.25 })).replace("7.25", "NaN"),
    boltAlone,
  ],
  ["a byte order mark", `\uFEFF${JSON.stringify(file(bolt))}`, boltAlone],
  ["a polygon without outer brackets", file({ ...bolt, segmentation: square(1, 1, 2) }), boltAlone],
  [
    "a polygon of two corners beside a square",
    file({ ...bolt, segmentation: [[0, 0, 7, 3], square(1, 1, 2)] }),
    boltAlone,
  ],
  [
    "a polygon partly outside",
    file({ ...plate, segmentation: [square(-2, 2, 4)] }),
    ["00000000", "00000000", "22000000", "22000000"],
  ],
  [
    "compressed run lengths",
    file(bolt, { ...plate, segmentation: { size: [4, 8], counts: encodeRle(pixels, 8, 4) } }),
    boltOnPlate,
  ],
  [
    "a crowd below, twice",
    file(
      bolt,
      { ...plate, iscrowd: 1, segmentation: crowd },
      { ...bolt, id: 3, iscrowd: 1, segmentation: crowd },
    ),
    ["xxxx0000", "x11x0000", "x11x0000", "xxxx0000"],
  ],
  ["a crowd smaller than the object over it", file(plate, { ...bolt, iscrowd: 1 }), plateAlone],
  [
    "a category called background",
    { ...file(bolt, { ...plate, category_id: 0 }), categories: [...categories, { id: 0, name: "Background" }] }, // prettier-ignore
    boltAlone,
  ],
  [
    "an object called background over another hides nothing",
    { ...file(plate, { ...bolt, category_id: 0 }), categories: [...categories, { id: 0, name: "Background" }] }, // prettier-ignore
    Array.from({ length: 4 }, () => "22220000"),
  ],
  [
    "ids as text",
    { ...file({ ...bolt, image_id: "a" }), images: [{ ...image, id: "a" }] },
    boltAlone,
  ],
])("%s: the same labels by a data set and by a conversion", async (_, value, expected) => {
  const root = await folder(value);
  const { reader, splits } = await openDataset(nodeHost, root, { valFraction: 0 });
  expect(rows(await reader.readMask(splits["train"]![0]!))).toEqual(expected);
  const { masks } = await readAll(join(root, "annotations/instances_train.json"));
  expect([...masks.values()].map(rows)).toEqual([expected]);
});

test("a crowd that is written once for each class is drawn once", () => {
  const crowds = [1, 2].map((category_id) => ({ ...bolt, category_id, iscrowd: 1 }));
  const labels = new Map([1, 2].map((id) => [id, id]));
  expect(cocoObjects(crowds, image, labels, "t").objects).toHaveLength(1);
});

test.each<[string, object | string, RegExp, RegExp?]>([
  [
    "two categories of one name",
    { ...file(bolt), categories: [...categories, { id: 3, name: "Bolt" }] },
    /classes 1 and 3 are both "Bolt"/,
  ],
  [
    "a category that is missing",
    file({ ...bolt, category_id: 7 }),
    /category_id 7, which is none of the 2 categories/,
    /its category 7 is not in "categories"/,
  ],
  [
    "an odd polygon",
    file({ ...bolt, segmentation: [1, 1, 3, 1, 3, 3, 1] }),
    /neither a list of poly/,
  ],
  [
    "a polygon for a larger image",
    file({ ...bolt, segmentation: [square(1, 1, 20)] }),
    /a polygon goes to x 21, but its image is 8x4/,
  ],
  ["UTF-16", "\uFEFF{}", /it is UTF-16; save it as UTF-8, at byte 0/],
])(
  "%s: refused by a data set and by a conversion",
  async (_, value, message, inConversion = message) => {
    const root = await folder(value);
    const path = join(root, "annotations/instances_train.json");
    if (value === "\uFEFF{}") writeFileSync(path, value, "utf16le");
    const read = async (): Promise<void> => {
      const { reader, splits } = await openDataset(nodeHost, root, { valFraction: 0 });
      await reader.readMask(splits["train"]![0]!);
    };
    await expect(read()).rejects.toThrow(message);
    await expect(readAll(path)).rejects.toThrow(inConversion);
  },
);

test("the box of an object without an outline is ignored, below what has one, and counted as lost", async () => {
  // The smaller of the two, which would be on top if both had outlines.
  const box = { ...bolt, segmentation: [], bbox: [3, 0, 2, 1] };
  const root = await folder(file(plate, box));
  const { counts } = await openDataset(nodeHost, root, { valFraction: 0 });
  expect(counts.all).toMatchObject({ images: 1, masks: 0, perClass: [1, 1] });
  const path = join(root, "annotations/instances_train.json");
  const { masks, losses } = await readAll(path);
  expect([...masks.values()].map(rows)).toEqual([["2222x000", ...plateAlone.slice(1)]]);
  expect(losses).toEqual([
    { what: "objects of which only the box is known are ignored (255)", images: 1, objects: 1 },
  ]);
  const nowhere = await folder(file({ ...bolt, segmentation: [[]] }));
  const all = await readAll(join(nowhere, "annotations/instances_train.json"));
  expect([...all.masks.values()].map(rows)).toEqual([Array.from({ length: 4 }, () => "xxxxxxxx")]);
});
