import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { MaskFolder } from "../../../../src/files/formats/mask-folder.ts";
import type { MaskFormat } from "../../../../src/files/formats/formats.ts";
import { makeFolder, Picture } from "../../datasets/folders.ts";

const classes = ["cat", "dog"];

/** A mask of rows of digits, `x` for ignored pixels. */
function mask(...rows: string[]) {
  const data = Uint8Array.from([...rows.join("")].map((c) => (c === "x" ? 255 : Number(c))));
  return { width: rows[0]!.length, height: rows.length, data };
}

async function write(format: MaskFormat, masks: Readonly<Record<string, ReturnType<typeof mask>>>) {
  const root = await makeFolder({ "in/A.PNG": new Picture(), "out/": "" });
  const out = join(root, "out");
  const folder = await MaskFolder.create(nodeHost, out, classes, { format: [format] });
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
    return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
  };
  expect([box(first), box(second)]).toEqual([
    [4, 1, 8, 3],
    [0, 0, 1, 1],
  ]);
});

test("shares have seven digits", async () => {
  const { read } = await write("yolo", { a: mask("010", "000", "000") });
  const numbers = read("labels/a.txt").trim().split(" ").slice(1);
  expect(new Set(numbers)).toEqual(new Set(["0", "0.1666667", "0.3333333", "0.5", "0.6666667"]));
});

test("outlines are simplified where that moves them by less than half a pixel", async () => {
  const [slope, steps] = [mask("1000", "1100", "1110", "1111"), mask("1100", "1100", "1111", "1111")]; // prettier-ignore
  const { read } = await write("yolo", { a: slope, b: steps });
  const count = (name: string) => points(read(`labels/${name}.txt`).trim(), slope).length;
  expect([count("a"), count("b")]).toEqual([6, 8]);
});

test("sizes, descriptions and copies of the images are written, and what is lost is told", async () => {
  const { read, root, out, losses } = await write("yolo", {
    a: mask("1x"),
    "trip/b": mask("0", "0"),
    c: mask("2"),
  });
  expect(read("image-sizes.csv")).toBe("name,width,height\na,2,1\ntrip/b,1,2\nc,1,1\n");
  expect(parse(read("data.yaml"))).toEqual({ train: "images", val: "images", names: { 0: "cat", 1: "dog" } }); // prettier-ignore
  expect(read("data.yaml")).toMatch(/^# train and val are the same images.*\ntrain: /);
  expect(read("labels/trip/b.txt")).toBe("");
  const copy = readFileSync(join(out, "images/a.png"));
  expect(copy.equals(readFileSync(join(root, "in/A.PNG")))).toBe(true);
  expect(losses).toEqual({
    "outlines are polygons within half a pixel": 2,
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
    names: { 0: "background", 1: "cat", 2: "dog" },
  });
  expect(readFileSync(join(out, "images/a.png")).length).toBeGreaterThan(0);
  expect(losses).toEqual({ "images/ lacks the image: its file is not known": 1 });
});
