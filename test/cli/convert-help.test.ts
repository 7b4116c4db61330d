import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeFolder, Mask, Picture } from "../files/datasets/folders.ts";
import { convertToRows, runCommand } from "./run-command.ts";
import { temporaryFolder } from "./scenes.ts";

const base = temporaryFolder();
let count = 0;
const out = (): string => join(base, String(count++));
const masks = {
  "m/masks/a.png": new Mask([1], 4, 2),
  "m/masks/b.png": new Mask([1], 4, 2),
  "m/classes.txt": "cat\n",
};
const toCoco = (root: string, ...args: string[]): ReturnType<typeof runCommand> =>
  runCommand("convert", join(root, "m"), "--to", "coco", "--out", `${out()}.json`, ...args);

describe("convert --images", () => {
  test("of a folder with none of the images is refused with its name and an image", async () => {
    const root = await makeFolder({ ...masks, "empty/": "" });
    const images = join(root, "empty");
    const { code, text } = await toCoco(root, "--images", images);
    expect([code, text]).toEqual([
      1,
      expect.stringContaining(`none of the 2 images is in ${images}, `),
    ]);
    expect(text).toMatch(/not even the first, a; give another --images/);
  });

  test("of a folder that lacks some tells how many and the first", async () => {
    const root = await makeFolder({ ...masks, "photos/a.png": new Picture(4, 2) });
    const { code, text } = await toCoco(root, "--images", join(root, "photos"));
    expect(code).toBe(0);
    expect(text).toContain(`${join(root, "photos")}: lacks 1 of the 2 images, the first is b`);
    expect(text).toMatch(/assumed to end in \.jpg$/m);
  });

  test("is named where it would keep something from being lost", async () => {
    const { text } = await toCoco(await makeFolder(masks));
    expect(text).toMatch(/assumed to end in \.jpg; give --images <folder>$/m);
  });
});

test("binary masks without a class name are refused as such, with --binary", async () => {
  const root = await makeFolder({ "a.png": new Mask([0, 255], 4, 2) });
  const { code, text } = await runCommand("convert", root, "--to", "coco", "--out", out());
  expect(code).toBe(1);
  expect(text).toMatch(/only the values 0 and 255, like binary masks/);
  expect(text).toContain("--binary --classes <one name>");
});

test("the classes.txt beside a folder of masks names their classes, that beside its parent does not", async () => {
  const root = await makeFolder(masks);
  const found = await convertToRows(join(root, "m/masks"), out());
  expect(found).toMatchObject({ code: 0, masks: { a: ["1111", "1111"], b: ["1111", "1111"] } });
  const outer = await makeFolder({ ...masks, "classes.txt": "dog\n" });
  rmSync(join(outer, "m/classes.txt"));
  const refused = await convertToRows(join(outer, "m"), out());
  expect(refused.text).toMatch(/class names of its masks are unknown/);
});
