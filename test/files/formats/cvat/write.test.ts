import { readFileSync } from "node:fs";
import { decode } from "fast-png";
import { strFromU8, unzipSync } from "fflate";
import { expect, test } from "vitest";
import { vocPalette } from "../../../../src/method/images/classes.ts";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { MaskFolder } from "../../../../src/files/formats/mask-folder.ts";
import { makeFolder } from "../../datasets/folders.ts";
import { join } from "node:path";

const row = (...data: number[]) => ({ width: data.length, height: 1, data: Uint8Array.from(data) });
/** As many regions as asked for, of the classes in turn, with background between them. */
const regions = (count: number) =>
  row(...Array.from({ length: 2 * count - 1 }, (_, i) => (i % 2 === 0 ? 1 + ((i / 2) % 2) : 0)));

async function write(
  masks: Readonly<Record<string, ReturnType<typeof row>>>,
  classes: readonly string[] = ["cat", "dog"],
) {
  const root = await makeFolder({});
  const folder = await MaskFolder.create(nodeHost, root, classes, { format: ["cvat"] });
  for (const [name, labels] of Object.entries(masks)) await folder.write(name, labels);
  await folder.finish();
  const files = unzipSync(readFileSync(join(root, "cvat.zip")));
  const colors = (name: string): string[] => {
    const { data } = decode(files[`${name}.png`]!);
    return Array.from({ length: data.length / 3 }, (_, i) => data.slice(3 * i, 3 * i + 3).join());
  };
  const text = (name: string) => strFromU8(files[name]!);
  return { names: Object.keys(files), colors, text, losses: folder.losses() };
}

const inPalette = (...labels: number[]) => labels.map((label) => vocPalette[label]!.join());

test("classes and objects have VOC's colors, and lists name all images", async () => {
  const { colors, names, text, losses } = await write({
    a: row(2, 0, 1, 1, 0, 2),
    "trip/b": row(0, 1),
  });
  expect(names).toEqual([
    "SegmentationClass/a.png",
    "SegmentationObject/a.png",
    "SegmentationClass/trip/b.png",
    "SegmentationObject/trip/b.png",
    "ImageSets/Segmentation/default.txt",
    "labelmap.txt",
  ]);
  expect(colors("SegmentationClass/a")).toEqual(inPalette(2, 0, 1, 1, 0, 2));
  expect(colors("SegmentationObject/a")).toEqual(inPalette(1, 0, 2, 2, 0, 3));
  expect(text("ImageSets/Segmentation/default.txt")).toBe("a\ntrip/b\n");
  expect(text("labelmap.txt")).toBe(
    "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:128,0,0::\ndog:0,128,0::\n",
  );
  expect(losses).toEqual([]);
});

test("ignored pixels of any image are a label, and names lose what a label map cannot hold", async () => {
  const masks = { a: row(255, 1), b: row(1) };
  const { text, losses, colors } = await write(masks, ["#a:b:c", "ignored"]);
  expect(text("labelmap.txt").split("\n").slice(1)).toEqual([
    "background:0,0,0::",
    "_a-b-c:128,0,0::",
    "ignored:0,128,0::",
    "void:224,224,192::",
    "",
  ]);
  expect(colors("SegmentationClass/a")).toEqual(inPalette(255, 1));
  expect(losses).toEqual([{ what: expect.stringMatching(/colons.*#/) as string, images: 2 }]);
});

test("255 regions are told apart, one more only by class", async () => {
  const { colors, losses } = await write({ a: regions(255), b: regions(256) });
  expect(new Set(colors("SegmentationObject/a")).size).toBe(256);
  expect(new Set(colors("SegmentationObject/b")).size).toBe(3);
  expect(losses).toEqual([{ what: expect.stringContaining("more than 255") as string, images: 1 }]);
});
