import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { zipSync } from "fflate";
import { readClassNames } from "../../../src/files/formats/class-names.ts";
import { maskFormats, type MaskFormat } from "../../../src/files/formats/formats.ts";
import { LostDetails } from "../../../src/files/formats/lost-details.ts";
import { ImageFiles, openMasks } from "../../../src/files/formats/open.ts";
import { encodeMask } from "../../../src/host/node/images/index-png.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { ignoreIndex } from "../../../src/method/images/image.ts";
import { awkwardMasks, writeAll } from "../../../test/files/formats/masks.ts";
import { mustHold, type Subject } from "../subject.ts";

/** Masks in all formats, as their own writers write them, and as other tools do. */
export async function maskSubjects(work: string): Promise<Subject[]> {
  const masks = new Map(
    ["all ignored", "one row", "noise", "nothing"].map((name) => [name, awkwardMasks().get(name)!]),
  );
  const written = new Map<MaskFormat, string>();
  for (const format of maskFormats) {
    written.set(format, (await writeAll(join(work, `written-${format}`), format, masks)).path);
  }
  const file = (format: MaskFormat): Uint8Array => readFileSync(written.get(format)!);
  const inFolder = (format: MaskFormat, path: string): Uint8Array =>
    readFileSync(join(written.get(format)!, path));
  const [coco, tasks, cvat] = [file("coco"), file("labelstudio"), file("cvat")];
  const yolo = written.get("yolo")!;
  const polygons = cocoOfOthers();
  const one = (name: string, format: MaskFormat) => inOwnFolder(work, name, format);
  return [
    { name: "coco", kind: "json", seeds: [coco, polygons], read: one("a.json", "coco") },
    {
      name: "label studio",
      kind: "json",
      seeds: [tasks, shapes()],
      read: one("b.json", "labelstudio"),
    },
    { name: "cvat zip", kind: "zip", seeds: [cvat], read: one("c.zip", "cvat") },
    {
      ...{ name: "zip of coco", kind: "zip", read: one("d.zip", "coco") },
      seeds: [zipSync({ "export/instances_default.json": polygons })],
    },
    {
      ...{ name: "yolo labels", kind: "table", seeds: [inFolder("yolo", "labels/noise.txt")] },
      read: replaced(yolo, "labels/noise.txt"),
    },
    {
      ...{
        name: "yolo data.yaml",
        kind: "yaml",
        weight: 0.5,
        seeds: [inFolder("yolo", "data.yaml")],
      },
      read: replaced(yolo, "data.yaml"),
    },
    {
      ...{ name: "yolo sizes", kind: "table", seeds: [inFolder("yolo", "image-sizes.csv")] },
      read: replaced(yolo, "image-sizes.csv"),
    },
    {
      ...{ name: "ultralytics data.yaml", kind: "yaml", weight: 0.5 },
      seeds: [inFolder("ultralytics", "data.yaml")],
      read: replaced(written.get("ultralytics")!, "data.yaml"),
    },
    {
      ...{ name: "voc masks", kind: "png", seeds: [inFolder("voc", "masks/noise.png")] },
      read: replaced(written.get("voc")!, "masks/noise.png"),
    },
    {
      ...{ name: "classes.json", kind: "json", seeds: [inFolder("voc", "classes.json")] },
      read: replaced(written.get("voc")!, "classes.json"),
    },
    {
      ...{ name: "classes.txt", kind: "table", seeds: [Buffer.from("cat\ndog\nzebra crossing\n")] },
      read: async (bytes) => {
        const path = join(work, "classes.txt");
        writeFileSync(path, bytes);
        const names = await readClassNames(nodeHost.store, path);
        mustHold(names.length > 0 && names.every((name) => name !== ""), names.join());
      },
    },
    {
      ...{ name: "cvat label map", kind: "table" },
      seeds: [Buffer.from("# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:9,2,3::\n")],
      read: replaced(cvatFolder(work), "labelmap.txt"),
    },
  ];
}

/** COCO as other tools write it: polygons, boxes, run lengths as lists and texts. */
function cocoOfOthers(): Uint8Array {
  const box = { image_id: 1, category_id: 7, area: 4, bbox: [0, 0, 2, 2] };
  const value = {
    images: [{ id: 1, file_name: "a.png", width: 8, height: 6 }],
    annotations: [
      { id: 1, ...box, iscrowd: 0, segmentation: [[1, 1, 5, 1, 5, 4]] },
      { id: 2, ...box, iscrowd: 1, segmentation: { size: [6, 8], counts: [10, 5, 33] } },
      { id: 3, ...box, iscrowd: 0, segmentation: [] },
    ],
    categories: [{ id: 7, name: "cat" }],
  };
  return Buffer.from(JSON.stringify(value));
}

/** Tasks of Label Studio with outlines and boxes. */
function shapes(): Uint8Array {
  const about = { from_name: "tag", to_name: "image", original_width: 8, original_height: 6 };
  const box = { x: 5, y: 5, width: 50, height: 50, rotation: 0 };
  const result = [
    { ...about, type: "polygonlabels", value: { points: [[10, 10], [90, 10], [50, 80]], polygonlabels: ["cat"] } }, // prettier-ignore
    { ...about, type: "rectanglelabels", value: { ...box, rectanglelabels: ["dog"] } },
    { ...about, type: "ellipselabels", value: { x: 50, y: 50, radiusX: 20, radiusY: 30, rotation: 10, ellipselabels: ["cat"] } }, // prettier-ignore
  ];
  const annotation = { id: 5, result, ground_truth: true, created_at: "2024-01-01T00:00:00Z" };
  return Buffer.from(
    JSON.stringify([{ id: 1, data: { image: "a.png" }, annotations: [annotation] }]),
  );
}

/** An unpacked archive of CVAT. */
function cvatFolder(work: string): string {
  const folder = join(work, "cvat");
  mkdirSync(join(folder, "SegmentationClass"), { recursive: true });
  const mask = encodeMask({ width: 4, height: 2, data: new Uint8Array(8) });
  writeFileSync(join(folder, "SegmentationClass/a.png"), mask);
  writeFileSync(join(folder, "labelmap.txt"), "");
  return folder;
}

/** Reads a file that lies alone in a folder. */
function inOwnFolder(work: string, name: string, from: MaskFormat) {
  const path = join(work, `alone-${name}`, name);
  mkdirSync(dirname(path), { recursive: true });
  return (bytes: Uint8Array): Promise<void> => {
    writeFileSync(path, bytes);
    return readMasks(path, from);
  };
}

/** Reads a folder in which a file is replaced. */
function replaced(folder: string, file: string) {
  return async (bytes: Uint8Array): Promise<void> => {
    const path = join(folder, file);
    const whole = readFileSync(path);
    try {
      writeFileSync(path, bytes);
      await readMasks(folder);
    } finally {
      // Other files of the folder are damaged in their turn.
      writeFileSync(path, whole);
    }
  };
}

/** Reads every mask of a file or folder, and checks them. */
async function readMasks(path: string, from?: MaskFormat): Promise<void> {
  const images = await ImageFiles.find(nodeHost.store, undefined, join(path, ".."));
  const options = { images, instances: "regions", losses: new LostDetails() } as const;
  const source = await openMasks(nodeHost, path, { ...options, ...(from && { from }) });
  try {
    for (const entry of source.entries) {
      const { width, height, data } = await entry.read();
      mustHold(data.length === width * height, `${entry.name}: ${width}x${height}, ${data.length}`);
      // PNGs with other labels are refused by whoever uses them.
      if (source.format === "voc" || source.format === "ultralytics") continue;
      const other = data.find((label) => label > source.classes.length && label !== ignoreIndex);
      mustHold(other === undefined, `${entry.name}: label ${other}`);
    }
  } finally {
    await source.close();
  }
}
