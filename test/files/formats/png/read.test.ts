import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { vocClasses } from "../../../../src/method/images/classes.ts";
import { LostDetails } from "../../../../src/files/formats/lost-details.ts";
import { ImageFiles } from "../../../../src/files/formats/image-files.ts";
import { paletteFolder, paletteSource, ultralyticsSource } from "../../../../src/files/formats/png/read.ts"; // prettier-ignore
import { readDataYaml } from "../../../../src/files/formats/text-files.ts";
import { makeFolder, Mask } from "../../datasets/folders.ts";

type Files = Readonly<Record<string, string | Mask>>;
const dot = new Mask([1], 1, 1);

async function options(root: string, classes?: readonly string[]) {
  const images = await ImageFiles.find(nodeHost.store, undefined, root);
  const losses = new LostDetails();
  return { images, losses, instances: "regions", ...(classes && { classes }) } as const;
}

async function palette(files: Files, classes?: readonly string[]) {
  const root = await makeFolder(files);
  return { root, ...(await paletteSource(nodeHost, root, await options(root, classes))) };
}

async function semantic(files: Files, classes?: readonly string[]) {
  const root = await makeFolder(files);
  const yaml = (await readDataYaml(nodeHost.store, root))!;
  return { root, ...(await ultralyticsSource(nodeHost, root, yaml, await options(root, classes))) };
}

test("the folder of masks is the first usual one, or the folder itself if PNGs lie there", async () => {
  const found = async (files: Files) => {
    const root = await makeFolder(files);
    return (await paletteFolder(nodeHost.store, root))?.slice(root.length);
  };
  const [voc, augmented] = ["SegmentationClass/a.png", "SegmentationClassAug/a.png"];
  expect(await found({ "masks/a.png": dot, [voc]: dot, [augmented]: dot })).toBe("/masks");
  expect(await found({ [voc]: dot, [augmented]: dot })).toBe("/SegmentationClassAug");
  expect(await found({ [voc]: dot, "b.png": dot })).toBe("/SegmentationClass");
  expect(await found({ masks: "a file", "b.PNG": dot })).toBe("");
  expect(await found({ "b.jpg": "", "deep/a.png": dot })).toBeUndefined();
});

describe("classes of palette masks", () => {
  const own = { "masks/a.png": dot, "classes.txt": "own\n", "data.yaml": "names: [yaml]\n" };
  test.each<[string, Files, string[] | undefined, readonly string[]]>([
    ["are those passed in", own, ["mine"], ["mine"]],
    ["are those beside them", own, undefined, ["own"]],
    ["are those of data.yaml", { "masks/a.png": dot, "data.yaml": "names: [yaml]" }, undefined, ["yaml"]], // prettier-ignore
    ["are those of data.yaml by number", { "masks/a.png": dot, "data.yaml": "names: {3: c, 1: a, 2: b}" }, undefined, ["a", "b", "c"]], // prettier-ignore
    ["leave out background", { "masks/a.png": dot, "data.yaml": "names: [Background, a]" }, undefined, ["a"]], // prettier-ignore
    ["are VOC's in its folder", { "SegmentationClass/a.png": dot }, undefined, vocClasses],
    ["are VOC's where data.yaml names none", { "SegmentationClass/a.png": dot, "data.yaml": "nc: 3" }, undefined, vocClasses], // prettier-ignore
  ])("%s", async (_, files, classes, expected) => {
    expect((await palette(files, classes)).classes).toEqual(expected);
  });

  test("are asked for where nothing names them", async () => {
    await expect(palette({ "masks/a.png": dot })).rejects.toMatchObject({
      code: "unnamed-classes",
      remedies: [{ kind: "option", name: "classes", value: "cat,dog,..." }],
    });
    await expect(palette({ "a.jpg": "" }, ["x"])).rejects.toThrow(/masks\/.*SegmentationClass\//);
    const twice = { "masks/a.png": dot, "data.yaml": "names: [a, A]" };
    await expect(palette(twice)).rejects.toThrow(/data\.yaml: classes 1 and 2/);
  });
});

test("masks are read eight folders deep, with the images of the same names", async () => {
  const deep = "1/2/3/4/5/6/7/8";
  const { entries, root } = await palette(
    {
      [`masks/${deep}/b.png`]: new Mask([2, 255, 0], 3, 1),
      [`masks/${deep}/9/c.png`]: dot,
      "masks/notes.txt": "",
      [`images/${deep}/b.jpg`]: "",
    },
    ["x", "y"],
  );
  expect(entries).toMatchObject([
    { name: `${deep}/b`, where: join(root, `masks/${deep}/b.png`), image: join(root, `images/${deep}/b.jpg`) }, // prettier-ignore
  ]);
  expect([...(await entries[0]!.read()).data]).toEqual([2, 255, 0]);
});

test("class ids are labels with background first, one less without it", async () => {
  const mask = { "masks/a.png": new Mask([0, 1, 253, 254, 255], 5, 1) };
  const read = async (names: string) => {
    const { classes, entries } = await semantic({ ...mask, "data.yaml": `names: ${names}` });
    return [classes, [...(await entries[0]!.read()).data]];
  };
  expect(await read("[Background, a, b]")).toEqual([["a", "b"], [0, 1, 253, 254, 255]]); // prettier-ignore
  expect(await read("[a, b]")).toEqual([["a", "b"], [1, 2, 254, 254, 255]]); // prettier-ignore
  expect(await read("{1: b, 0: a}")).toEqual([["a", "b"], [1, 2, 254, 254, 255]]); // prettier-ignore
});

test("semantic masks may lie in another folder, and have other names", async () => {
  const files = { "m/a.png": dot, "data.yaml": "names: [a]\nmasks_dir: m" };
  const { classes, entries } = await semantic(files, ["x"]);
  expect([classes, entries.map(({ name }) => name)]).toEqual([["x"], ["a"]]);
});

test.each<[string, RegExp]>([
  ["names: {0: a, 2: b}", /data\.yaml: names has no entry for 1$/],
  ["names: {0: background, 2: b}", /data\.yaml: names has no entry for 1$/],
  ["names: {1: b}", /data\.yaml: names has no entry for 0$/],
  ["names: [background]", /data\.yaml: no classes/],
  ["nc: 1", /data\.yaml: has no "names"/],
  ["names: [a]\nmasks_dir: /etc", /data\.yaml: masks_dir is "\/etc"/],
])("semantic masks are refused with %j", async (yaml, message) => {
  await expect(semantic({ "masks/a.png": dot, "data.yaml": yaml })).rejects.toThrow(message);
});
