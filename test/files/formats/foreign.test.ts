import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readCounts, rleCounts } from "../../../src/method/images/run-lengths.ts";
import { fillPolygon } from "../../../src/method/images/polygon.ts";
import { encodeImage } from "../../../src/host/node/images/codec.ts";
import { encodeMask } from "../../../src/host/node/images/index-png.ts";
import { polygonCounts } from "../../../src/files/formats/paint-objects.ts";
import { DrawingWork } from "../../../src/files/formats/drawing-limits.ts";
import { readAll } from "./masks.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "foreign-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function rows(data: Uint8Array, width: number): string[] {
  const text = [...data].map((v) => (v === 255 ? "x" : String(v))).join("");
  return text.match(new RegExp(`.{${width}}`, "g"))!;
}

test("COCO of other tools: polygons, plain runs, crowds, boxes alone, gaps in the ids", async () => {
  const annotations = [
    { id: 1, image_id: 5, category_id: 90, iscrowd: 0, segmentation: [[0, 0, 4, 0, 4, 2, 0, 2]] },
    { id: 2, image_id: 5, category_id: 17, iscrowd: 0, segmentation: [[1, 0, 2, 0, 2, 1, 1, 1], [3, 1, 4, 1, 4, 2, 3, 2]] }, // prettier-ignore
    { id: 3, image_id: 5, category_id: 17, iscrowd: 1, segmentation: { size: [3, 4], counts: [1, 2, 8, 1] } }, // prettier-ignore
    { id: 4, image_id: 5, category_id: 17, iscrowd: 0, bbox: [0, 0, 1, 1] },
    { id: 5, image_id: 6, category_id: 17, iscrowd: 0, segmentation: [] },
  ];
  const value = {
    images: [{ id: 5, file_name: "x/a.b.jpg", width: 4, height: 3 }],
    categories: [{ id: 90, name: "dog" }, { id: 17, name: "cat" }, { id: 0, name: "Background" }], // prettier-ignore
    annotations,
  };
  writeFileSync(join(root, "instances_val.json"), JSON.stringify(value));
  const { classes, masks, losses } = await readAll(root);
  expect(classes).toEqual(["cat", "dog"]);
  expect(rows(masks.get("x/a.b")!.data, 4)).toEqual(["2122", "2221", "x00x"]);
  expect(losses.map(({ what }) => what).sort()).toEqual([
    "annotations of an image that is not listed",
    "crowds (iscrowd 1): their pixels are ignored (255)",
    "objects are regions of touching pixels, not the original objects",
    "objects of which only the box is known are ignored (255)",
    "overlapping objects: each pixel went to the smallest",
  ]);
});

test("objects that overlap in a single pixel are told of", async () => {
  const object = { image_id: 1, category_id: 1, iscrowd: 0 };
  const value = {
    images: [{ id: 1, file_name: "a.jpg", width: 4, height: 1 }],
    categories: [{ id: 1, name: "cat" }],
    annotations: [
      { ...object, id: 1, segmentation: [[0, 0, 2, 0, 2, 1, 0, 1]] },
      { ...object, id: 2, segmentation: [[1, 0, 4, 0, 4, 1, 1, 1]] },
    ],
  };
  writeFileSync(join(root, "instances_val.json"), JSON.stringify(value));
  const { losses } = await readAll(root);
  expect(losses.map(({ what }) => what)).toContain(
    "overlapping objects: each pixel went to the smallest",
  );
});

test("an export of Label Studio: a person's annotation before a prediction, polygons, and boxes that are ignored", async () => {
  const size = { original_width: 10, original_height: 10 };
  const polygon = { points: [[0, 0], [20, 0], [20, 20], [0, 20]], polygonlabels: ["b"] }; // prettier-ignore
  const rectangle = { x: 50, y: 0, width: 30, height: 20, rotation: 90, rectanglelabels: ["a"] };
  const result = [
    { ...size, type: "polygonlabels", value: polygon },
    { ...size, type: "rectanglelabels", value: rectangle },
    { type: "choices", value: { choices: ["blurred"] } },
  ];
  const dropped = { was_cancelled: true, result: [] };
  const task = {
    data: { photo: "https://example.org/bucket/caf%C3%A9.jpg?token=1" },
    annotations: [{ result }, dropped],
    predictions: [{ result: [] }],
  };
  writeFileSync(join(root, "export.json"), JSON.stringify([task]));
  const { classes, masks, losses } = await readAll(join(root, "export.json"));
  expect(classes).toEqual(["a", "b"]);
  const { data } = masks.get("café")!;
  expect(rows(data, 10).slice(0, 4)).toEqual(["220xx00000", "220xx00000", "000xx00000", "0000000000"]); // prettier-ignore
  expect(losses).toEqual([
    { what: "results without a labeled area", images: 1, objects: 1 },
    { what: "objects of which only the box is known are ignored (255)", images: 1, objects: 1 },
  ]);
});

test("a CVAT export: palette or gray PNGs, own colors, objects that touch", async () => {
  const map = Buffer.from(
    "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:10,20,30::\ndog:1,1,1::\n",
  );
  const colors = Uint8Array.of(10, 20, 30, 10, 20, 30, 1, 1, 1, 0, 0, 0);
  const objects = Uint8Array.of(128, 0, 0, 0, 128, 0, 1, 1, 1, 0, 0, 0);
  const png = (data: Uint8Array): Promise<Uint8Array> =>
    encodeImage({ width: 4, height: 1, data }, "png");
  const files = {
    "labelmap.txt": map,
    "SegmentationClass/a.png": await png(colors),
    "SegmentationObject/a.png": await png(objects),
  };
  writeFileSync(join(root, "task.zip"), zipSync(files));
  const { classes, masks, losses } = await readAll(join(root, "task.zip"));
  expect(classes).toEqual(["cat", "dog"]);
  expect([...masks.get("a")!.data]).toEqual([1, 1, 2, 0]);
  expect(losses).toEqual([{ what: "objects are regions of touching pixels, not the original objects", images: 1 }]); // prettier-ignore
});

test("VOC folders have VOC's classes, and splits of YOLO their own folders", async () => {
  const voc = join(root, "voc");
  mkdirSync(join(voc, "SegmentationClass"), { recursive: true });
  writeFileSync(join(voc, "SegmentationClass/2007.png"), encodeMask({ width: 2, height: 1, data: Uint8Array.of(20, 255) })); // prettier-ignore
  const { classes, masks } = await readAll(voc);
  expect([classes.at(-1), [...masks.get("2007")!.data]]).toEqual(["tvmonitor", [20, 255]]);
  const yolo = join(root, "yolo");
  for (const split of ["train", "val"]) {
    mkdirSync(join(yolo, split, "labels"), { recursive: true });
    writeFileSync(join(yolo, split, "labels/a.txt"), "1 0 0 1 0 1 1 0 1\n");
  }
  writeFileSync(join(yolo, "data.yaml"), "path: ../x\ntrain: train/images\nnames: [cat, dog]\n");
  writeFileSync(join(yolo, "image-sizes.csv"), "name,width,height\ntrain/a,2,1\nval/a,1,1\n");
  const read = await readAll(yolo);
  expect([...read.masks.keys()]).toEqual(["train/a", "val/a"]);
  expect([...read.masks.get("train/a")!.data]).toEqual([2, 2]);
});

test("semantic masks without a class for background have none of it", async () => {
  mkdirSync(join(root, "masks"));
  writeFileSync(join(root, "data.yaml"), "names: [road, sky]\nmasks_dir: masks\n");
  writeFileSync(join(root, "masks/a.png"), encodeMask({ width: 3, height: 1, data: Uint8Array.of(0, 1, 255) })); // prettier-ignore
  const { classes, masks } = await readAll(root);
  expect(classes).toEqual(["road", "sky"]);
  expect([...masks.get("a")!.data]).toEqual([1, 2, 255]);
});

test("outlines drawn in the box around them are those drawn in the whole image", () => {
  const coordinate = fc.double({ min: -5, max: 25, noNaN: true });
  const polygon = fc.array(coordinate, { minLength: 6, maxLength: 12 }).map((list) => list.slice(0, list.length & ~1)); // prettier-ignore
  fc.assert(
    fc.property(polygon, (points) => {
      const size = { width: 20, height: 15 };
      const map = { ...size, data: new Uint8Array(300) };
      fillPolygon(points, map, 1);
      const found = polygonCounts([points], size, { where: "a", work: new DrawingWork("a") });
      const whole = readCounts(found, size.width, size.height, "a").filter((run) => run > 0);
      expect(whole).toEqual(rleCounts(map.data, 20, 15).filter((run) => run > 0));
    }),
    { seed: 1, numRuns: 1000 },
  );
});
