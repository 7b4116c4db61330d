import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeBinary } from "@thi.ng/rle-pack";
import { decode as decodePng } from "fast-png";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { strFromU8, unzipSync } from "fflate";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { regionCounts } from "../../../src/method/images/run-lengths.ts";
import { findRegions } from "../../../src/method/images/regions.ts";
import { decodeBrush, encodeBrush } from "../../../src/files/formats/label-studio/brush.ts";
import { Random } from "../../../src/engine/random.ts";
import { fillPoly } from "../../method/images/fill-poly.ts";
import { awkwardMasks, classes, demoMasks, onDisk, readAll, writeAll } from "./masks.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "independent-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Labels and VOC's colors of the first classes, and of ignored pixels. */
const colors = new Map([[0, "0,0,0"], [1, "128,0,0"], [2, "0,128,0"], [3, "128,128,0"], [4, "0,0,128"], [255, "224,224,192"]]); // prettier-ignore

test("a brush has the very bytes of Label Studio's own codec", () => {
  for (const map of [...awkwardMasks().values(), ...demoMasks(2).values()]) {
    const { width, height } = map;
    const { ids, labels } = findRegions(map);
    const counts = regionCounts(ids, { count: labels.length, width, height, along: "rows" });
    counts.slice(0, 40).forEach((list, k) => {
      const rgba = Uint8Array.from({ length: 4 * ids.length }, (_, i) =>
        ids[i >> 2] === k ? 255 : 0,
      );
      const bytes = encodeBrush(list);
      expect(Buffer.compare(bytes, encodeBinary(rgba, rgba.length))).toBe(0);
      const mask = ids.map((id) => Number(id === k));
      expect(
        Buffer.compare(decodeBrush([...bytes], width, height, ""), Uint8Array.from(mask)),
      ).toBe(0);
    });
  }
});

test("a brush with soft edges, from Label Studio's own codec, is painted where alpha is not 0", () => {
  const random = Random.at(4, "brush");
  for (const sizes of [
    [3, 4, 8, 16],
    [2, 3, 5, 9],
  ]) {
    const [width, height] = [40, 30];
    const stretches = Array.from({ length: 200 }, () => [random.int(90), random.int(4) * 85]);
    const rgba = Uint8Array.from(
      stretches.flatMap(([count, value]) => Array.from({ length: count! }, (_, i) => i % 3 ? value! : random.int(3))), // prettier-ignore
    ).subarray(0, 4 * width * height);
    expect(rgba).toHaveLength(4 * width * height);
    const rle = [...encodeBinary(rgba, rgba.length, 8, sizes as [number, number, number, number])];
    const mask = decodeBrush(rle, width, height, "");
    expect([...mask]).toEqual(Array.from(mask, (_, i) => Number(rgba[4 * i + 3]! > 0)));
  }
});

test("a brush's bits, worked by hand: one pixel value by value, one as a run", () => {
  const header = `${"0".repeat(28)}1000` + "00111" + "0010" + "0011" + "0111" + "1111"; // 8 words of 7 + 1 bits
  const literal = "0" + "00" + "011" + "00000001" + "00000010" + "00000011" + "00000000"; // 1, 2, 3, alpha 0
  const run = "1" + "00" + "011" + "11111111"; // 4 times 255
  const bits = (header + literal + run).padEnd(112, "0");
  const rle = Array.from({ length: 14 }, (_, i) => parseInt(bits.slice(8 * i, 8 * i + 8), 2));
  expect([...decodeBrush(rle, 2, 1, "")]).toEqual([0, 1]);
  expect(() => decodeBrush(rle.slice(0, 12), 2, 1, "a.json")).toThrow(
    /^a\.json: .* ends too early/,
  );
});

test("Label Studio tasks refer to a labeling configuration that has their labels", async () => {
  const { path } = await writeAll(root, "labelstudio", awkwardMasks());
  const text = readFileSync(path.replace(/json$/, "xml"), "utf8");
  expect(XMLValidator.validate(text)).toBe(true);
  const options = { ignoreAttributes: false, attributeNamePrefix: "" };
  const { View: view } = new XMLParser(options).parse(text) as {
    View: {
      Image: { name: string; value: string };
      BrushLabels: { name: string; toName: string; Label: { value: string }[] };
    };
  };
  const known = view.BrushLabels.Label.map(({ value }) => value);
  expect(known).toEqual([...classes, "ignored"]);
  const tasks = JSON.parse(readFileSync(path, "utf8")) as {
    data: { image: string };
    predictions: { result: { from_name: string; to_name: string; type: string; original_width: number; value: { format: string; brushlabels: string[] } }[] }[];
  }[]; // prettier-ignore
  expect(view.Image.value).toBe("$image");
  expect(tasks[2]!.data.image).toBe(
    "/data/local-files/?d=trip/%E7%8C%AB%20%C3%A9%20%C3%BC%20%26%20_quoted_%2C%20100%25.jpg",
  );
  for (const { result } of tasks.flatMap(({ predictions }) => predictions)) {
    for (const one of result) {
      expect(one).toMatchObject({ from_name: view.BrushLabels.name, to_name: view.Image.name, type: "brushlabels", value: { format: "rle" } }); // prettier-ignore
      expect(known).toContain(one.value.brushlabels[0]);
    }
  }
});

test("a CVAT archive opens elsewhere: lists, and RGB PNGs in the colors of its label map", async () => {
  const masks = awkwardMasks();
  const { path } = await writeAll(root, "cvat", masks);
  const files = unzipSync(readFileSync(path));
  const lines = strFromU8(files["labelmap.txt"]!).trim().split("\n");
  expect(lines).toEqual(["# label:color_rgb:parts:actions", "background:0,0,0::", ...classes.map((name, i) => `${name}:${colors.get(i + 1)}::`), "ignored:224,224,192::"]); // prettier-ignore
  const names = strFromU8(files["ImageSets/Segmentation/default.txt"]!).trim().split("\n");
  expect(names).toHaveLength(masks.size);
  const map = [...masks.values()][0]!;
  const png = decodePng(files[`SegmentationClass/${names[0]}.png`]!);
  expect(png).toMatchObject({ width: map.width, height: map.height, channels: 3, depth: 8 });
  map.data.forEach((label, i) => {
    expect(png.data.subarray(3 * i, 3 * i + 3).join(",")).toBe(colors.get(label));
  });
  const objects = decodePng(files[`SegmentationObject/${names[0]}.png`]!);
  const { ids, labels } = findRegions(map);
  const seen = new Set(Array.from(ids, (id, i) => `${id}: ${objects.data.subarray(3 * i, 3 * i + 3).join(",")}`)); // prettier-ignore
  expect(seen.size).toBe(labels.length + 1);
});

test("COCO annotations carry area, box and crowd, and refer to images and categories", async () => {
  const map = { width: 4, height: 3, data: Uint8Array.of(1, 1, 0, 2, 1, 0, 0, 2, 0, 255, 255, 2) };
  const { path } = await writeAll(root, "coco", new Map([["trip/a", map]]));
  const value = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown[]>;
  expect(value["images"]).toEqual([{ id: 1, file_name: "trip/a.jpg", width: 4, height: 3 }]);
  expect(value["categories"]![1]).toEqual({ id: 2, name: classes[1], supercategory: "" });
  expect(value["annotations"]).toMatchObject([
    { id: 1, image_id: 1, category_id: 1, area: 3, bbox: [0, 0, 2, 2], iscrowd: 0 },
    { id: 2, image_id: 1, category_id: 2, area: 3, bbox: [3, 0, 1, 3], iscrowd: 0 },
    { id: 3, image_id: 1, category_id: 5, area: 2, bbox: [1, 2, 2, 1], iscrowd: 1 },
  ]);
  // A reader that does not look at iscrowd finds no object of a class in the ignored pixels.
  expect(value["categories"]!.slice(4)).toEqual([{ id: 5, name: "ignored", supercategory: "ignored" }]); // prettier-ignore
});

test("COCO polygons are those of readers that know nothing else: one a region, crowds as plain run lengths", async () => {
  const masks = awkwardMasks();
  const { path } = await writeAll(root, "coco", masks, { shapes: "polygon" });
  interface Annotation {
    readonly image_id: number;
    readonly category_id: number;
    readonly segmentation: number[][] | { size: number[]; counts: number[] };
    readonly area: number;
    readonly iscrowd: 0 | 1;
  }
  const value = JSON.parse(readFileSync(path, "utf8")) as { annotations: Annotation[] };
  for (const [k, [name, { data, width, height }]] of [...masks].entries()) {
    const drawn = new Uint8Array(width * height);
    for (const one of value.annotations.filter(({ image_id: id }) => id === k + 1)) {
      const { segmentation } = one;
      if (!Array.isArray(segmentation)) {
        expect([one.iscrowd, one.category_id, segmentation.size]).toEqual([1, 5, [height, width]]);
        expect(segmentation.counts.reduce((a, b) => a + b)).toBe(width * height);
        continue;
      }
      expect([one.iscrowd, segmentation.length]).toEqual([0, 1]);
      const shape = new Uint8Array(width * height);
      fillPoly(segmentation[0]!, shape, width);
      expect(shape.filter((v) => v === 1)).toHaveLength(one.area);
      shape.forEach((v, i) => v && (drawn[i] = one.category_id));
    }
    expect(drawn, name).toEqual(data.map((v) => (v === 255 ? 0 : v)));
  }
  const again = await readAll(path);
  expect(again.classes).toEqual(classes);
  for (const [name, { data }] of masks) expect(again.masks.get(onDisk(name))!.data).toEqual(data);
});

test("YOLO lines are classes from 0 and shares; semantic masks are gray PNGs with background first", async () => {
  const map = { width: 8, height: 4, data: new Uint8Array(32) };
  for (let y = 1; y < 3; y++) map.data.fill(2, y * 8 + 2, y * 8 + 6);
  await writeAll(join(root, "y"), "yolo", new Map([["a", map]]));
  const [line, ...more] = readFileSync(join(root, "y/labels/a.txt"), "utf8").trim().split("\n");
  expect(more).toEqual([]);
  const [id, ...shares] = line!.split(" ").map(Number);
  expect(id).toBe(1);
  const [xs, ys] = [0, 1].map((k) => shares.filter((_, i) => i % 2 === k)) as [number[], number[]];
  expect([Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]).toEqual([0.256, 0.744, 0.263, 0.738]); // prettier-ignore
  await writeAll(join(root, "u"), "ultralytics", new Map([["a", map]]));
  const png = decodePng(readFileSync(join(root, "u/masks/a.png")));
  expect([png.channels, png.depth, png.palette]).toEqual([1, 8, undefined]);
  expect([...png.data]).toEqual([...map.data]);
  const read = (folder: string): unknown => parseYaml(readFileSync(join(root, folder, "data.yaml"), "utf8")); // prettier-ignore
  expect(read("y")).toMatchObject({ train: "images", val: "images", names: classes });
  expect(read("u")).toMatchObject({
    masks_dir: "masks",
    names: ["background", ...classes],
  });
});
