import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { convertCommand } from "../../src/cli/convert.ts";
import { explainFailure } from "../../src/cli/failure.ts";
import { Output } from "../../src/cli/output.ts";
import { writeImage } from "../../src/host/node/images/codec.ts";
import { MaskFolder } from "../../src/files/formats/mask-folder.ts";
import { awkwardMasks, demoMasks, readAll, writeAll } from "../files/formats/masks.ts";
import { temporaryFolder } from "./scenes.ts";

const base = temporaryFolder();
let root: string;
let count = 0;
beforeEach(() => {
  root = join(base, String(count++));
  mkdirSync(root);
});

/** Runs `convert` in this process; text and complaints come together. */
async function convert(...args: string[]): Promise<{ code: number; text: string }> {
  let text = "";
  const stream = { write: (more: string) => (text += more) };
  const terminal = { stdout: stream, stderr: stream, color: false, now: () => 0 };
  const command = convertCommand(({ json = false }) => new Output(terminal, json, "convert"));
  command.exitOverride().configureOutput({ writeOut: stream.write, writeErr: stream.write });
  try {
    await command.parseAsync(args, { from: "user" });
    return { code: 0, text };
  } catch (error) {
    const failure = explainFailure(error, { command: "convert", debug: false });
    return { code: failure.code, text: `${text}${failure.text}\n` };
  }
}

test("masks become COCO and come back the same, and what is not known of them is said", async () => {
  const masks = demoMasks(3);
  await writeAll(join(root, "a"), "voc", masks);
  const there = await convert(join(root, "a"), "--to", "coco", "--out", join(root, "b.json"));
  expect(there).toMatchObject({ code: 0 });
  expect(there.text).toContain("3 masks from voc to coco");
  expect(there.text).toContain(
    "in 3 of 3 masks: the image's file is not known; its name is assumed to end in .jpg",
  );
  expect(readdirSync(root).sort()).toEqual(["a", "b.classes.json", "b.json"]);
  const back = await convert(join(root, "b.json"), "--to", "voc", "--out", join(root, "c"));
  expect(back.text).toMatch(/^nothing was lost: \d+ objects counted$/m);
  expect((await readAll(join(root, "c"))).masks).toEqual((await readAll(join(root, "a"))).masks);
});

test("several formats get a folder each, which with the images make complete data sets", async () => {
  const masks = demoMasks(2);
  await writeAll(join(root, "a"), "voc", masks);
  mkdirSync(join(root, "images"));
  for (const [name, { width, height }] of masks) {
    const data = new Uint8Array(3 * width * height);
    await writeImage(join(root, "images", `${name}.png`), { width, height, data });
  }
  const out = join(root, "out");
  const given = ["--images", join(root, "images"), "--json", "--out", out];
  const { code, text } = await convert(join(root, "a"), "--to", "coco,yolo,ultralytics", ...given);
  expect(code).toBe(0);
  expect(JSON.parse(text)).toMatchObject({ from: "voc", to: ["coco", "yolo", "ultralytics"], masks: 2, skipped: 0, lost: [] }); // prettier-ignore
  expect(readdirSync(out).sort()).toEqual([
    ".tag2mask.jsonl",
    "classes.json",
    "coco",
    "ultralytics",
    "yolo",
  ]);
  for (const format of ["yolo", "ultralytics"]) {
    expect(readdirSync(join(out, format, "images"))).toEqual(["scene-0.png", "scene-1.png"]);
  }
  const coco = JSON.parse(readFileSync(join(out, "coco/instances.json"), "utf8")) as {
    images: { file_name: string }[];
  };
  expect(coco.images.map(({ file_name }) => file_name)).toEqual(["scene-0.png", "scene-1.png"]);
});

test("a mask that cannot be read is named and left out, or with --strict the end", async () => {
  await writeAll(join(root, "a"), "voc", demoMasks(3));
  const broken = join(root, "a/masks/scene-1.png");
  writeFileSync(broken, readFileSync(broken).subarray(0, 100));
  const out = join(root, "b");
  const lax = await convert(join(root, "a"), "--to", "coco", "--out", out);
  expect(lax.code).toBe(0);
  expect(lax.text).toContain(`left out ${broken}: the PNG is damaged`);
  expect(lax.text).toContain("2 masks from voc to coco in 0 s, 1 left out");
  const strict = await convert(
    join(root, "a"),
    "--to",
    "cvat",
    "--out",
    join(root, "c"),
    "--strict",
  );
  expect(strict).toMatchObject({ code: 1 });
  expect(strict.text).toContain(`${broken}: the PNG is damaged`);
  expect(strict.text).toMatch(
    /; 1 of 3 images are finished and kept; --resume goes on with the rest$/m,
  );
});

test("the names of masks do not depend on which of them can be read", async () => {
  const images = ["a.jpg", "a.png"].map((file_name, i) => ({ id: i + 1, file_name, width: 4, height: 4 })); // prettier-ignore
  const object = { category_id: 1, iscrowd: 0, segmentation: [[0, 0, 2, 0, 2, 2]] };
  const [source, out] = [join(root, "a.json"), join(root, "b")];
  const categories = [{ id: 1, name: "cat" }];
  for (const annotated of [[1, 2], [2]]) {
    const annotations = annotated.map((id) => ({ id, image_id: id, ...object }));
    writeFileSync(source, JSON.stringify({ images, categories, annotations }));
    await convert(source, "--to", "voc", "--out", join(out, String(annotated.length)));
  }
  expect(readdirSync(join(out, "2", "masks"))).toEqual(["a-2.png", "a.png"]);
  // The image that nothing is known of keeps its name to itself.
  expect(readdirSync(join(out, "1", "masks"))).toEqual(["a-2.png"]);
});

test("masks of one name are counted for themselves, also if one of them is left out", async () => {
  const images = ["a.png", "a.jpg", "a.bmp"].map((file_name, i) => ({ id: i + 1, file_name, width: 4, height: 4 })); // prettier-ignore
  const box = { category_id: 1, iscrowd: 0, bbox: [0, 0, 2, 2] };
  const annotations = [1, 2].map((id) => ({ id, image_id: id, ...box }));
  const categories = [{ id: 1, name: "cat" }];
  writeFileSync(join(root, "a.json"), JSON.stringify({ images, categories, annotations }));
  const { text } = await convert(join(root, "a.json"), "--to", "voc", "--out", join(root, "b"));
  expect(text).toContain(
    "in 2 of 2 masks: objects of which only the box is known are ignored (255) (2 objects)",
  );
});

test("what a format cannot hold is counted", async () => {
  await writeAll(join(root, "a"), "voc", awkwardMasks());
  const { text } = await convert(join(root, "a"), "--to", "yolo", "--out", join(root, "b"));
  expect(text).toMatch(/in 4 of 9 masks: ignored pixels became background/);
  expect(text).toMatch(/in 9 of 9 masks: images\/ lacks the image/);
});

describe("objects are counted", () => {
  const square = (x: number) => [[x, 0, x + 2, 0, x + 2, 2, x, 2]];
  const object = (id: number, more: object) => ({ id, image_id: 1, category_id: 1, iscrowd: 0, ...more }); // prettier-ignore
  const file = (...annotations: object[]) => {
    const path = join(root, "a.json");
    const images = [1, 2].map((id) => ({ id, file_name: `${id}.jpg`, width: 8, height: 2 }));
    const lone = { id: 90, image_id: 2, category_id: 1, iscrowd: 0, segmentation: square(0) };
    const categories = [{ id: 1, name: "cat" }];
    writeFileSync(
      path,
      JSON.stringify({ images, categories, annotations: [...annotations, lone] }),
    );
    return path;
  };
  const rows = async () =>
    new Map([...(await readAll(join(root, "out"))).masks].map(([name, { data }]) => [name, [...data.subarray(0, 8)].join(" ")])); // prettier-ignore

  test("nothing was lost is said where all of them are shown, with their number", async () => {
    const path = file(object(1, { segmentation: square(0) }), object(2, { segmentation: square(4) })); // prettier-ignore
    const { text } = await convert(path, "--to", "voc", "--out", join(root, "out"));
    expect(text).toContain("nothing was lost: 3 objects counted\n");
  });

  test.each<[string, object[], string, string, string]>([
    ["covered", [object(1, { segmentation: square(0) }), object(2, { segmentation: square(0) })], "objects covered by others", "1 1 0 0 0 0 0 0", "ignore"], // prettier-ignore
    ["outside of the image", [object(1, { segmentation: square(8) })], "objects without a pixel", "0 0 0 0 0 0 0 0", "ignore"], // prettier-ignore
    ["known by its box alone", [object(1, { bbox: [1, 0, 2, 2] })], "only the box is known are ignored (255)", "0 255 255 0 0 0 0 0", "ignore"], // prettier-ignore
  ])("an object that is %s is told with its image", async (_, objects, what, row, boxes) => {
    const { text } = await convert(file(...objects), "--to", "voc", "--boxes", boxes, "--out", join(root, "out")); // prettier-ignore
    expect(text).toMatch(new RegExp(`^in 1 of 2 masks: .*${what.replace(/[()]/g, "\\$&")}.* \\(1 object\\)$`, "m")); // prettier-ignore
    expect(text).not.toContain("nothing was lost");
    expect((await rows()).get("1")).toBe(row);
  });

  test("a box is filled or its image left out by name, as asked", async () => {
    const path = file(object(1, { bbox: [1, 0, 2, 2] }));
    const filled = await convert(path, "--to", "voc", "--boxes", "fill", "--out", join(root, "out")); // prettier-ignore
    expect(filled.text).toContain("in 1 of 2 masks: objects of which only the box is known are filled boxes\n"); // prettier-ignore
    expect((await rows()).get("1")).toBe("0 1 1 0 0 0 0 0");
    const without = await convert(path, "--to", "voc", "--boxes", "leave-out", "--out", join(root, "b")); // prettier-ignore
    expect(without.text).toMatch(/^left out .*1\.jpg: 1 object of it has only a box/m);
    expect(without.text).toContain("1 left out");
    // The objects of an image that is left out are not those of the masks.
    expect(without.text).not.toMatch(/nothing was lost|unknown reason/);
    expect(readdirSync(join(root, "b/masks"))).toEqual(["2.png"]);
  });

  test("programs get the number of objects, in the source and for each loss", async () => {
    const path = file(object(1, { bbox: [1, 0, 2, 2] }));
    const { text } = await convert(path, "--to", "voc", "--json", "--out", join(root, "out"));
    const lost = [{ what: "objects of which only the box is known are ignored (255)", images: 1, objects: 1 }]; // prettier-ignore
    expect(JSON.parse(text)).toMatchObject({ masks: 2, skipped: 0, objects: 2, lost });
  });
});

describe("mistakes are answered in words", () => {
  test.each<[string, string[], RegExp]>([
    ["no such file", ["nothing"], /nothing: no such file or folder/],
    ["an empty folder", ["empty"], /empty: no masks in a known format; expected a COCO/],
    [
      "PNGs without classes",
      ["bare"],
      /bare: the class names of its masks are unknown: .*; give --classes cat,dog/,
    ],
    [
      "too few classes",
      ["bare", "--classes", "cat"],
      /mask has label \d, but there are only 1 classes: cat/,
    ],
    [
      "another format",
      ["a", "--from", "cvat"],
      /a: has no masks in the format cvat; its format is voc/,
    ],
    ["two at once", ["two"], /two: holds masks more than once: voc .*, coco .*--from/],
    ["JSON of something else", ["other.json"], /other\.json: no masks in a known format/],
    ["a zip that is none", ["text.zip"], /text\.zip: not a readable zip/],
    [
      "out that is there",
      ["a", "--out", "a"],
      /a: has \d files? or folders? already; choose an empty or new folder, or give --overwrite/,
    ],
    [
      "a file for a folder",
      ["a", "--to", "voc", "--out", "x.json"],
      /voc cannot be written as a \.json file/,
    ],
    ["an unknown format", ["a", "--to", "cocoa"], /found "cocoa"; did you mean coco\?/],
  ])("%s", async (_, [path, ...more], message) => {
    await writeAll(join(root, "a"), "voc", demoMasks(1));
    await writeAll(join(root, "two"), "voc", demoMasks(1));
    await writeAll(join(root, "two"), "coco", demoMasks(1), { overwrite: true });
    for (const folder of ["empty", "bare"]) mkdirSync(join(root, folder));
    writeFileSync(join(root, "bare/x.png"), readFileSync(join(root, "a/masks/scene-0.png")));
    writeFileSync(join(root, "other.json"), "[1]");
    writeFileSync(join(root, "text.zip"), "hello ".repeat(10));
    const at = more.indexOf("--out");
    if (at < 0) more.push("--out", join(root, "out"));
    else more[at + 1] = join(root, more[at + 1]!);
    if (!more.includes("--to")) more.push("--to", "voc");
    const { code, text } = await convert(join(root, path!), ...more);
    expect(code).toBeGreaterThan(0);
    expect(text).toMatch(message);
    expect(existsSync(join(root, "out"))).toBe(false);
  });
});

test("names and classes of a source survive every writer's wishes", async () => {
  const odd = ["a:b", "#hash", "naïve 猫", 'say "hi" & <go>'];
  const folder = await MaskFolder.create(nodeHost, join(root, "a"), odd, { overlays: false });
  const mask = { width: 4, height: 1, data: Uint8Array.of(1, 2, 3, 4) };
  await folder.write("../../etc/x", mask);
  await folder.finish();
  for (const format of ["coco", "labelstudio", "yolo", "ultralytics", "voc"]) {
    const { code } = await convert(join(root, "a"), "--to", format, "--out", join(root, format));
    expect(code).toBe(0);
    const again = await readAll(join(root, format));
    expect([format, again.classes]).toEqual([format, odd]);
    expect([format, [...again.masks.keys()]]).toEqual([format, ["etc/x"]]);
  }
  const { text } = await convert(join(root, "a"), "--to", "cvat", "--out", join(root, "b.zip"));
  expect(text).toContain(
    "in 1 of 1 mask: class names lost their colons or a leading #, which a label map cannot hold",
  );
  expect((await readAll(join(root, "b.zip"))).classes).toEqual(["a-b", "_hash", ...odd.slice(2)]);
});
