import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import { LostDetails } from "../../../src/files/formats/lost-details.ts";
import { maskFormats, type MaskFormat } from "../../../src/files/formats/formats.ts";
import { ImageFiles, openMasks } from "../../../src/files/formats/open.ts";
import { UserError } from "../../../src/user-error.ts";
import { makeFolder, Mask } from "../datasets/folders.ts";
import { writeAll } from "./masks.ts";

type Files = Parameters<typeof makeFolder>[0];
const dot = new Mask([1], 1, 1);
const coco = '{"categories": [{"id": 1, "name": "cat"}], "images": [], "annotations": []}';
const tasks = '[{"data": {"image": "a.jpg"}, "annotations": []}]';

async function open(path: string, from?: MaskFormat) {
  const images = await ImageFiles.find(nodeHost.store, undefined, path);
  const options = { images, losses: new LostDetails(), instances: "regions", classes: ["cat"] } as const; // prettier-ignore
  const source = await openMasks(nodeHost, path, { ...options, ...(from && { from }) });
  await source.close();
  return source;
}

describe("a format is recognized in", () => {
  const yaml = { "data.yaml": "names: [cat]" };
  const unpacked = { "labelmap.txt": "cat:128,0,0::", "SegmentationClass/a.png": dot };
  test.each<[string, MaskFormat, Files, string?]>([
    ["PNGs", "voc", { "a.png": dot }],
    ["PNGs in masks/", "voc", { "masks/a.png": dot, "data.yaml": "names: [cat]" }],
    ["PNGs beside a JSON file of another name", "voc", { "a.png": dot, "other.json": coco }],
    ["PNGs beside classes.json", "voc", { "a.png": dot, "classes.json": '["cat"]' }],
    ["labels with a description", "yolo", { ...yaml, "labels/a.txt": "" }],
    ["labels of splits", "yolo", { ...yaml, "train/labels/a.txt": "" }],
    ["a description that names a folder of masks", "ultralytics", { "data.yaml": "names: [cat]\nmasks_dir: masks", "masks/a.png": dot, "labels/a.txt": "" }], // prettier-ignore
    ["a folder with a label map", "cvat", unpacked],
    ["a JSON file of any name in a folder", "coco", { "any.json": coco }],
    ["a JSON file", "coco", { "any.JSON": coco }, "any.JSON"],
    ["a JSON file with more lists", "coco", { "a.json": coco.replace("{", '{"info": {}, "x": [1], ') }, "a.json"], // prettier-ignore
    ["a list of tasks", "labelstudio", { "a.json": `\n  ${tasks}` }, "a.json"],
  ])("%s", async (_, format, files, file = "") => {
    expect((await open(join(await makeFolder(files), file))).format).toBe(format);
  });

  test.each(maskFormats)("what is written as %s", async (format) => {
    const masks = new Map([["a", { width: 2, height: 1, data: Uint8Array.of(0, 1) }]]);
    const root = await makeFolder({});
    const { path } = await writeAll(root, format, masks);
    const images = await ImageFiles.find(nodeHost.store, undefined, root);
    const options = { images, losses: new LostDetails(), instances: "regions" } as const;
    for (const place of [path, root]) {
      const source = await openMasks(nodeHost, place, options);
      expect([source.format, source.entries.map(({ name }) => name)]).toEqual([format, ["a"]]);
      await source.close();
    }
  });
});

test.each<[string, Files, string, MaskFormat | undefined, RegExp]>([
  ["a missing path", {}, "x", undefined, /x: no such file or folder$/],
  ["an empty folder", {}, "", undefined, /: no masks in a known format; .*COCO.*CVAT/],
  ["a folder without the format", {}, "", "coco", /: has no masks in the format coco$/],
  ["a folder of another format", { "a.png": dot }, "", "coco", /format coco; .*voc$/],
  ["a folder of several other formats", { "a.png": dot, "instances.json": coco }, "", "cvat", /format cvat; .*voc and coco$/], // prettier-ignore
  ["a file of another kind", { "a.txt": "" }, "a.txt", undefined, /known format/],
  ["JSON without images", { "a.json": '{"annotations": []}' }, "a.json", undefined, /known format/],
  ["JSON without annotations", { "a.json": '{"images": []}' }, "a.json", undefined, /known format/],
  ["JSON whose images are no list", { "a.json": '{"images": {}, "annotations": []}' }, "a.json", undefined, /known format/], // prettier-ignore
  ["a list of something else", { "a.json": "[1]" }, "a.json", undefined, /known format/],
  ["a folder for each format", { "voc/a.png": dot, "coco/x": "", cvat: "" }, "", undefined, /choose one: .*\/voc, .*\/coco$/], // prettier-ignore
  ["a format whose folder is beside masks", { "voc/a.png": dot, "a.png": dot }, "", "coco", /format coco; .*voc$/], // prettier-ignore
  ["a description alone", { "data.yaml": "names: [cat]" }, "", undefined, /known format/],
  ["two JSON files", { "a.json": coco, "b.json": coco }, "", undefined, /coco \(.*\/a\.json\), coco \(.*\/b\.json\)/], // prettier-ignore
])("%s is refused", async (_, files, file, from, message) => {
  const opening = open(join(await makeFolder(files), file), from);
  await expect(opening).rejects.toThrow(UserError);
  await expect(opening).rejects.toThrow(message);
});

test("of several formats in a folder one must be chosen", async () => {
  const root = await makeFolder({
    "a.png": dot,
    "instances.json": coco,
    "labelstudio.json": tasks,
  });
  await expect(open(root)).rejects.toMatchObject({
    message: expect.stringMatching(/voc .*coco .*instances\.json\), labelstudio /) as string,
    code: "ambiguous-format",
    remedies: [{ kind: "option", name: "from" }],
  });
  for (const format of ["voc", "coco", "labelstudio"] as const)
    expect((await open(root, format)).format).toBe(format);
});

test("the classes of Label Studio's tasks are those beside their file", async () => {
  const root = await makeFolder({ "a.json": tasks, "a.classes.json": '["dog", "cow"]' });
  const images = await ImageFiles.find(nodeHost.store, undefined, root);
  const options = { images, losses: new LostDetails(), instances: "regions" } as const;
  const { classes } = await openMasks(nodeHost, join(root, "a.json"), options);
  expect(classes).toEqual(["dog", "cow"]);
});

test.each<[string, string[], RegExp]>([
  ["without masks", ["SegmentationClass/a.txt"], /no PNGs/],
  ["of nothing known", ["a.txt"], /a\.zip: no masks in a known format/],
])("an archive %s is refused and closed", async (_, names, message) => {
  let closed = 0;
  const archive = { names, read: () => Promise.reject(new Error()), close: () => Promise.resolve(void closed++) }; // prettier-ignore
  const store = { ...nodeHost.store, openArchive: () => Promise.resolve(archive) };
  const path = join(await makeFolder({ "a.zip": "" }), "a.zip");
  const images = await ImageFiles.find(store, undefined, path);
  const options = { images, losses: new LostDetails(), instances: "regions" } as const;
  await expect(openMasks({ ...nodeHost, store }, path, options)).rejects.toThrow(message);
  expect(closed).toBeGreaterThan(0);
});
