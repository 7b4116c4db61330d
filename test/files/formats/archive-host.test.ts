import { writeFileSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeZip } from "client-zip";
import { nodeHost } from "../../../src/host/node/host.ts";
import { ImageFiles, openMasks } from "../../../src/files/formats/open.ts";
import { LostDetails } from "../../../src/files/formats/lost-details.ts";
import { makeFolder, Mask, Picture } from "../datasets/folders.ts";

type Files = Parameters<typeof makeFolder>[0];
const polygon = { original_width: 4, original_height: 2, value: { points: [[0, 0], [50, 0], [50, 100], [0, 100]], polygonlabels: ["cat"] } }; // prettier-ignore
const tasks = JSON.stringify([{ data: { image: "a.png" }, annotations: [{ result: [polygon] }] }]);
const coco = JSON.stringify({
  images: [{ id: 1, file_name: "a.png", width: 4, height: 2 }],
  categories: [{ id: 1, name: "cat" }],
  annotations: [{ id: 1, image_id: 1, category_id: 1, segmentation: [[0, 0, 2, 0, 2, 2, 0, 2]] }],
});
const label = "0 0 0 0.5 0 0.5 1 0 1";

/** A zip of the files of a folder. @param top folder of the archive that they lie in */
async function zip(files: Files, top = ""): Promise<string> {
  const root = await makeFolder(files);
  const names = await readdir(root, { recursive: true, withFileTypes: true });
  const entries = names
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return { name: `${top}${path.slice(root.length + 1)}`, input: await readFile(path) };
    });
  const path = join(await makeFolder({}), "export.zip");
  writeFileSync(path, Buffer.from(await new Response(makeZip(await Promise.all(entries))).arrayBuffer())); // prettier-ignore
  return path;
}

async function read(path: string) {
  const losses = new LostDetails();
  const images = await ImageFiles.find(nodeHost.store, undefined, path);
  const source = await openMasks(nodeHost, path, { images, losses, instances: "regions" });
  try {
    const masks = source.entries.map(async ({ name, image, read: open }) => [name, [...(await open()).data].join(""), image]); // prettier-ignore
    return { format: source.format, classes: source.classes, masks: await Promise.all(masks) };
  } finally {
    await source.close();
  }
}

describe("a zip is as good as the folder or file in it", () => {
  const image = { "images/a.png": new Picture(4, 2) };
  const yolo = { "data.yaml": "names: [cat]", "labels/train/a.txt": label, ...image };
  test.each<[string, Files, string]>([
    ["labelstudio", { "project-1-at-2024.json": tasks }, ""],
    ["labelstudio", { "project/export.json": tasks, "__MACOSX/project/._export.json": "{" }, ""],
    ["coco", { "result.json": coco, ...image }, ""],
    ["coco", { "annotations/instances_default.json": coco, "images/default/a.png": new Picture(4, 2) }, ""], // prettier-ignore
    ["coco", { "train/_annotations.coco.json": coco, "train/a.png": new Picture(4, 2) }, ""],
    ["yolo", yolo, ""],
    ["yolo", yolo, "project/"],
    ["yolo", { "classes.txt": "cat\n", "notes.json": "{}", "labels/a.txt": label, ...image }, ""],
    ["voc", { "masks/a.png": new Mask([1, 1, 0, 0, 1, 1, 0, 0], 4, 2), "classes.txt": "cat" }, ""],
  ])("of %s (%#)", async (format, files, top) => {
    const path = await zip(files, top);
    const masks = [["a", "11001100", undefined]];
    expect(await read(path)).toEqual({ format, classes: ["cat"], masks });
    const folder = await makeFolder({ "export.zip": "" });
    writeFileSync(join(folder, "export.zip"), await readFile(path));
    expect((await read(folder)).masks).toEqual(masks);
  });
});

test("images beside a zip count before those in it, and only they are files to copy", async () => {
  const path = await zip({ "classes.txt": "cat", "labels/a.txt": label, "images/a.png": new Picture(2, 2) }); // prettier-ignore
  const folder = await makeFolder({ "images/a.png": new Picture(4, 2) });
  writeFileSync(join(folder, "b.zip"), await readFile(path));
  const images = await ImageFiles.find(nodeHost.store, undefined, folder);
  const options = { images, losses: new LostDetails(), instances: "regions" } as const;
  const { entries, close } = await openMasks(nodeHost, join(folder, "b.zip"), options);
  expect(entries[0]!.image).toBe(join(folder, "images/a.png"));
  expect((await entries[0]!.read()).width).toBe(4);
  await close();
});
