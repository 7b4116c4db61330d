import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import type { Image } from "../../src/method/images/image.ts";
import { writeMasks } from "../../src/jobs/masks.ts";
import { runJob } from "../../src/cli/interrupt.ts";
import { maskLines } from "../../src/cli/mask-lines.ts";
import { Output } from "../../src/cli/output.ts";
import { writeImage } from "../../src/host/node/images/codec.ts";
import { MaskFolder, type MaskFolderOptions } from "../../src/files/formats/mask-folder.ts";
import { readAll } from "../files/formats/masks.ts";
import { temporaryFolder } from "./scenes.ts";

const base = temporaryFolder();
let root: string;
let count = 0;
beforeEach(() => {
  root = join(base, String(count++));
  mkdirSync(root);
});

const sure: Readonly<Record<string, number>> = { a: 0.9, "=b, c": 0.25, d: 0.5 };

/** Labels three images, as the command does. */
async function label(out: string, options: MaskFolderOptions): Promise<string> {
  const items = Object.keys(sure).map((name) => ({ name, file: join(root, `${name}.png`) }));
  for (const { file } of items) {
    await writeImage(file, { width: 6, height: 4, data: new Uint8Array(72).fill(90) });
  }
  let text = "";
  const stream = { write: (more: string) => (text += more) };
  const terminal = { stdout: stream, stderr: stream, color: false, now: () => 0 };
  const folder = await MaskFolder.create(nodeHost, out, ["cat", "dog"], options);
  const make = async ({ width, height }: Image, { name }: { name: string }) => {
    const data = new Uint8Array(width * height).fill(1, 3, 9).fill(255, 9, 11);
    return { width, height, data, classes: ["cat", "dog"], tags: [0, 1], confidence: sure[name]! };
  };
  const task = { items, folder, segment: make, strict: false };
  const lines = maskLines(new Output(terminal, false, "label"));
  await runJob(() => writeMasks(nodeHost, task), lines);
  return text;
}

test("among masks that lack a tag the least sure come first, in a table and on a page", async () => {
  const out = join(root, "out");
  const said = await label(out, { sheet: true });
  expect(readFileSync(join(out, "confidence.csv"), "utf8")).toBe(
    'name,confidence,tags,missing\n"\'=b, c",0.2500,cat;dog,dog\nd,0.5000,cat;dog,dog\na,0.9000,cat;dog,dog\n',
  );
  const page = readFileSync(join(out, "contact-sheet.html"), "utf8");
  expect(page.indexOf("=b, c")).toBeLessThan(page.indexOf(">d<"));
  expect(page).toContain("no pixel of dog");
  expect(said).toContain("3 of 3 masks without a pixel of one of their tags: =b, c, d, a");
  expect(said).toContain(`least sure first: ${join(out, "contact-sheet.html")}`);
  expect(readdirSync(out).sort()).toEqual(["classes.json", "confidence.csv", "contact-sheet.html", "masks", "overlays", "thumbnails"]); // prettier-ignore
});

test("without a sheet there is none, and formats without PNGs show their overlays", async () => {
  const plain = join(root, "plain");
  await label(plain, { sheet: false });
  expect(existsSync(join(plain, "contact-sheet.html"))).toBe(false);
  const coco = join(root, "coco");
  await label(coco, { sheet: true, format: ["coco"] });
  expect(readdirSync(coco).sort()).toEqual(["classes.json", "confidence.csv", "contact-sheet.html", "instances.json", "overlays", "thumbnails"]); // prettier-ignore
  const bare = join(root, "bare");
  await label(bare, { sheet: true, format: ["coco"], overlays: false });
  expect(readdirSync(bare).sort()).toEqual(["classes.json", "confidence.csv", "instances.json"]);
});

test("in several formats each has its folder, the images' names, and Label Studio the confidence", async () => {
  const out = join(root, "out");
  const said = await label(out, { format: ["labelstudio", "yolo", "voc"] });
  expect(said).toContain("in 3 of 3 masks: ignored pixels became background");
  expect(readdirSync(out).sort()).toEqual(["classes.json", "confidence.csv", "labelstudio", "overlays", "voc", "yolo"]); // prettier-ignore
  const tasks = JSON.parse(readFileSync(join(out, "labelstudio/labelstudio.json"), "utf8")) as {
    data: { image: string };
    predictions: { score: number }[];
  }[];
  expect(tasks.map(({ data, predictions }) => [data.image, predictions[0]!.score])).toEqual([
    ["/data/local-files/?d=a.png", 0.9],
    ["/data/local-files/?d=%3Db%2C%20c.png", 0.25],
    ["/data/local-files/?d=d.png", 0.5],
  ]);
  expect(readdirSync(join(out, "yolo/images"))).toEqual(["=b, c.png", "a.png", "d.png"]);
  const { masks } = await readAll(join(out, "labelstudio"));
  expect(masks).toEqual((await readAll(join(out, "voc"))).masks);
});

test("one file has its own files beside it, and none that is there is written over", async () => {
  writeFileSync(join(root, "x.xml"), "mine");
  const options = { format: ["labelstudio"] } as const;
  await expect(label(join(root, "x.json"), options)).rejects.toThrow(/x\.xml: exists already/);
  await label(join(root, "y.json"), options);
  const own = readdirSync(root).filter((name) => name.startsWith("y."));
  expect(own.sort()).toEqual(["y.classes.json", "y.confidence.csv", "y.json", "y.xml"]);
  expect(readFileSync(join(root, "x.xml"), "utf8")).toBe("mine");
});

test("a job that fails leaves nothing of any format", async () => {
  const out = join(root, "out");
  const formats = ["voc", "coco", "labelstudio", "cvat", "yolo", "ultralytics"] as const;
  const folder = await MaskFolder.create(nodeHost, out, ["cat"], { format: formats });
  await folder.write("trip/a", { width: 2, height: 1, data: Uint8Array.of(1, 255) });
  await folder.discard();
  expect(existsSync(out)).toBe(false);
});
