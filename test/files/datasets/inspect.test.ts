import { expect, test } from "vitest";
import { formatProblem, inspectDataset, type InspectOptions } from "../../../src/files/datasets/index.ts"; // prettier-ignore
import { nodeHost } from "../../../src/host/node/host.ts";
import { makeFolder, Mask, Picture } from "./folders.ts";

type Files = Parameters<typeof makeFolder>[0];

async function inspect(files: Files, options: InspectOptions = {}) {
  const root = await makeFolder(files);
  const report = await inspectDataset(nodeHost, root, options);
  const told = report.problems.map((one) => `${one.severity} ${formatProblem(one).slice(root.length + 1)}`); // prettier-ignore
  return { ...report, told };
}

const pictures = { "images/a.png": new Picture(8, 6), "images/b.png": new Picture(3, 20) };
const tags = { "tags.csv": "file,tags,split\na.png,cat;dog,train\nb.png,dog,val\n" };

test("the pixels of every label of all masks are counted, of the last class too, but not ignored ones", async () => {
  const report = await inspect({
    ...pictures,
    ...tags,
    "masks/a.png": new Mask([0, 1, 2, 255], 8, 6),
    "masks/b.png": new Mask([2, 2, 0], 3, 20),
  });
  expect(report.told).toEqual([]);
  expect(report.maskPixels).toEqual([12 + 20, 12, 12 + 40]);
  expect(report).toMatchObject({
    sides: [3, 20],
    trainable: true,
    heldOut: false,
    classes: ["cat", "dog"],
    format: "plain",
  });
  expect("obstacle" in report).toBe(false);
});

test("a mask that shows more than the tags say is told, class by class, and one of another size not looked at", async () => {
  const report = await inspect({
    ...pictures,
    "tags.csv": "file,tags,split\na.png,cat,train\nb.png,dog;cow,train\n",
    "masks/a.png": new Mask([1, 2, 3], 8, 6),
    "masks/b.png": new Mask([1], 3, 21),
  });
  expect(report.told).toHaveLength(2);
  expect(report.told[0]).toMatch(/^error masks\/b\.png: mask is 3x21, /);
  expect(report.told[1]).toMatch(/^warning masks\/a\.png: .*"cow", "dog"/);
  expect(report.maskPixels).toEqual([0, 16, 16, 16]);
  expect([report.trainable, report.obstacle]).toEqual([false, "1 error"]);
});

test("masks are named in the order of the images, whichever is decoded first", async () => {
  const root = await makeFolder({
    ...{ ...pictures, ...tags, "masks/a.png": new Mask([255], 8, 6) },
    "masks/b.png": new Mask([255], 3, 20),
  });
  let decoded: () => void;
  const second = new Promise<void>((resolve) => (decoded = resolve));
  const decodeLabels = async (file: string) => {
    if (file.endsWith("a.png")) await second;
    const labels = await nodeHost.codec.decodeLabels(file);
    if (file.endsWith("b.png")) decoded();
    return labels;
  };
  const host = { ...nodeHost, codec: { ...nodeHost.codec, decodeLabels } };
  const { problems } = await inspectDataset(host, root);
  expect(problems.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/^2 of 2 masks have no labeled pixel, .*: a, b$/),
  );
});

test("nothing is decoded if not wanted", async () => {
  const steps: string[] = [];
  const onProgress = (done: number, total: number, what: string): void =>
    void steps.push(`${what} ${done}/${total}`);
  const files = { ...pictures, ...tags, "masks/a.png": new Mask([3], 8, 6) };
  const quick = await inspect(files, { decode: false, onProgress });
  expect([quick.told, quick.maskPixels]).toEqual([[], [0, 0, 0]]);
  expect(steps).toEqual(["headers 1/2", "headers 2/2"]);
  const whole = await inspect(files, { onProgress });
  expect(whole.told).toEqual([expect.stringMatching(/^error masks\/a\.png: .*\b3 at x 0, y 0/)]);
  expect(steps.slice(4)).toEqual(["images 1/2", "images 2/2"]);
});

test("broken pixels are a warning, or an error if strict", async () => {
  const noise = await makeNoise();
  const files = { ...pictures, ...tags, "images/a.png": noise.subarray(0, noise.length / 2) };
  const warned = await inspect(files);
  expect(warned.told).toEqual([expect.stringMatching(/^warning images\/a\.png: /)]);
  expect(warned.trainable).toBe(true);
  const strict = await inspect(files, { strict: true });
  expect(strict.told).toEqual([expect.stringMatching(/^error images\/a\.png: /)]);
  expect(strict.obstacle).toBe("1 error");
});

async function makeNoise(): Promise<Uint8Array> {
  const data = Uint8Array.from({ length: 3 * 64 * 64 }, (_, i) => (i * i * 7919) >> 5);
  return nodeHost.codec.encode({ width: 64, height: 64, data }, "png");
}

test.each<[string, Files, string | RegExp]>([
  ["two errors", { ...pictures, "tags.csv": "file,tags\na.png\nb.png\n" }, "2 errors"],
  ["no image", { "images/": "", "tags.csv": "file,tags\n" }, /"train"/],
  ["no class", { ...pictures, "tags.csv": "file,tags\na.png,\nb.png,\n" }, /^no image has a tag/],
  ["no training image", { ...pictures, "tags.csv": "file,tags,split\na.png,x,val\n" }, /^no images in the split "train"/], // prettier-ignore
])("a data set with %s is not trainable", async (_, files, obstacle) => {
  const report = await inspect(files);
  expect(report.trainable).toBe(false);
  expect(report.obstacle).toEqual(typeof obstacle === "string" ? obstacle : expect.stringMatching(obstacle)); // prettier-ignore
});

test("sides are 0 where no image is readable", async () => {
  const { sides } = await inspect({ "images/a.png": "x", "tags.csv": "file,tags\na.png,x\n" });
  expect(sides).toEqual([0, 0]);
});

test("images are held out by a fifth and by seed if nothing else is said", async () => {
  const many = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`cat/${i}.png`, new Picture()])); // prettier-ignore
  const count = async (options: InspectOptions) => {
    const { counts, heldOut } = await inspect(many, { decode: false, ...options });
    return [counts.splits["val"]!.images, heldOut];
  };
  expect(await count({})).toEqual([2, true]);
  expect(await count({ valFraction: 0.5 })).toEqual([5, true]);
});
