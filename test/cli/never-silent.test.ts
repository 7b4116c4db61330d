import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { makeFolder, Mask, Picture } from "../files/datasets/folders.ts";
import { temporaryFolder } from "./scenes.ts";
import { convertToRows, runCommand } from "./run-command.ts";

const base = temporaryFolder();
let count = 0;
const out = (): string => join(base, String(count++));

const binary = { "masks/a.png": new Mask([0, 255], 4, 2), "classes.txt": "road\n" };

describe("binary masks of 0 and 255", () => {
  test("stay ignored, which is doubted with the command that makes 255 the class", async () => {
    const root = await makeFolder(binary);
    const { code, text, masks } = await convertToRows(root, out());
    expect([code, masks]).toEqual([0, { a: ["0x0x", "0x0x"] }]);
    expect(text).toMatch(/only the values 0 and 255, .* which means ignored/);
    expect(text).toContain("--binary --classes road --to voc");
  });

  test("become the class with --binary", async () => {
    const root = await makeFolder(binary);
    const { text, masks } = await convertToRows(root, out(), "--binary");
    expect(masks).toEqual({ a: ["0101", "0101"] });
    expect(text).toContain("nothing was lost");
  });

  test("have no other value and one class, or are refused by name", async () => {
    const other = await makeFolder({ ...binary, "masks/b.png": new Mask([0, 7, 255], 4, 2) });
    const { text, masks } = await convertToRows(other, out(), "--binary");
    expect(masks).toEqual({ a: ["0101", "0101"] });
    expect(text).toMatch(/left out .*the value 7; binary masks have only 0 and 255/);
    const two = await convertToRows(other, out(), "--binary", "--classes", "road,car");
    expect(two).toMatchObject({ code: 1, masks: {} });
    expect(two.text).toMatch(/binary masks have one class, but there are 2: road, car/);
  });
});

describe("convert --images compares the sizes of masks with those of the images", () => {
  const coco = {
    images: [{ id: 1, file_name: "a.jpg", width: 4, height: 2 }],
    categories: [{ id: 1, name: "cat" }],
    annotations: [{ id: 1, image_id: 1, category_id: 1, segmentation: [[0, 0, 2, 0, 2, 2, 0, 2]] }],
  };
  const xml =
    '<annotations><image id="0" name="a.jpg" width="4" height="2"><polygon label="cat" points="0,0;2,0;2,2"/></image></annotations>';
  const task = [{ data: { image: "a.jpg" }, annotations: [{ result: [{ original_width: 4, original_height: 2, value: { points: [[0, 0], [50, 0], [50, 100]], polygonlabels: ["cat"] } }] }] }]; // prettier-ignore
  const sources: [string, Record<string, string | Mask>, string][] = [
    ["palette PNGs", { "masks/a.png": new Mask([1], 4, 2), "classes.txt": "cat" }, "."],
    ["COCO", { "a.json": JSON.stringify(coco) }, "a.json"],
    ["CVAT for images", { "annotations.xml": xml }, "annotations.xml"],
    ["Label Studio", { "tasks.json": JSON.stringify(task) }, "tasks.json"],
  ];
  const upright = { create: { width: 4, height: 2, channels: 3, background: "#a05030" } } as const;

  test.each(sources)("%s: another size is left out with both sizes", async (_, files, path) => {
    const root = await makeFolder({ ...files, "photos/a.jpg": new Picture(2, 4) });
    const { text, masks, code } = await convertToRows(join(root, path), out(), "--images", join(root, "photos")); // prettier-ignore
    expect([code, masks]).toEqual([1, {}]);
    expect(text).toMatch(/4x2.*2x4/);
  });

  test.each(sources)("%s: an image that EXIF turns counts as turned", async (_, files, path) => {
    // Stored 4 wide and 2 high, seen 2 wide and 4 high.
    const turned = await sharp(upright).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const root = await makeFolder({ ...files, "photos/a.jpg": turned });
    const { text, masks, code } = await convertToRows(join(root, path), out(), "--images", join(root, "photos")); // prettier-ignore
    expect([code, masks]).toEqual([1, {}]);
    expect(text).toMatch(/4x2.*2x4/);
    // Stored 2 wide and 4 high, seen as the masks are.
    const stored = { create: { ...upright.create, width: 2, height: 4 } };
    const fits = await sharp(stored).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const right = await makeFolder({ ...files, "photos/a.jpg": fits });
    const converted = await convertToRows(join(right, path), out(), "--images", join(right, "photos")); // prettier-ignore
    expect(converted.code).toBe(0);
    expect(converted.masks["a"]).toHaveLength(2);
  });
});

test("images without any annotation are left out by name, with the option that takes them for background", async () => {
  const file = {
    images: [1, 2, 3].map((id) => ({ id, file_name: `${id}.jpg`, width: 4, height: 1 })),
    categories: [{ id: 1, name: "cat" }],
    annotations: [{ id: 1, image_id: 1, category_id: 1, segmentation: [[0, 0, 2, 0, 2, 1, 0, 1]] }],
  };
  const path = join(await makeFolder({ "a.json": JSON.stringify(file) }), "a.json");
  const left = await convertToRows(path, out());
  expect(left.masks).toEqual({ "1": ["1100"] });
  expect(left.text).toMatch(/left out .*2\.jpg: has no annotation/);
  expect(left.text).toMatch(/2 images without any annotation were left out.*--unannotated background takes them for background/); // prettier-ignore
  expect(left.text).not.toContain("nothing was lost");
  const taken = await convertToRows(path, out(), "--unannotated", "background");
  expect(taken.masks).toEqual({ "1": ["1100"], "2": ["0000"], "3": ["0000"] });
  expect(taken.text).toContain("all of the image became background, as asked");
});

test("a YOLO class list that begins with background keeps its ids, also with --classes", async () => {
  const files = { "labels/a.txt": "1 0 0 0.5 0 0.5 1 0 1\n", "image-sizes.csv": "name,width,height\na,4,1\n" }; // prettier-ignore
  const listed = await makeFolder({ ...files, "classes.txt": "background\ncat\n" });
  const first = await convertToRows(listed, out());
  expect(first.masks).toEqual({ a: ["1100"] });
  expect(first.text).toContain('class id 0 is the background, "background"');
  const bare = await makeFolder(files);
  const given = ["--from", "yolo", "--classes", "background,cat"];
  expect((await convertToRows(bare, out(), ...given)).masks).toEqual({ a: ["1100"] });
});

describe("data", () => {
  const photos = (n: number, name = (i: number) => `${i}`) =>
    Object.fromEntries(Array.from({ length: n }, (_, i) => [`images/${name(i)}.jpg`, new Picture()])); // prettier-ignore

  test("judges with numbers, and exits with 0 all the same", async () => {
    const rows = Array.from({ length: 12 }, (_, i) => `${i}.jpg,c${i}\n`).join("");
    const root = await makeFolder({ ...photos(12), "tags.csv": `file,tags\n${rows}` });
    const { code, text } = await runCommand("data", root);
    expect(code).toBe(0);
    expect(text).not.toMatch(/^Ready for training\./m);
    expect(text).toMatch(/training images a class: \d/);
  });

  test("is never simply ready for one image", async () => {
    const root = await makeFolder({ ...photos(1), "tags.csv": "file,tags\n0.jpg,cat\n" });
    const { code, text } = await runCommand("data", root);
    expect(code).toBe(0);
    expect(text).not.toMatch(/^Ready/m);
  });

  test("warns of binary masks, absent classes and ignored pixels", async () => {
    const root = await makeFolder({
      ...photos(2),
      "tags.csv": "file,tags\n0.jpg,cat;dog\n1.jpg,cat\n",
      "classes.txt": "cat\ndog\nowl\n",
      "masks/0.png": new Mask([0, 255]),
      "masks/1.png": new Mask([255]),
    });
    const { code, text } = await runCommand("data", root);
    expect(code).toBe(0);
    expect(text).toMatch(/only the values 0 and 255/);
    expect(text).toMatch(/no labeled pixel.*: 1\b/);
    expect(text).toMatch(/no mask shows cat .*dog/);
    expect(text).toContain('class "owl" has no images');
    expect(text).toMatch(/of their pixels ignored \(255\)/);
  });

  test("names one cause instead of its consequences", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => `gone${i}.jpg,cat\n`).join("");
    const root = await makeFolder({ ...photos(1), "tags.csv": `file,tags\n0.jpg,cat\n${rows}` });
    const { text } = await runCommand("data", root);
    expect(text.match(/is not there; left out/g)).toHaveLength(5);
    expect(text).toContain("... and 35 more like these");
  });

  test("merges letter case if asked, and else offers it", async () => {
    const root = await makeFolder({ ...photos(2), "tags.csv": "file,tags\n0.jpg,Cat\n1.jpg,cat\n" }); // prettier-ignore
    const refused = await runCommand("data", root);
    expect(refused.code).toBe(1);
    expect(refused.text).toContain("--merge-case makes one class of them");
    const merged = await runCommand("data", root, "--merge-case");
    expect(merged.code).toBe(0);
    expect(merged.text).toContain("are one class");
  });

  test("understands the data.yaml of YOLO, and says how its labels become a data set", async () => {
    const yaml = "path: ../datasets/x\ntrain: images/train\nval: images/val\ntest:\nnc: 1\nnames: [cat]\nroboflow:\n  license: MIT\n"; // prettier-ignore
    const tagged = await makeFolder({ ...photos(1), "tags.csv": "file,tags\n0.jpg,cat\n", "data.yaml": yaml }); // prettier-ignore
    expect((await runCommand("data", tagged)).code).toBe(0);
    const labeled = await makeFolder({ ...photos(1), "labels/0.txt": "", "data.yaml": yaml });
    const { code, text } = await runCommand("data", labeled);
    expect(code).toBe(1);
    expect(text).toMatch(/has YOLO labels.*tag2mask convert .* --to voc --layout voc2012/);
  });

  test("writes tags whose fields no spreadsheet takes for formulas, and reads them again", async () => {
    const names = ["=1+1", "+a", "-b", "@c"];
    const rows = names.map((name) => `'${name}.jpg,'${name}\n`).join("");
    const root = await makeFolder({
      ...photos(4, (i) => names[i]!),
      "tags.csv": `file,tags\n${rows}`,
    });
    const written = out();
    expect((await runCommand("data", root, "--tags-out", `${written}.csv`)).code).toBe(0);
    const lines = readFileSync(`${written}.csv`, "utf8").trim().split("\n").slice(1);
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(line).toMatch(/^'[=+\-@].*,'[=+\-@]/);
  });

  test("quotes at most 200 characters of a value", async () => {
    const long = "x".repeat(5000);
    const root = await makeFolder({
      ...photos(1),
      "tags.csv": `file,tags\n0.jpg,${long}\n${long}.jpg,cat\n`,
      "classes.txt": "cat\n",
    });
    const { text } = await runCommand("data", root);
    expect(text).toContain("(5000 characters)");
    expect(Math.max(...(text.match(/x+/g) ?? []).map((run) => run.length))).toBeLessThanOrEqual(200); // prettier-ignore
  });
});
