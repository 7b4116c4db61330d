import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { pairMasks, scorePairs, type PairScores } from "../../src/jobs/score-masks.ts";
import { readClassNames } from "../../src/files/formats/class-names.ts";
import { writeMask } from "../../src/host/node/images/codec.ts";
import { MaskFolder } from "../../src/files/formats/mask-folder.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mask-folders-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

async function put(file: string, ...data: number[]): Promise<void> {
  const labels = { width: data.length, height: 1, data: Uint8Array.from(data) };
  await writeMask(join(root, file), labels, { durable: false });
}

async function score(
  options?: Parameters<typeof pairMasks>[3],
): Promise<PairScores & Awaited<ReturnType<typeof pairMasks>>> {
  const found = await pairMasks(nodeHost, join(root, "masks"), join(root, "truth"), options);
  const run = scorePairs(nodeHost, found);
  let next = await run.next();
  while (!next.done) next = await run.next();
  return { ...found, ...next.value };
}

test("masks are matched by name, counted class by class, and those alone are told", async () => {
  await put("masks/a.png", 0, 1, 1, 0);
  await put("truth/a.png", 0, 1, 1, 1);
  await put("masks/deep/b.png", 2, 2, 0, 0);
  await put("truth/deep/b.png", 2, 2, 0, 255);
  await put("masks/only-here.png", 0);
  await put("truth/only-there.png", 0);
  const { matrix, classes, masks, unpredicted, untrue } = await score();
  expect(matrix.iou()).toEqual([2 / 3, 2 / 3, 1]);
  expect([classes, masks]).toEqual([["class 1", "class 2"], 2]);
  expect([unpredicted, untrue]).toEqual([["only-there"], ["only-here"]]);
});

test("pairs that cannot be compared are left out and named with what is wrong", async () => {
  await put("masks/good.png", 0, 1);
  await put("truth/good.png", 0, 1);
  await put("masks/size.png", 0, 1, 1);
  await put("truth/size.png", 0, 1);
  await put("masks/label.png", 0, 1);
  await put("truth/label.png", 0, 7);
  await put("masks/ignore.png", 255, 255);
  await put("truth/ignore.png", 255, 1);
  await put("masks/broken.png", 0);
  await put("truth/broken.png", 0);
  writeFileSync(join(root, "masks/broken.png"), "no PNG");
  writeFileSync(join(root, "names.txt"), "background\ncat\n");
  const { matrix, classes, masks, skipped } = await score({ classes: join(root, "names.txt") });
  expect([matrix.meanIou(), classes, masks]).toEqual([1, ["cat"], 1]);
  const sorted = [...skipped].sort().map((text) => text.replaceAll(`${root}/`, ""));
  expect(sorted).toEqual([
    "masks/broken.png: not a PNG; masks must be PNG files of class indices",
    "masks/ignore.png: has label 255 at x 1, y 0, where the truth is 1; predictions are 0 to 1",
    "masks/size.png: is 3x1, truth/size.png is 2x1; they must have one size",
    "truth/label.png: mask has label 7 at x 1, y 0, but there are 1 classes; labels are 0 (background), 1 to 1 and 255 (ignore)",
  ]);
});

test("a folder that tag2mask wrote is understood, its classes among it; others must agree", async () => {
  const folder = await MaskFolder.create(nodeHost, join(root, "masks"), ["cat", "dog"]);
  await folder.write("a", { width: 2, height: 1, data: Uint8Array.of(0, 1) });
  await folder.finish();
  await put("truth/a.png", 0, 1);
  const { classes, matrix } = await score();
  expect([classes, matrix.numClasses]).toEqual([["cat", "dog"], 3]);
  writeFileSync(join(root, "truth/classes.json"), '["dog", "cat"]');
  await expect(score()).rejects.toThrow(/classes are dog, cat; .* has 2: cat, dog; .* must agree/);
});

test("names of classes lie above the folders of several formats, and in a data set's classes.txt", async () => {
  for (const name of ["all/voc/masks/a.png", "data/masks/a.png"]) await put(name, 0, 1);
  const paths = [join(root, "all/voc"), join(root, "data/masks")] as const;
  expect((await pairMasks(nodeHost, ...paths)).classes).toBeUndefined();
  writeFileSync(join(root, "data/classes.txt"), "cat\ndog\n");
  expect((await pairMasks(nodeHost, ...paths)).classes).toEqual(["cat", "dog"]);
  writeFileSync(join(root, "all/classes.json"), '["cat", "cow"]');
  await expect(pairMasks(nodeHost, ...paths)).rejects.toThrow(/must agree/);
});

test("of a list every name must be there, and nothing else is counted", async () => {
  for (const name of ["a", "b"]) {
    await put(`masks/${name}.png`, 0);
    await put(`truth/${name}.png`, 0);
  }
  const { masks, unpredicted, untrue } = await score({ names: ["b"] });
  expect([masks, unpredicted, untrue]).toEqual([1, [], []]);
  await expect(score({ names: ["b", "c"] })).rejects.toThrow(/masks: has no mask of c, which the/);
});

test("folders without a common name are refused with an example of both", async () => {
  await put("masks/a_pred.png", 0);
  await put("truth/a.png", 0);
  await expect(score()).rejects.toThrow(
    /no mask is called like one in .* \(1 against 1\): a_pred\.png against a\.png/,
  );
  mkdirSync(join(root, "empty"));
  await expect(pairMasks(nodeHost, join(root, "empty"), join(root, "truth"))).rejects.toThrow(
    /no PNG files/,
  );
  await expect(pairMasks(nodeHost, join(root, "nowhere"), root)).rejects.toThrow(
    /nowhere: no such folder/,
  );
});

test.each([
  ["[1, 2]", /expected a list of class names/],
  [
    '{"classes": [{"index": 0, "name": "background"}, {"index": 2, "name": "cat"}]}',
    /index 2, expected 1/,
  ],
  ['{"classes": ', /not readable as JSON/],
  ["", /no classes/],
  ["cat\nCat", /are both/],
  [" ".repeat(1_000_001), /has 1000001 bytes/],
])("class names that are none are refused: %s", async (text, message) => {
  const file = join(root, "classes");
  writeFileSync(file, text);
  await expect(readClassNames(nodeHost.store, file)).rejects.toThrow(message);
});

test("the classes given are matched by name with those beside masks in another order, which is told", async () => {
  await put("masks/a.png", 0, 1, 2, 2);
  await put("truth/a.png", 0, 2, 1, 1);
  writeFileSync(join(root, "masks/classes.json"), '["dog", "cat"]');
  const { classes, matrix, notes } = await score({ classes: "cat,dog" });
  expect([classes, matrix.iou()]).toEqual([
    ["cat", "dog"],
    [1, 1, 1],
  ]);
  expect(notes).toEqual([
    expect.stringMatching(/masks\/classes\.json: classes matched by name, .*dog 1 → 2, cat 2 → 1$/),
  ]);
});

test("names that differ are refused with both lists and the command that renumbers, given or not", async () => {
  await put("masks/a.png", 0, 1);
  await put("truth/a.png", 0, 1);
  writeFileSync(join(root, "masks/classes.json"), '["dog", "cow"]');
  const remedy = (classes: string): unknown => ({
    remedies: [
      expect.objectContaining({
        ...{ kind: "job", name: "convert", argument: join(root, "masks") },
        options: { to: "voc", classes, out: join(root, "masks-renumbered") },
      }),
    ],
  });
  const given = score({ classes: "cat,dog" });
  await expect(given).rejects.toThrow(/2 classes are cat, dog; .* has 2: dog, cow;/);
  await expect(given).rejects.toMatchObject(remedy("cat,dog") as object);
  writeFileSync(join(root, "truth/classes.json"), '["cow", "dog"]');
  await expect(score()).rejects.toMatchObject(remedy("cow,dog") as object);
});
