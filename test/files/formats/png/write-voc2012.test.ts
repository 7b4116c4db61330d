import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import sharp from "sharp";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { MaskFolder } from "../../../../src/files/formats/mask-folder.ts";
import { openDataset } from "../../../../src/index.ts";
import { makeFolder } from "../../datasets/folders.ts";
import { readAll } from "../masks.ts";

const classes = ["cat", "dog"];
const labels = { width: 3, height: 2, data: Uint8Array.of(0, 1, 2, 255, 1, 0) };

async function jpeg(width: number, height: number, orientation = 1): Promise<Buffer> {
  const picture = sharp({ create: { width, height, channels: 3, background: "#804020" } });
  return picture.withMetadata({ orientation }).jpeg().toBuffer();
}

test("a VOC 2012 tree has what its readers open: upright .jpg images, palette PNGs and lists", async () => {
  const stored = await jpeg(3, 2);
  const png = await sharp(stored).png().toBuffer();
  const root = await makeFolder({ "a.jpeg": stored, "b.png": png, "c.jpg": await jpeg(2, 3, 6) });
  const out = join(root, "out");
  const folder = await MaskFolder.create(nodeHost, out, classes, { layout: "voc2012" });
  for (const file of ["a.jpeg", "b.png", "c.jpg"]) {
    await folder.write(file[0]!, labels, undefined, { source: join(root, file) });
  }
  await folder.write("trip/d", labels);
  await folder.finish();
  expect(readFileSync(join(out, "JPEGImages/a.jpg")).equals(stored)).toBe(true);
  for (const name of ["b", "c"]) {
    const { format, width, height, orientation } = await sharp(join(out, `JPEGImages/${name}.jpg`)).metadata(); // prettier-ignore
    expect({ format, width, height, orientation }).toEqual({ format: "jpeg", width: 3, height: 2 });
  }
  for (const list of ["train", "val", "trainval"]) {
    const text = readFileSync(join(out, `ImageSets/Segmentation/${list}.txt`), "utf8");
    expect(text).toBe("a\nb\nc\ntrip/d\n");
  }
  expect(existsSync(join(out, "masks"))).toBe(false);
  const told = Object.fromEntries(folder.losses().map(({ what, images }) => [what, images]));
  expect(told).toEqual({
    "JPEGImages/ holds a JPEG made of the image, as readers of VOC open no others": 2,
    "JPEGImages/ lacks the image: its file is not known": 1,
  });
  const again = await readAll(out);
  expect(again.classes).toEqual(classes);
  for (const name of ["a", "b", "c", "trip/d"]) {
    expect(again.masks.get(name)).toEqual(labels);
  }
});

test("the tree opens as a data set whose tags are those of the masks", async () => {
  const root = await makeFolder({ "a.jpg": await jpeg(3, 2) });
  const out = join(root, "out");
  const folder = await MaskFolder.create(nodeHost, out, classes, { layout: "voc2012" });
  await folder.write("a", labels, undefined, { source: join(root, "a.jpg") });
  await folder.finish();
  const data = await openDataset(out, {});
  expect(data.format).toBe("voc");
  expect(data.counts.all).toMatchObject({ images: 1, masks: 1 });
});

test("options of another format are refused by name", async () => {
  const root = await makeFolder({});
  const create = (options: object): Promise<unknown> =>
    MaskFolder.create(nodeHost, join(root, "out"), classes, options);
  await expect(create({ format: ["coco"], layout: "voc2012" })).rejects.toThrow(
    /out: layout voc2012 is for the format voc, but the masks are written as coco$/,
  );
  await expect(create({ format: ["voc", "yolo"], shapes: "polygon" })).rejects.toThrow(
    /out: shapes polygon is for the format coco, but the masks are written as voc and yolo$/,
  );
});
