import { encode } from "fast-png";
import { describe, expect, test } from "vitest";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { encodeMask } from "../../../../src/host/node/images/index-png.ts";
import { vocClasses, vocPalette } from "../../../../src/method/images/classes.ts";
import type { InstanceKind } from "../../../../src/method/images/regions.ts";
import { cvatSource } from "../../../../src/files/formats/cvat/read.ts";
import { LostDetails } from "../../../../src/files/formats/lost-details.ts";
import { ImageFiles } from "../../../../src/files/formats/image-files.ts";
import { UserError } from "../../../../src/user-error.ts";

type Color = readonly number[];

/** A PNG of one row: in RGB if pixels are colors, else in gray. */
function png(pixels: readonly (Color | number)[], width = pixels.length): Uint8Array {
  const channels = typeof pixels[0] === "number" ? 1 : 3;
  const data = Uint8Array.from(pixels.flat());
  return encode({ width, height: pixels.length / width, data, channels, depth: 8 });
}

interface SourceCase {
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  readonly classes?: readonly string[];
  readonly instances?: InstanceKind;
  readonly codec?: Partial<typeof nodeHost.codec>;
}

/** The source of an archive in memory, with the limits under which its files were read. */
async function open({ files, classes, instances = "regions", codec = {} }: SourceCase) {
  const limits: [string, number][] = [];
  const losses = new LostDetails();
  let closed = 0;
  const archive = {
    names: Object.keys(files),
    read: (name: string, limit: number) => {
      limits.push([name, limit]);
      return Promise.resolve(new Uint8Array(Buffer.from(files[name]!)));
    },
    close: () => Promise.resolve(void closed++),
  };
  const images = await ImageFiles.find(nodeHost.store, undefined, "/nowhere");
  const options = { images, losses, instances, ...(classes && { classes }) };
  const source = await cvatSource({ ...nodeHost.codec, ...codec }, "a.zip", archive, options);
  return { source, limits, losses, closed: () => closed };
}

async function labelsOf(found: SourceCase): Promise<number[]> {
  const { source } = await open(found);
  return [...(await source.entries[0]!.read()).data];
}

const pets = "background:0,0,0::\n# a comment\n\ncat:10,20,30::\r\ndog:10,20,31::\n";

test("masks are the PNGs of one folder, in any letter case, and are closed with their archive", async () => {
  const mask = png([[10, 20, 30]]);
  const files = {
    "labelmap.txt": pets,
    "SegmentationClass/trip/a.PNG": mask,
    "SegmentationClass/b.png": mask,
    "SegmentationClass/notes.txt": "",
    "JPEGImages/SegmentationClass/c.png": mask,
  };
  const { source, closed } = await open({ files });
  expect(source.entries.map(({ name, where }) => [name, where])).toEqual([
    ["trip/a", "a.zip: SegmentationClass/trip/a.PNG"],
    ["b", "a.zip: SegmentationClass/b.png"],
  ]);
  expect([source.format, source.classes]).toEqual(["cvat", ["cat", "dog"]]);
  await source.close();
  expect(closed()).toBe(1);
});

test("what is unpacked is limited, less for text than for PNGs", async () => {
  const mask = png([[10, 20, 30]]);
  const files = {
    "labelmap.txt": pets,
    "SegmentationClass/a.png": mask,
    "SegmentationObject/a.png": mask,
  };
  const { source, limits } = await open({ files });
  await source.entries[0]!.read();
  expect(limits).toEqual([
    ["labelmap.txt", 16 * 2 ** 20],
    ["SegmentationClass/a.png", 256 * 2 ** 20],
    ["SegmentationObject/a.png", 256 * 2 ** 20],
  ]);
});

describe("a label map", () => {
  const ignored = vocPalette[255]!;
  test.each<[string, string, Color[], string[], number[]]>([
    ["has a color on each line", pets, [[10, 20, 31], [10, 20, 30], [0, 0, 0]], ["cat", "dog"], [2, 1, 0]], // prettier-ignore
    ["may leave colors to VOC's palette", "background\ncat\ndog", [vocPalette[2]!, vocPalette[1]!, vocPalette[0]!], ["cat", "dog"], [2, 1, 0]], // prettier-ignore
    [
      "need not have background",
      "cat:1,0,0::",
      [
        [0, 0, 0],
        [1, 0, 0],
      ],
      ["cat"],
      [0, 1],
    ],
    ["may give black to a class", "cat:0,0,0::\nbackground:9,9,9", [[0, 0, 0], [9, 9, 9]], ["cat"], [1, 0]], // prettier-ignore
    ["may have background twice", "background:0,0,0\nBackground:0,0,0\ncat:1,1,1", [[0, 0, 0], [1, 1, 1]], ["cat"], [0, 1]], // prettier-ignore
    ["may have colors up to 255", "cat:255,255,255\ndog:255,255,254", [[255, 255, 254], [255, 255, 255]], ["cat", "dog"], [2, 1]], // prettier-ignore
    ["has ignored pixels by name and color", `void:${ignored.join(",")}::\ncat:1,1,1`, [ignored, [1, 1, 1]], ["cat"], [255, 1]], // prettier-ignore
    ["has ignored pixels by name in any color", "ignored:1,2,3::\ncat:1,1,1", [[1, 2, 3], [1, 1, 1]], ["cat"], [255, 1]], // prettier-ignore
    ["has a class of that name where ignored pixels have another", `ignored:1,2,3::\nvoid:${ignored.join(",")}::`, [[1, 2, 3], ignored], ["ignored"], [1, 255]], // prettier-ignore
    ["has a class of that color", `cat:${ignored.join(",")}::`, [ignored], ["cat"], [1]],
    ["has composed names", " cafe\u0301 :1,2,3", [[1, 2, 3]], ["caf\u00e9"], [1]],
  ])("%s", async (_, text, pixels, classes, labels) => {
    const files = { "labelmap.txt": text, "SegmentationClass/a.png": png(pixels) };
    expect((await open({ files })).source.classes).toEqual(classes);
    expect(await labelsOf({ files })).toEqual(labels);
  });

  test.each<[string, string, RegExp]>([
    ["a negative color", "\n#\ncat:-1,0,0", /labelmap\.txt, line 3: "-1,0,0" is not a color/],
    ["a color of 256", "cat:0,256,0", /line 1: "0,256,0" is not a color/],
    ["a broken color", "cat:0,0,1.5", /line 1: "0,0,1\.5" is not a color/],
    ["a color of four", "a:1,2,3\ncat:0,0,0,0", /line 2: "0,0,0,0" is not a color/],
    ["a color twice", "a:1,2,3\nb:4,5,6\n\nc:1,2,3", /line 4: .*1,2,3/],
    ["a class in the color of background", "background:0,0,0\nb:0,0,0", /line 2: .*0,0,0/],
    ["a name twice", "a:1,2,3\nA:4,5,6", /labelmap\.txt: classes 1 and 2/],
    ["no class", "background:0,0,0", /labelmap\.txt: no classes/],
  ])("with %s is refused", async (_, text, message) => {
    const files = { "labelmap.txt": text, "SegmentationClass/a.png": png([[1, 2, 3]]) };
    await expect(open({ files })).rejects.toThrow(UserError);
    await expect(open({ files })).rejects.toThrow(message);
  });

  test("that is missing is VOC's", async () => {
    const files = { "SegmentationClass/a.png": png([vocPalette[20]!, vocPalette[7]!]) };
    expect((await open({ files })).source.classes).toEqual(vocClasses);
    expect(await labelsOf({ files })).toEqual([20, 7]);
  });
});

test("other class names rename the classes; there are at least as many", async () => {
  const files = { "labelmap.txt": pets, "SegmentationClass/a.png": png([[10, 20, 30]]) };
  expect((await open({ files, classes: ["x", "y"] })).source.classes).toEqual(["x", "y"]);
  await expect(open({ files, classes: ["x"] })).rejects.toMatchObject({
    message: expect.stringContaining("2 classes, but 1 class names") as string,
    remedies: [{ kind: "option", name: "classes", instead: true }],
  });
});

test("gray masks have the numbers of the lines, from 0", async () => {
  const mask = (...values: number[]) => ({
    files: { "labelmap.txt": `cat:1,1,1\n${pets.replace("cat", "cow")}`, "SegmentationClass/a.png": png(values) }, // prettier-ignore
  });
  expect(await labelsOf(mask(0, 1, 2, 3))).toEqual([1, 0, 2, 3]);
  await expect(labelsOf(mask(3, 4, 0))).rejects.toThrow(/a\.png: has index 4; .* 4 labels/);
});

test("a color without a label is told by its channels", async () => {
  const files = { "labelmap.txt": pets, "SegmentationClass/a.png": png([[0, 0, 0], [1, 2, 3]]) }; // prettier-ignore
  await expect(labelsOf({ files })).rejects.toThrow(/a\.png: has the color 1,2,3, /);
  const next = { ...files, "SegmentationClass/a.png": png([[255, 129, 3]]) };
  await expect(labelsOf({ files: next })).rejects.toThrow(/a\.png: has the color 255,129,3, /);
});

test("a PNG in colors has 50 million pixels at most, and is one from its first to its 33rd byte", async () => {
  const decode = () => Promise.reject(new UserError("decoded"));
  const header = Buffer.from(encodeMask({ width: 1, height: 1, data: Uint8Array.of(0) })).subarray(0, 33); // prettier-ignore
  const read = (bytes: Uint8Array) =>
    labelsOf({ files: { "SegmentationClass/a.png": bytes }, codec: { decode } });
  const claiming = (width: number, height: number): Uint8Array => {
    const bytes = Buffer.from(header);
    bytes.writeUInt32BE(width, 16);
    bytes.writeUInt32BE(height, 20);
    return bytes;
  };
  await expect(read(claiming(25_000_000, 2))).rejects.toThrow("decoded");
  await expect(read(claiming(50_000_001, 1))).rejects.toThrow(/a\.png: is 50000001x1; .*50000000/);
  await expect(read(claiming(1, 50_000_001))).rejects.toThrow(/a\.png: is 1x50000001; /);
  await expect(read(header.subarray(0, 32))).rejects.toThrow(/a\.png: not a PNG/);
  await expect(read(Buffer.from(header).fill(0, 0, 1))).rejects.toThrow(/a\.png: not a PNG/);
});

/** Colors of objects, which differ in one channel each. */
const objectColors: readonly Color[] = [[5, 5, 5], [6, 5, 5], [5, 6, 5], [5, 5, 6]]; // prettier-ignore

test.each<[string, string, string, InstanceKind, boolean]>([
  ["one object", "1111", "1111", "regions", false],
  ["one object of another color", "1111", "2222", "regions", false],
  ["two regions of a class", "1011", "1022", "regions", false],
  ["two classes that touch", "1122", "1122", "regions", false],
  ["other objects in the background", "1100", "1123", "regions", false],
  ["other objects in ignored pixels", "1xx2", "1232", "regions", false],
  ["a region of two objects, in red", "1111", "0001", "regions", true],
  ["a region of two objects, in green", "1111", "0002", "regions", true],
  ["a region of two objects, in blue", "1111", "0003", "regions", true],
  ["a region whose first pixel is another object", "1110", "2110", "regions", true],
  ["an object of two regions", "1011", "1011", "regions", true],
  ["an object of two classes", "0122", "0333", "regions", true],
  ["an object of two regions, by class", "1011", "1011", "classes", false],
  ["two objects of a class, by class", "1011", "1022", "classes", true],
])("objects that are not regions are told: %s", async (_, labels, objects, instances, lost) => {
  const classes = [...labels].map((letter) =>
    letter === "x" ? vocPalette[255]! : vocPalette[Number(letter)]!,
  );
  const ids = [...objects].map(Number);
  const files = {
    "labelmap.txt": `background\ncat\ndog\nvoid:${vocPalette[255]!.join(",")}`,
    "SegmentationClass/a.png": png(classes),
  };
  for (const own of [png(ids.map((id) => objectColors[id]!)), png(ids)]) {
    const found = await open({ files: { ...files, "SegmentationObject/a.png": own }, instances });
    await found.source.entries[0]!.read();
    expect(found.losses.list()).toHaveLength(lost ? 1 : 0);
  }
});

test.each([2, 4, 1])("objects of another shape are told: %i wide", async (width) => {
  const files = {
    "labelmap.txt": "background\ncat",
    "SegmentationClass/a.png": png(Array<Color>(4).fill(vocPalette[1]!)),
    "SegmentationObject/a.png": png(width === 4 ? Array<Color>(8).fill([1, 1, 1]) : Array<Color>(4).fill([1, 1, 1]), width), // prettier-ignore
  };
  const { source, losses } = await open({ files });
  await source.entries[0]!.read();
  expect(losses.list()).toHaveLength(1);
});

test("gray values that number no label are colors: white, and the label ignored in any color", async () => {
  const map = "_background_:0,0,0::\ndefect:255,255,255::\nIgnored:7,7,7::\n";
  const files = { "labelmap.txt": map, "SegmentationClass/a.png": png([0, 255, 7, 1]) };
  expect(await labelsOf({ files })).toEqual([0, 1, 255, 1]);
  const outer = { "task/labelmap.txt": map, "task/SegmentationClass/a.png": png([0, 255]) };
  expect(await labelsOf({ files: outer })).toEqual([0, 1]);
  await expect(
    labelsOf({ files: { ...files, "SegmentationClass/a.png": png([9]) } }),
  ).rejects.toThrow(/has index 9; labelmap\.txt has 3 labels, none in the color 9,9,9/);
});
