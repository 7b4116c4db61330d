import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { MaskFolder } from "../../../../src/files/formats/mask-folder.ts";
import type { MaskFormat } from "../../../../src/files/formats/formats.ts";
import { fillPoly } from "../../../method/images/fill-poly.ts";
import { makeFolder, Picture } from "../../datasets/folders.ts";
import { awkwardMasks, classes as sceneClasses, readAll } from "../masks.ts";

const classes = ["cat", "dog"];

/** A mask of rows of digits, `x` for ignored pixels. */
function mask(...rows: string[]) {
  const data = Uint8Array.from([...rows.join("")].map((c) => (c === "x" ? 255 : Number(c))));
  return { width: rows[0]!.length, height: rows.length, data };
}

async function write(
  format: MaskFormat,
  masks: Readonly<Record<string, ReturnType<typeof mask>>>,
  names: readonly string[] = classes,
) {
  const root = await makeFolder({ "in/A.PNG": new Picture(), "out/": "" });
  const out = join(root, "out");
  const folder = await MaskFolder.create(nodeHost, out, names, { format: [format] });
  for (const [name, labels] of Object.entries(masks)) {
    const origin = name === "a" ? { source: join(root, "in/A.PNG") } : {};
    await folder.write(name, labels, undefined, origin);
  }
  await folder.finish();
  const losses = Object.fromEntries(folder.losses().map(({ what, images }) => [what, images]));
  const read = (name: string) => readFileSync(join(out, name), "utf8");
  return { out, root, losses, read };
}

/** The points of an outline in pixels. */
function points(line: string, { width, height }: { width: number; height: number }) {
  const shares = line.split(" ").slice(1).map(Number);
  return shares.flatMap((x, k) => (k % 2 === 0 ? [[x * width, shares[k + 1]! * height]] : []));
}

test("a line for each region has its class from 0 and an outline of it, the larger box first", async () => {
  const labels = mask("10000000", "00002222", "00002222", "00000x00");
  const { read } = await write("yolo", { a: labels });
  const [first, second, ...rest] = read("labels/a.txt").split("\n") as [string, string, string];
  expect(rest).toEqual([""]);
  expect([first[0], second[0]]).toEqual(["1", "0"]);
  const box = (line: string) => {
    const [x, y] = [0, 1].map((k) => points(line, labels).map((point) => point[k]!)) as [number[], number[]]; // prettier-ignore
    return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)].map((v) => Math.round(100 * v) / 100); // prettier-ignore
  };
  // Inset, so that readers that cut off to whole pixels and fill the border take in no pixel more.
  expect([box(first), box(second)]).toEqual([
    [4.05, 1.05, 7.95, 2.95],
    [0.05, 0.05, 0.95, 0.95],
  ]);
});

test("shares have the digits of a hundredth of a pixel", async () => {
  const narrow = mask("010", "000", "000");
  const wide = { width: 2000, height: 1, data: new Uint8Array(2000).fill(1, 1, 2) };
  const { read } = await write("yolo", { a: narrow, b: wide });
  const numbers = (name: string) => read(name).trim().split(" ").slice(1);
  expect(new Set(numbers("labels/a.txt"))).toEqual(new Set(["0.017", "0.35", "0.65", "0.317"]));
  expect(new Set(numbers("labels/b.txt"))).toEqual(new Set(["0.000525", "0.000975", "0.05", "0.95"])); // prettier-ignore
});

/** The masks of label files as Ultralytics and supervision draw them: cut off to whole pixels, borders filled. */
function drawnWithBorders(text: string, { width, height }: { width: number; height: number }) {
  const data = new Uint8Array(width * height);
  for (const line of text.split("\n").filter((one) => one !== "")) {
    const shape = new Uint8Array(width * height);
    fillPoly(points(line, { width, height }).flat(), shape, width);
    shape.forEach((v, i) => v && (data[i] = Number(line.split(" ")[0]) + 1));
  }
  return data;
}

test("readers that fill borders and those that fill centers both get every pixel of every class, holes too", async () => {
  for (const [name, labels] of awkwardMasks()) {
    const known = { ...labels, data: labels.data.map((v) => (v === 255 ? 0 : v)) };
    const { read, out, losses } = await write("yolo", { a: known }, sceneClasses);
    expect(losses).toEqual({});
    expect(drawnWithBorders(read("labels/a.txt"), known), name).toEqual(known.data);
    expect((await readAll(out)).masks.get("a")!.data, name).toEqual(known.data);
  }
});

test("names are a list that Python's YAML 1.1 reads as texts", async () => {
  const root = await makeFolder({ "out/": "" });
  const names = ["no", "2007", "a: b", "on", ...Array.from({ length: 9 }, (_, i) => `c${i}`)];
  const folder = await MaskFolder.create(nodeHost, join(root, "out"), names, { format: ["yolo"] });
  await folder.write("a", mask("1"));
  await folder.finish();
  const text = readFileSync(join(root, "out/data.yaml"), "utf8");
  expect(parse(text, { version: "1.1" })).toEqual({ train: "images", val: "images", names });
  expect((await readAll(join(root, "out"))).classes).toEqual(names);
});

test("sizes, descriptions and copies of the images are written, and what is lost is told", async () => {
  const { read, root, out, losses } = await write("yolo", {
    a: mask("1x"),
    "trip/b": mask("0", "0"),
    c: mask("2"),
  });
  expect(read("image-sizes.csv")).toBe("name,width,height\na,2,1\ntrip/b,1,2\nc,1,1\n");
  expect(parse(read("data.yaml"))).toEqual({ train: "images", val: "images", names: ["cat", "dog"] }); // prettier-ignore
  expect(read("data.yaml")).toMatch(/^# train and val are the same images.*\ntrain: /);
  expect(read("labels/trip/b.txt")).toBe("");
  const copy = readFileSync(join(out, "images/a.png"));
  expect(copy.equals(readFileSync(join(root, "in/A.PNG")))).toBe(true);
  expect(losses).toEqual({
    "ignored pixels became background": 1,
    "images/ lacks the image: its file is not known": 2,
  });
});

test("semantic masks have their images and a description with background first", async () => {
  const { read, out, losses } = await write("ultralytics", { a: mask("1x"), b: mask("0") });
  expect(parse(read("data.yaml"))).toEqual({
    train: "images",
    val: "images",
    masks_dir: "masks",
    names: ["background", "cat", "dog"],
  });
  expect(readFileSync(join(out, "images/a.png")).length).toBeGreaterThan(0);
  expect(losses).toEqual({ "images/ lacks the image: its file is not known": 1 });
});
