import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeRle } from "../../../src/method/images/run-lengths.ts";
import { encodeMask } from "../../../src/host/node/images/index-png.ts";
import { maskFormats } from "../../../src/files/formats/formats.ts";
import { UserError } from "../../../src/user-error.ts";
import { readAll, writeAll } from "./masks.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "hostile-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

async function refused(path: string, message: RegExp): Promise<void> {
  const reading = readAll(path);
  await expect(reading).rejects.toThrow(UserError);
  await expect(reading).rejects.toThrow(message);
}

describe("COCO JSON", () => {
  const image = { id: 1, file_name: "a.jpg", width: 4, height: 3 };
  const annotation = {
    ...{ id: 7, image_id: 1, category_id: 1, iscrowd: 0 },
    segmentation: { size: [3, 4], counts: encodeRle(new Uint8Array(12).fill(1), 4, 3) },
  };
  const good = { images: [image], annotations: [annotation], categories: [{ id: 1, name: "cat" }] };

  async function read(change: object): Promise<void> {
    writeFileSync(join(root, "a.json"), JSON.stringify({ ...good, ...change }));
    await readAll(join(root, "a.json"));
  }

  test("is read where nothing is wrong with it", async () => {
    await read({});
  });

  const changed = (part: object): object => ({ annotations: [{ ...annotation, ...part }] });
  test.each<[string, object, RegExp]>([
    [
      "an endless image",
      { images: [{ ...image, width: 1e9, height: 1e9 }] },
      /entry 1 of "images" is 1000000000x1000000000; .*at most 200000000 pixels/,
    ],
    [
      "no size",
      { images: [{ id: 1, file_name: "a.jpg" }] },
      /entry 1 of "images" is undefinedxundefined/,
    ],
    ["half a pixel", { images: [{ ...image, width: 0.5 }] }, /entry 1 of "images" is 0\.5x3/],
    ["no name", { images: [{ ...image, file_name: 3 }] }, /entry 1 of "images" has no "file_name"/],
    [
      "an image twice",
      { images: [image, image] },
      /entry 2 of "images" has the id 1 of an image before it/,
    ],
    ["null for an image", { images: [null] }, /entry 1 of "images" is null, expected an object/],
    ["no categories", { categories: undefined }, /no "categories"; an annotation file has/],
    [
      "two categories of one id",
      {
        categories: [
          { id: 1, name: "a" },
          { id: 1, name: "b" },
        ],
      },
      /entry 2 of "categories" has the id 1 of a category before it/,
    ],
    [
      "300 categories",
      { categories: Array.from({ length: 300 }, (_, id) => ({ id, name: `c${id}` })) },
      /entry 255 of "categories": there are more than 254 categories/,
    ],
    [
      "an unknown category",
      changed({ category_id: 9 }),
      /annotation 7: its category 9 is not in "categories"/,
    ],
    [
      "a mask of another size",
      changed({ segmentation: { size: [4, 3], counts: "<1" } }),
      /its run lengths are for an image of 3x4, but its image is 4x3/,
    ],
    [
      "runs beyond the image",
      changed({ segmentation: { size: [3, 4], counts: [0, 1e15] } }),
      /cover more than the 12 pixels/,
    ],
    [
      "runs of something else",
      changed({ segmentation: { size: [3, 4], counts: [{}, "12"] } }),
      /its "segmentation" is neither/,
    ],
    [
      "damaged text",
      changed({ segmentation: { size: [3, 4], counts: "ooooooooooo" } }),
      /more than 35 bits/,
    ],
    [
      "a polygon of words",
      changed({ segmentation: [["a", "b", "c", "d", "e", "f"]] }),
      /its "segmentation" is neither/,
    ],
    [
      "a polygon out of this world",
      changed({ segmentation: [[0, 0, 1e200, 0, 5, 5]] }),
      /a polygon goes to x 1e\+200, but its image is 4x3/,
    ],
    ["no polygon", changed({ segmentation: [3] }), /its "segmentation" is neither/],
    ["a number for a mask", changed({ segmentation: 3 }), /its "segmentation" is neither/],
  ])("%s is refused", async (_, change, message) => {
    const reading = read(change);
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(message);
  });

  test("brackets without end take neither the stack nor long", async () => {
    writeFileSync(join(root, "a.json"), "[".repeat(3_000_000));
    await refused(join(root, "a.json"), /a\.json: not readable as JSON/);
    const deep = `${"[".repeat(500_000)}${"]".repeat(500_000)}`;
    writeFileSync(join(root, "a.json"), `{"images":[],"annotations":${deep},"categories":[]}`);
    await refused(join(root, "a.json"), /a\.json: .* nested more than 500 levels deep/);
  });
});

describe("Label Studio JSON", () => {
  const result = (value: object, size = { original_width: 4, original_height: 3 }): object => ({
    ...{ type: "brushlabels", ...size, value: { brushlabels: ["cat"], ...value } },
  });
  test.each<[string, object, RegExp]>([
    [
      "a brush that claims gigabytes",
      result({ format: "rle", rle: [255, 255, 255, 255, 57, 27, 255, 0] }),
      /rle is of 1073741823\.75 pixels, expected 8-bit RGBA of 4x3/,
    ],
    [
      "a brush that ends early",
      result({ format: "rle", rle: [0, 0, 0, 48, 57, 27, 255, 0] }),
      /damaged; it ends too early/,
    ],
    [
      "a brush of other numbers",
      result({ format: "rle", rle: [0, 0, 0, 480] }),
      /value 4 of the brush's rle is 480/,
    ],
    ["no brush", result({ rle: "x" }), /brush labels must have the format "rle" and a list "rle"/],
    ["a huge image", result({}, { original_width: 1e6, original_height: 1e6 }), /1000000x1000000/],
    [
      "a polygon of words",
      {
        ...result({}),
        value: {
          polygonlabels: ["cat"],
          points: [
            ["a", 1],
            [2, 3],
            [4, 5],
          ],
        },
      },
      /coordinate 1 is NaN/,
    ],
    [
      "a polygon of nothing",
      { ...result({}), value: { polygonlabels: ["cat"], points: 4 } },
      /polygon labels must have "points", a list of pairs/,
    ],
  ])("%s is refused", async (_, one, message) => {
    const task = { data: { image: "/data/upload/1/a.jpg" }, annotations: [{ result: [one] }] };
    writeFileSync(join(root, "a.json"), JSON.stringify([task]));
    await refused(join(root, "a.json"), message);
  });
});

describe("zip archives", () => {
  const map = Buffer.from("background:0,0,0::\ncat:128,0,0::\n");
  const png = encodeMask({ width: 2, height: 1, data: Uint8Array.of(0, 1) });

  test("names that lead out of it are refused", async () => {
    for (const name of [
      "../evil.png",
      "/etc/evil.png",
      "SegmentationClass/../../evil.png",
      "C:\\evil",
    ]) {
      const files = { "labelmap.txt": map, "SegmentationClass/a.png": png, [name]: png };
      writeFileSync(join(root, "a.zip"), zipSync(files));
      await refused(join(root, "a.zip"), /a\.zip: not a readable zip: /);
    }
  });

  test("names that no disk can have are refused", async () => {
    const files = { "labelmap.txt": map, "SegmentationClass/\u00e9\u0001\n.png": png };
    writeFileSync(join(root, "a.zip"), zipSync(files));
    await refused(join(root, "a.zip"), /^[^\n]*a\.zip: .*damaged file names$/);
  });

  test("what unpacks to more than a mask can be is not unpacked", async () => {
    const bomb = { "labelmap.txt": Buffer.alloc(40_000_000), "SegmentationClass/a.png": png };
    writeFileSync(join(root, "a.zip"), zipSync(bomb));
    await refused(
      join(root, "a.zip"),
      /labelmap\.txt: .*unpacks to 40000000 bytes; at most 16777216 are read/,
    );
    // The same, with a size that lies: in the directory and in front of the file.
    const bytes = Buffer.from(zipSync(bomb));
    for (let at = bytes.indexOf(word(40_000_000)); at >= 0; at = bytes.indexOf(word(40_000_000))) {
      bytes.writeUInt32LE(100, at);
    }
    writeFileSync(join(root, "a.zip"), bytes);
    await refused(join(root, "a.zip"), /labelmap\.txt: not a readable zip/);
  });

  test.each<[string, Record<string, Uint8Array>, RegExp]>([
    ["no masks", { "labelmap.txt": map }, /not in CVAT's format "Segmentation mask 1\.1"/],
    [
      "colors of no label",
      { "labelmap.txt": Buffer.from("cat:1,2,3::"), "SegmentationClass/a.png": png },
      /has the color 128,0,0, which labelmap\.txt does not name/,
    ],
    [
      "a color that is none",
      { "labelmap.txt": Buffer.from("cat:1,2::"), "SegmentationClass/a.png": png },
      /line 1: "1,2" is not a color/,
    ],
    [
      "one color twice",
      { "labelmap.txt": Buffer.from("cat:1,2,3::\ndog:1,2,3::"), "SegmentationClass/a.png": png },
      /line 2: two labels have the color 1,2,3/,
    ],
    [
      "no PNG",
      { "labelmap.txt": map, "SegmentationClass/a.png": Buffer.from("hello") },
      /a\.png: not a PNG/,
    ],
    [
      "a PNG that claims gigapixels",
      { "labelmap.txt": map, "SegmentationClass/a.png": claiming(png, 100_000) },
      /is 100000x100000; at most/,
    ],
  ])("%s", async (_, files, message) => {
    writeFileSync(join(root, "a.zip"), zipSync(files));
    await refused(join(root, "a.zip"), message);
  });

  function word(value: number): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  }

  function claiming(bytes: Uint8Array, side: number): Uint8Array {
    const out = Buffer.from(bytes);
    out.writeUInt32BE(side, 16);
    out.writeUInt32BE(side, 20);
    return out;
  }
});

describe("YOLO and Ultralytics folders", () => {
  const yaml = "names: {0: cat, 1: dog}\n";
  test.each<[string, string, string, RegExp]>([
    [
      "an unknown class",
      yaml,
      "2 0 0 1 0 1 1",
      /a\.txt:1: class 2; expected 0 to 1, as there are 2 class names/,
    ],
    ["a word for a class", yaml, "\ncat 0 0 1 0 1 1", /a\.txt:2: class NaN/],
    ["an odd point", yaml, "0 0 0 1 0 1 1 1", /a\.txt:1: 7 coordinates/],
    ["a box in pixels", yaml, "0 5 5 10 10", /a\.txt:1: has the coordinate 5; /],
    ["a box without a number", yaml, "0 0.5 0.5 1 x", /a\.txt:1: coordinate 2 is NaN/],
    ["no number", yaml, "0 0 0 1 0 1 nan", /a\.txt:1: coordinate 6 is NaN/],
    ["a far point", yaml, "0 0 0 1e300 0 1 1", /has the coordinate 1e\+300/],
    ["no names", "nc: 2\n", "", /data\.yaml: has no "names" of classes/],
    ["a gap in the names", "names: {0: cat, 2: dog}", "", /names has no entry for 1/],
    ["a key that is no number", "names: {__proto__: cat, a: dog}", "", /names has the key/],
    [
      "names that refer to ever more",
      `a: &a [x, x]\nb: &b [*a, *a]\nnames: ${"[*b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b]"}`,
      "",
      /not readable as YAML|names/,
    ],
    ["deep brackets", `names: ${"[".repeat(50_000)}`, "", /not readable as YAML/],
    [
      "a description of more than 256 KiB",
      `names: [a]\n#${"x".repeat(256 * 1024)}`,
      "",
      /data\.yaml: has 262156 bytes; at most 262144 are read/,
    ],
    [
      "masks elsewhere",
      "names: [a]\nmasks_dir: ../../etc",
      "",
      /masks_dir is "\.\.\/\.\.\/etc"; it must lie inside/,
    ],
  ])("%s", async (_, description, text, message) => {
    mkdirSync(join(root, "labels"));
    writeFileSync(join(root, "data.yaml"), description);
    writeFileSync(join(root, "labels/a.txt"), text);
    writeFileSync(join(root, "image-sizes.csv"), "name,width,height\na,10,10\n");
    await refused(root, message);
  });

  test("a page of outlines that would be drawn for hours", async () => {
    mkdirSync(join(root, "labels"));
    writeFileSync(join(root, "data.yaml"), yaml);
    writeFileSync(join(root, "labels/a.txt"), "0 0 0 1 0 1 1\n".repeat(300_000));
    writeFileSync(join(root, "image-sizes.csv"), "name,width,height\na,4,4\n");
    await refused(
      root,
      /a\.txt: has more objects, or larger ones, than can be drawn: after 200001 objects/,
    );
  });

  test("a size from nowhere", async () => {
    mkdirSync(join(root, "labels"));
    writeFileSync(join(root, "data.yaml"), yaml);
    writeFileSync(join(root, "labels/a.txt"), "0 0 0 1 0 1 1");
    await refused(
      root,
      /a\.txt: the size of its image is unknown: neither the image nor image-sizes\.csv/,
    );
    writeFileSync(join(root, "image-sizes.csv"), "name,width,height\na,1e9,Infinity\n");
    await refused(root, /the image is 1000000000xInfinity/);
  });
});

describe("files with some bytes changed are read or refused, whatever they are", () => {
  const masks = new Map([
    [
      "a",
      {
        width: 6,
        height: 4,
        data: Uint8Array.from({ length: 24 }, (_, i) => (i % 7 === 0 ? 255 : i % 3)),
      },
    ],
  ]);
  test.each(maskFormats)("%s", async (format) => {
    await writeAll(root, format, masks);
    const files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const whole = new Map(files.map((file) => [file, readFileSync(file)]));
    const change = fc.record({
      file: fc.constantFrom(...files),
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
      cut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        for (const [file, bytes] of whole) writeFileSync(file, bytes);
        for (const { file, at, bytes, cut } of changes) {
          const content = Buffer.from(readFileSync(file));
          const place = Math.floor(at * content.length);
          content.set(bytes.subarray(0, content.length - place), place);
          writeFileSync(file, cut ? content.subarray(0, place) : content);
        }
        await readAll(root).catch((error: unknown) => {
          if (!(error instanceof UserError)) throw error;
        });
      }),
      { seed: 1, numRuns: 250 },
    );
  });
});
