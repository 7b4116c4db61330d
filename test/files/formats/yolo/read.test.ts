import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { LostDetails } from "../../../../src/files/formats/lost-details.ts";
import type { BoxRule } from "../../../../src/files/formats/boxes.ts";
import { ImageFiles } from "../../../../src/files/formats/image-files.ts";
import { readDataYaml } from "../../../../src/files/formats/text-files.ts";
import { labelFolders } from "../../../../src/files/formats/yolo/label-files.ts";
import { yoloSource } from "../../../../src/files/formats/yolo/read.ts";
import { UserError } from "../../../../src/user-error.ts";
import { makeFolder, Picture } from "../../datasets/folders.ts";

type Files = Readonly<Record<string, string | Picture>>;
const yaml = { "data.yaml": "names: [cat, dog]" };
const sizes = { "image-sizes.csv": "name,width,height\na,4,2\n" };
const left = "0 0 0 0.5 0 0.5 1 0 1";

async function open(files: Files, classes?: readonly string[], boxes?: BoxRule) {
  const root = await makeFolder(files);
  const images = await ImageFiles.find(nodeHost.store, undefined, root);
  const losses = new LostDetails();
  const options = { images, losses, instances: "regions", ...(classes && { classes }), ...(boxes && { boxes }) } as const; // prettier-ignore
  const description = (await readDataYaml(nodeHost.store, root)) ?? { path: root };
  return { root, losses, ...(await yoloSource(nodeHost, root, description, options)) };
}

async function labels(text: string, more: Files = sizes): Promise<string> {
  const { entries } = await open({ ...yaml, "labels/a.txt": text, ...more });
  return [...(await entries[0]!.read()).data].join("");
}

test("labels lie in labels/, or else in that of each split", async () => {
  const found = async (files: Files) => labelFolders(nodeHost.store, await makeFolder(files));
  expect(await found({ "labels/": "", "train/labels/": "" })).toEqual(["labels"]);
  expect(await found({ "train/labels/": "", "val/labels/": "", "test/": "" })).toEqual([
    "train/labels",
    "val/labels",
  ]);
  expect(await found({ labels: "a file", "train/labels": "a file" })).toEqual([]);
});

test("an outline is its class from 0 and shares of width and height", async () => {
  expect(await labels(left)).toBe("11001100");
  expect(await labels(`\r\n 1 0.25 0.5 1 0.5 1 1 0.25 1 \r\n\n`)).toBe("00000222");
  expect(await labels(`${left}\n1 0 0 0.25 0 0.25 1 0 1\n`)).toBe("21002100");
  expect(await labels("")).toBe("00000000");
});

describe("a line is refused for", () => {
  test.each<[string, string, RegExp]>([
    ["a class below 0", `${left}\n\n-1 0 0 1 0 1 1`, /a\.txt:3: class -1; expected 0 to 1, .* 2 /],
    ["a class too many", "2 0 0 1 0 1 1", /a\.txt:1: class 2; /],
    ["half a class", "0.5 0 0 1 0 1 1", /a\.txt:1: class 0\.5; /],
    [
      "pixels",
      `${left}\n1 1 1 3 1 3 2`,
      /a\.txt:2: has the coordinate 3; expected shares .* look like pixels: divide/,
    ],
    ["the box of a detection in pixels", "1 2 1 3 1", /a\.txt:1: has the coordinate 2; /],
    ["coordinates far to the left", "1 -0.6 0 1 0 1 1", /a\.txt:1: has the coordinate -0\.6; /],
    ["five numbers", "1 0 0 1 0 1", /a\.txt:1: 5 coordinates/],
  ])("%s", async (_, text, message) => {
    await expect(labels(text)).rejects.toThrow(UserError);
    await expect(labels(text)).rejects.toThrow(message);
  });
});

test("an outline a little outside of the image is cut at its edge", async () => {
  expect(await labels("1 -0.02 -0.4 0.5 -0.4 0.5 1.1 -0.02 1.1")).toBe("22002200");
});

describe("the box of a detection label, with its center, width and height", () => {
  const read = async (boxes?: BoxRule) => {
    const text = "1 0.5 0.25 0.5 0.5\n0 0 0 0.5 0 0.5 0.5 0 0.5";
    const { entries, losses } = await open({ ...yaml, "labels/a.txt": text, ...sizes }, undefined, boxes); // prettier-ignore
    const row = [...(await entries[0]!.read()).data].map((label) => (label === 255 ? "x" : label));
    return { row: row.join(""), told: losses.list().map(({ what, objects }) => [what, objects]) };
  };

  test("is ignored below the outlines, or filled", async () => {
    const told = (part: string, objects?: number) => [expect.stringContaining(part), objects];
    expect(await read()).toEqual({ row: "11x00000", told: [told("ignored (255)", 1)] });
    const filled = await read("fill");
    expect(filled.row).toBe("11200000");
    expect(filled.told).toContainEqual(told("are filled boxes"));
  });

  test("lets its image be left out by name if asked", async () => {
    await expect(read("leave-out")).rejects.toThrow(
      /labels\/a\.txt: 1 object of it has only a box/,
    );
  });
});

describe("images", () => {
  const named = async (files: Files) => {
    const { entries, root } = await open({ ...yaml, ...files });
    return entries.map(({ name, image }) => [name, image?.slice(root.length + 1)]).sort();
  };

  test("may lie flat beside labels in folders of splits; their masks get their names", async () => {
    const flat = { "images/a.png": "", "images/b.png": "", "images/train/c.png": "" };
    const files = { "labels/train/a.txt": "", "labels/val/b.txt": "", "labels/train/c.txt": "" };
    expect(await named({ ...flat, ...files })).toEqual([
      ["a", "images/a.png"],
      ["b", "images/b.png"],
      ["train/c", "images/train/c.png"],
    ]);
  });

  test("are not guessed where the labels of two splits have their name", async () => {
    const files = { "images/a.png": "", "labels/train/a.txt": "", "labels/val/a.txt": "" };
    expect(await named(files)).toEqual([["train/a", undefined], ["val/a", undefined]]); // prettier-ignore
  });

  test("may lie beside the labels of their split", async () => {
    const files = { "train/labels/a.txt": "", "train/images/a.png": "" };
    expect(await named(files)).toEqual([["train/a", "train/images/a.png"]]);
  });
});

describe("the size of an image", () => {
  const image = { "images/a.png": new Picture(2, 2) };
  test("is that of the list, or else that of the image", async () => {
    expect(await labels(left, { ...sizes, ...image })).toBe("11001100");
    expect(await labels(left, image)).toBe("1010");
    const quoted = { "image-sizes.csv": 'name,width,height\n"b,c",1,1\na,2,1\n' };
    expect(await labels(left, quoted)).toBe("10");
  });

  test("is refused if it is unknown, too large or not readable", async () => {
    await expect(labels(left, {})).rejects.toMatchObject({
      code: "unknown-size",
      remedies: [{ kind: "option", name: "images" }],
    });
    const list = (rows: string) => ({ "image-sizes.csv": `name,width,height\n${rows}\n` });
    // The first line is a header.
    await expect(labels(left, { "image-sizes.csv": "a,4,2\n" })).rejects.toThrow(/unknown/);
    await expect(labels(left, list("a,50000001,1"))).rejects.toThrow(/a\.txt: .*50000001x1/);
    await expect(labels(left, list("a,4"))).rejects.toThrow(/a\.txt: .*4xNaN/);
    await expect(labels(left, list('a,4,2\nb,"4'))).rejects.toThrow(/sizes\.csv:3: not readable as CSV/); // prettier-ignore
  });
});

test("names are those of the images, with the split before them, eight folders deep", async () => {
  const deep = "1/2/3/4/5/6/7/8";
  const { entries, root } = await open({
    ...yaml,
    [`train/labels/${deep}/b.txt`]: "",
    [`train/labels/${deep}/9/c.txt`]: "",
    "train/labels/classes.txt": "",
    "train/labels/notes.md": "",
    "val/labels/d.TXT": "",
    "train/labels/e.txt": "",
    [`images/${deep}/b.jpg`]: "",
    "images/d.jpg": "",
    "images/e.jpg": "",
    "images/train/e.jpg": "",
  });
  const rows = entries.map(({ name, where, image }) => [name, where, image]);
  expect(rows.sort()).toEqual([
    [`train/${deep}/b`, join(root, `train/labels/${deep}/b.txt`), join(root, `images/${deep}/b.jpg`)], // prettier-ignore
    ["train/e", join(root, "train/labels/e.txt"), join(root, "images/train/e.jpg")],
    ["val/d", join(root, "val/labels/d.TXT"), join(root, "images/d.jpg")],
  ]);
});

test("class names are those of data.yaml by number, or those passed in", async () => {
  const files = { "labels/a.txt": "1 0 0 1 0 1 1 0 1", ...sizes };
  const named = { ...files, "data.yaml": "names: {1: dog, 0: cat}" };
  expect((await open(named)).classes).toEqual(["cat", "dog"]);
  expect((await open(named, ["x", "y"])).classes).toEqual(["x", "y"]);
  await expect(open(named, ["x"])).rejects.toThrow(/has 2 classes, but 1 class names are given/);
  const { entries } = await open({ ...files, "data.yaml": "names: [cat]" });
  await expect(entries[0]!.read()).rejects.toThrow(/class 1; expected 0 to 0, .* 1 /);
  const refused = (text: string) => open({ ...files, "data.yaml": text });
  await expect(refused("names: {1: dog}")).rejects.toThrow(/names has no entry for 0/);
  await expect(refused("names: [a, a]")).rejects.toThrow(/data\.yaml: classes 1 and 2/);
  await expect(refused("nc: 2")).rejects.toMatchObject({
    message: expect.stringMatching(/data\.yaml: has no "names"/) as string,
    remedies: [{ kind: "option", name: "classes" }],
  });
  const unnamed = { "labels/a.txt": "1 0 0 1 0 1 1 0 1", ...sizes };
  expect((await open(unnamed, ["x", "y"])).classes).toEqual(["x", "y"]);
  expect((await open({ ...unnamed, "classes.txt": "cat\ndog\n" })).classes).toEqual(["cat", "dog"]);
});

describe("a name of the background keeps the ids of the names behind it", () => {
  const rows = "0 0 0 0.25 0 0.25 1 0 1\n1 0.25 0 0.5 0 0.5 1 0.25 1\n2 0.5 0 1 0 1 1 0.5 1\n";
  test.each<[string, Files]>([
    ["in classes.txt", { "classes.txt": "background\ncat\ndog\n" }],
    ["in classes.txt, as _background_", { "classes.txt": "_background_\ncat\ndog\n" }],
    ["in classes.txt, as a guess", { "classes.txt": "bg\ncat\ndog\n" }],
    ["in data.yaml", { "data.yaml": "names: [__background__, cat, dog]" }],
    ["in class_names.txt", { "class_names.txt": "Background\ncat\ndog\n" }],
  ])("%s", async (_, names) => {
    const { entries, classes } = await open({ ...names, "labels/a.txt": rows, ...sizes });
    expect(classes).toEqual(["cat", "dog"]);
    expect([...(await entries[0]!.read()).data].join("")).toBe("01220122");
  });

  test("in the middle, too", async () => {
    const files = { "classes.txt": "cat\nbackground\ndog\n", "labels/a.txt": rows, ...sizes };
    const { entries, classes } = await open(files);
    expect(classes).toEqual(["cat", "dog"]);
    expect([...(await entries[0]!.read()).data].join("")).toBe("10221022");
  });

  test("in the names passed in, too", async () => {
    const root = await makeFolder({ "labels/a.txt": rows, ...sizes });
    const images = await ImageFiles.find(nodeHost.store, undefined, root);
    const options = { images, losses: new LostDetails(), instances: "regions", classes: ["cat", "dog"] } as const; // prettier-ignore
    const read = async (namesBackground: boolean) => {
      const { entries } = await yoloSource(nodeHost, root, { path: root }, { ...options, namesBackground }); // prettier-ignore
      return [...(await entries[0]!.read()).data].join("");
    };
    expect(await read(true)).toBe("01220122");
    await expect(read(false)).rejects.toThrow(/class 2; expected 0 to 1/);
  });
});

test("images without a label file are told by name and not written as background", async () => {
  const root = await makeFolder({
    ...yaml,
    ...{ "labels/a.txt": left, "labels/empty.txt": "" },
    ...{ "images/a.png": new Picture(4, 2), "images/b.png": new Picture(4, 2) },
    "images/empty.png": new Picture(4, 2),
  });
  const notes: string[] = [];
  const images = await ImageFiles.find(nodeHost.store, undefined, root);
  const options = { images, losses: new LostDetails(), instances: "regions", tell: (note: string) => notes.push(note) } as const; // prettier-ignore
  const description = (await readDataYaml(nodeHost.store, root))!;
  const { entries } = await yoloSource(nodeHost, root, description, options);
  expect(entries.map(({ name }) => name)).toEqual(["a", "empty"]);
  expect([...(await entries[1]!.read()).data].join("")).toBe("00000000");
  expect(notes).toEqual([
    `${root}: 1 image has no label file, so what it shows is not known; left out: ${join(root, "images/b.png")}`,
  ]);
});

describe("images whose labels have the name of their upload to Label Studio", () => {
  const upload = { ...yaml, "labels/1a2b3c4d-a.txt": left, "images/a.png": new Picture(4, 2) };

  test("are found under the name before, which their masks get too", async () => {
    const { entries, root } = await open(upload);
    expect(entries[0]).toMatchObject({ name: "a", image: join(root, "images/a.png") });
    expect([...(await entries[0]!.read()).data].join("")).toBe("11001100");
  });

  test("are not guessed where two uploads had one name", async () => {
    const { entries } = await open({ ...upload, "labels/5e6f7a8b-a.txt": left });
    expect(entries.map(({ image }) => image)).toEqual([undefined, undefined]);
  });
});
