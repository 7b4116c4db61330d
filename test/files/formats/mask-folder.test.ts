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
import { maskFormats, type MaskFormat } from "../../../src/files/formats/formats.ts";
import { unexplained } from "../../../src/files/formats/lost-details.ts";
import { MaskFolder, type MaskFolderOptions } from "../../../src/files/formats/mask-folder.ts";
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

test("images and tasks have the numbers that they have in the job, and are counted where they have none", async () => {
  const numbers = async (path: string, origins: readonly { index?: number }[]) => {
    const options = { format: ["coco", "labelstudio"], overlays: false } as const;
    const folder = await MaskFolder.create(nodeHost, path, ["cat", "dog"], options);
    for (const [i, origin] of origins.entries()) {
      await folder.write(`image-${i}`, labels, undefined, origin);
    }
    await folder.finish();
    const read = (file: string): unknown => JSON.parse(readFileSync(join(path, file), "utf8"));
    const { images, annotations } = read("coco/instances.json") as {
      images: { id: number }[];
      annotations: { id: number; image_id: number }[];
    };
    const tasks = read("labelstudio/labelstudio.json") as { predictions: { result: { id: string }[] }[] }[]; // prettier-ignore
    const of = new Set(annotations.map(({ image_id: id }) => id));
    expect(annotations.map(({ id }) => id)).toEqual(annotations.map((_, i) => i + 1));
    expect([...of]).toEqual(images.map(({ id }) => id));
    const ids = tasks.map(({ predictions: [one] }) => Number(one!.result[0]!.id.split("-")[0]));
    expect(ids).toEqual([...of]);
    return ids;
  };
  expect(await numbers(join(root, "a"), [{ index: 1 }, { index: 4 }])).toEqual([2, 5]);
  expect(await numbers(join(root, "b"), [{}, {}])).toEqual([1, 2]);
});

test("a folder with files is only written to when asked, and then over files of the same name", async () => {
  const out = join(root, "out");
  mkdirSync(out);
  writeFileSync(join(out, "mine.txt"), "mine");
  await expect(MaskFolder.create(nodeHost, out, ["cat"])).rejects.toThrow(
    /out: has 1 file or folder already/,
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

const twoByOne = { width: 2, height: 1, data: Uint8Array.of(0, 1) };

test("several formats have a folder each, a single one has the folder itself", async () => {
  const several = join(root, "several");
  const folder = await MaskFolder.create(nodeHost, several, ["cat"], {
    format: ["coco", "voc"],
    sheet: true,
  });
  expect(folder.wantsSheet).toBe(true);
  expect(await folder.write("a", twoByOne)).toEqual({
    name: "a",
    mask: join(several, "voc/masks/a.png"),
  });
  expect(await folder.finish()).toBe(join(several, "classes.json"));
  expect(files(several)).toEqual(["classes.json", "coco/instances.json", "voc/masks/a.png"]);
  const single = await MaskFolder.create(nodeHost, join(root, "single"), ["cat"], { format: ["coco"] }); // prettier-ignore
  expect(await single.write("a", twoByOne)).toEqual({ name: "a" });
  await single.finish();
  expect(files(join(root, "single"))).toEqual(["classes.json", "instances.json"]);
  expect([single.wantsSheet, single.besides("x.csv")]).toEqual([false, join(root, "single/x.csv")]);
});

test("a format that is one file may be written beside others, with its name before those of its companions", async () => {
  writeFileSync(join(root, "other.json"), "");
  const path = join(root, "m.JSON");
  const options = { format: ["labelstudio"], sheet: true } as const;
  const folder = await MaskFolder.create(nodeHost, path, ["cat"], options);
  expect([folder.wantsSheet, folder.besides("x.csv")]).toEqual([false, join(root, "m.x.csv")]);
  const pixels = { width: 2, height: 1, data: new Uint8Array(6) };
  expect(await folder.write("a", twoByOne, pixels)).toEqual({ name: "a" });
  await folder.finish();
  expect(files(root)).toEqual(["m.JSON", "m.classes.json", "m.xml", "other.json"]);
  await expect(MaskFolder.create(nodeHost, path, ["cat"], options)).rejects.toMatchObject({
    message: expect.stringMatching(/m\.(JSON|xml|classes\.json): exists already/) as string,
    code: "already-exists",
    remedies: [{ kind: "option", name: "overwrite" }],
  });
  await MaskFolder.create(nodeHost, path, ["cat"], { ...options, overwrite: true });
});

test.each(["m.json", "m.classes.json", "m.confidence.csv", "m.xml"])(
  "a file is not written where %s is in the way",
  async (name) => {
    writeFileSync(join(root, name), "");
    const create = (file: string) => MaskFolder.create(nodeHost, join(root, file), ["cat"], { format: ["coco"] }); // prettier-ignore
    await expect(create("m.json")).rejects.toThrow(`${join(root, name)}: exists already`);
    await (await create("n.json")).discard();
    expect(files(root)).toEqual([name]);
  },
);

test.each<[string, MaskFormat[]]>([
  ["m.zip", ["coco"]],
  ["m.json", ["cvat"]],
  ["m.json", ["voc"]],
  ["m.json", ["coco", "labelstudio"]],
])("%s is not a file of %j", async (name, format) => {
  const creating = MaskFolder.create(nodeHost, join(root, name), ["cat"], { format });
  await expect(creating).rejects.toThrow(UserError);
  await expect(creating).rejects.toThrow(`${name}: ${format.join(" and ")} cannot`);
  expect(files(root)).toEqual([]);
});

test("other tools know an image by its own name, its file's ending or .jpg, and no two by one", async () => {
  const out = join(root, "out");
  const folder = await MaskFolder.create(nodeHost, out, ["cat"], { format: ["coco"] });
  const origins = [
    ["a", { source: "/x/b.PNG" }],
    ["a", { source: "/x/c.png" }],
    ["trip/b", { fileName: "trip/b.webp", source: "/x/b.png" }],
    ["c", {}],
    ["d", { fileName: "../A.png" }],
    ["e", { fileName: "C" }],
  ] as const;
  for (const [name, origin] of origins) await folder.write(name, twoByOne, undefined, origin);
  await folder.finish();
  const { images } = JSON.parse(readFileSync(join(out, "instances.json"), "utf8")) as {
    images: { file_name: string }[];
  };
  expect(images.map((one) => one.file_name)).toEqual(["a.PNG", "a-2.png", "trip/b.webp", "c.jpg", "d.png", "C"]); // prettier-ignore
  expect(folder.losses()).toEqual([{ what: expect.stringContaining(".jpg") as string, images: 2 }]);
});

test("names are assumed only in formats that store them", async () => {
  const losses = async (format: MaskFormat) => {
    const folder = await MaskFolder.create(nodeHost, join(root, format), ["cat"], { format: [format] }); // prettier-ignore
    await folder.write("a", twoByOne);
    await folder.discard();
    return folder.losses().length;
  };
  expect([await losses("voc"), await losses("coco"), await losses("labelstudio")]).toEqual([0, 1, 1]); // prettier-ignore
});

test.each(maskFormats)("a job in %s that is left has no unfinished files", async (format) => {
  const write = async () => {
    const out = join(root, "new");
    const folder = await MaskFolder.create(nodeHost, out, ["cat"], { format: [format] });
    await folder.write("a", twoByOne);
    return folder;
  };
  await (await write()).discard();
  expect(files(root)).toEqual([]);
  expect(existsSync(join(root, "new"))).toBe(false);
  await (await write()).abandon();
  const complete = { voc: ["masks/a.png"], ultralytics: ["masks/a.png"], yolo: ["labels/a.txt"] };
  expect(files(join(root, "new"))).toEqual(complete[format as keyof typeof complete] ?? []);
});

test("labels go up to the number of classes, apart from ignored pixels", async () => {
  const folder = await MaskFolder.create(nodeHost, join(root, "out"), ["cat", "dog"]);
  const write = (...data: number[]) =>
    folder.write("a", { width: data.length, height: 1, data: Uint8Array.from(data) });
  await write(0, 1, 2, 255);
  await expect(write(0, 0, 3)).rejects.toThrow(/label 3, .* 2 classes/);
  await expect(write(254)).rejects.toThrow(/label 254/);
  await folder.discard();
});

test("overlays and thumbnails are written where they are wanted", async () => {
  const pixels = { width: 2, height: 1, data: new Uint8Array(6) };
  const written = async (name: string, options: MaskFolderOptions) => {
    const out = join(root, name);
    const folder = await MaskFolder.create(nodeHost, out, ["cat"], options);
    await folder.write("a", twoByOne, pixels);
    return files(out);
  };
  expect(await written("1", {})).toEqual(["masks/a.png", "overlays/a.jpg"]);
  expect(await written("2", { overlays: false, sheet: true })).toEqual([
    "masks/a.png",
    "thumbnails/a.jpg",
  ]);
  expect(await written("3", { sheet: true })).toEqual(["masks/a.png", "overlays/a.jpg", "thumbnails/a.jpg"]); // prettier-ignore
});

test.each(
  (["coco", "labelstudio", "yolo"] as const).flatMap((format) => [
    [format, "regions"] as const,
    [format, "classes"] as const,
  ]),
)(
  "the ledger of %s by %s balances: every object of a mask is entered when it is written",
  async (format, instances) => {
    const write = async (formats: readonly MaskFormat[]) => {
      const out = join(root, formats.join("-"));
      const folder = await MaskFolder.create(nodeHost, out, ["cat", "dog"], { format: formats, instances, overlays: false }); // prettier-ignore
      await folder.write("a", labels);
      await folder.write("empty", { width: 1, height: 1, data: Uint8Array.of(0) });
      await folder.finish();
      return folder.losses().map(({ what }) => what);
    };
    expect(await write([format])).not.toContain(unexplained);
    expect(await write([format, "voc", "coco", "yolo"].filter((name, i, all) => all.indexOf(name) === i) as MaskFormat[])).not.toContain(unexplained); // prettier-ignore
  },
);
