import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import type { Image, LabelMap } from "../../../src/method/images/image.ts";
import { readImage, readMask } from "../../../src/host/node/images/codec.ts";
import { MaskFolder } from "../../../src/files/formats/mask-folder.ts";
import { UserError } from "../../../src/user-error.ts";

const labels: LabelMap = { width: 3, height: 2, data: Uint8Array.of(0, 1, 2, 255, 2, 0) };
const image: Image = { width: 3, height: 2, data: new Uint8Array(18).fill(90) };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "masks-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

test("a folder of masks has palette PNGs, overlays and the classes they mean", async () => {
  const out = join(root, "deep", "out");
  const folder = await MaskFolder.create(nodeHost, out, ["cat", "dog"]);
  await folder.write("a", labels, image);
  await folder.write("trip/b", labels);
  await folder.finish();
  expect(files(out)).toEqual(["classes.json", "masks/a.png", "masks/trip/b.png", "overlays/a.jpg"]);
  expect(await readMask(join(out, "masks/a.png"))).toEqual(labels);
  const png = decode(readFileSync(join(out, "masks/a.png")));
  expect(png.palette!.slice(0, 3)).toEqual([
    [0, 0, 0],
    [128, 0, 0],
    [0, 128, 0],
  ]);
  expect(await readImage(join(out, "overlays/a.jpg"))).toMatchObject({ width: 3, height: 2 });
  const written = JSON.parse(readFileSync(join(out, "classes.json"), "utf8")) as unknown;
  expect(written).toMatchObject({
    classes: [
      { index: 0, name: "background", color: "#000000" },
      { index: 1, name: "cat", color: "#800000" },
      { index: 2, name: "dog", color: "#008000" },
    ],
    ignore: { index: 255, color: "#e0e0c0" },
  });
});

test("names that would escape or collide each get a file of their own inside the folder", async () => {
  const out = join(root, "out");
  const folder = await MaskFolder.create(nodeHost, out, ["cat", "dog"], { overlays: false });
  for (const name of ["../../a", "/a", "A", "a-2", "what?", "what*"]) {
    await folder.write(name, labels, image);
  }
  expect(files(root).map((file) => file.replace("out/masks/", ""))).toEqual(
    ["A-3.png", "a-2-2.png", "a-2.png", "a.png", "what_-2.png", "what_.png"].sort(),
  );
});

test("a folder with files is only written to when asked, and then over files of the same name", async () => {
  const out = join(root, "out");
  mkdirSync(out);
  writeFileSync(join(out, "mine.txt"), "mine");
  await expect(MaskFolder.create(nodeHost, out, ["cat"])).rejects.toThrow(
    /out: has 1 file\(s\) already/,
  );
  const folder = await MaskFolder.create(nodeHost, out, ["cat", "dog"], { overwrite: true });
  await folder.write("a", labels);
  await folder.finish();
  const again = await MaskFolder.create(nodeHost, out, ["cat", "dog"], { overwrite: true });
  await again.write("a", labels);
  await again.finish();
  expect(files(out)).toEqual(["classes.json", "masks/a.png", "mine.txt"]);
});

test("where nothing can be written the answer comes at once and nothing is left behind", async () => {
  writeFileSync(join(root, "file"), "");
  const inside = MaskFolder.create(nodeHost, join(root, "file", "out"), ["cat"]);
  await expect(inside).rejects.toThrow(UserError);
  await expect(inside).rejects.toThrow(/file\/out: the folder cannot be created: /);
  // Nobody, root included, can make files here.
  await expect(MaskFolder.create(nodeHost, "/proc/tag2mask", ["cat"])).rejects.toThrow(UserError);
  expect(files(root)).toEqual(["file"]);
});

test("discarding takes back everything that was made, and nothing else", async () => {
  const made = await MaskFolder.create(nodeHost, join(root, "new", "out"), ["cat", "dog"]);
  await made.write("trip/a", labels, image);
  await made.discard();
  expect(existsSync(join(root, "new"))).toBe(false);

  mkdirSync(join(root, "old"));
  writeFileSync(join(root, "old", "mine.txt"), "mine");
  const old = await MaskFolder.create(nodeHost, join(root, "old"), ["cat", "dog"], {
    overwrite: true,
  });
  await old.write("trip/a", labels, image);
  await old.discard();
  expect(readdirSync(join(root, "old"))).toEqual(["mine.txt"]);
});

test("a job that fails leaves the files of an earlier one, which is no longer called complete", async () => {
  const out = join(root, "out");
  const first = await MaskFolder.create(nodeHost, out, ["cat", "dog"]);
  for (const name of ["a", "b"]) await first.write(name, labels, image);
  await first.finish();
  const second = await MaskFolder.create(nodeHost, out, ["cat", "dog"], { overwrite: true });
  expect(files(out)).toContain("classes.json");
  const other = { ...labels, data: new Uint8Array(6) };
  await second.write("a", other, image);
  expect(files(out)).not.toContain("classes.json");
  await second.write("c", other, image);
  // A folder in the way of an overlay: the mask is refused after its path is known.
  rmSync(join(out, "overlays/b.jpg"));
  mkdirSync(join(out, "overlays/b.jpg"));
  await expect(second.write("b", other, image)).rejects.toThrow(UserError);
  await second.discard();
  expect(files(out)).toEqual(["masks/a.png", "masks/b.png", "overlays/a.jpg"]);
});

test("labels that are no class are refused before anything is written", async () => {
  const folder = await MaskFolder.create(nodeHost, join(root, "out"), ["cat"]);
  await expect(folder.write("a", labels)).rejects.toThrow(/a has label 2, but there are 1 classes/);
  await expect(folder.write("a", { ...labels, width: 4 })).rejects.toThrow(/4x2, but has 6 labels/);
  expect(files(root)).toEqual([]);
});

test("thumbnails for a sheet are made with the overlays, and go when the job is left", async () => {
  const out = join(root, "out");
  const folder = await MaskFolder.create(nodeHost, out, ["cat", "dog"], { sheet: true });
  const wide = { width: 600, height: 4, data: new Uint8Array(7200).fill(90) };
  const made = await folder.write("trip/a", { ...wide, data: new Uint8Array(2400) }, wide);
  expect(made.thumbnail).toEqual({
    ...{ file: join(out, "thumbnails/trip/a.jpg"), width: 288, height: 2 },
  });
  expect(await readImage(made.thumbnail!.file)).toMatchObject({ width: 288, height: 2 });
  await folder.abandon();
  expect(files(out)).toEqual(["masks/trip/a.png", "overlays/trip/a.jpg"]);
  expect(existsSync(join(out, "thumbnails"))).toBe(false);
});
