import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatProblem, openDataset } from "../../../../src/files/datasets/index.ts";
import { UserError } from "../../../../src/user-error.ts";
import { makeFolder, Mask, Picture } from "../folders.ts";
import { nodeHost } from "../../../../src/host/node/host.ts";

const pictures = {
  "images/a.jpg": new Picture(),
  "images/b.png": new Picture(),
  "images/deep/c.jpg": new Picture(),
};

const told = (dataset: { problems: Parameters<typeof formatProblem>[0][] | readonly never[] }) =>
  dataset.problems.map(formatProblem);

describe("a plain folder", () => {
  test.each([
    ["tags.csv", "file,tags\na.jpg,cat;dog\nb.png,dog\ndeep/c.jpg,cat\n"],
    [
      "tags.csv",
      '\uFEFFFile,Tags\r\n"a.jpg"," cat ; dog;"\r\n\r\nb.png,dog\r\ndeep\\c.jpg,cat\r\n',
    ],
    ["tags.csv", "tags,file,split\ncat;dog,images/a.jpg,\ndog,b,\ncat,./deep/c.jpg,\n"],
    ["tags.json", '{"a.jpg": ["cat", "dog"], "b.png": "dog", "deep/c.jpg": ["cat"]}'],
    [
      "tags.json",
      '[{"file":"a.jpg","tags":["dog","cat"]},{"file":"b.png","tags":["dog"]},{"file":"deep/c.jpg","tags":["cat"]}]',
    ],
    [
      "tags.jsonl",
      '{"file":"a.jpg","tags":["cat","dog"]}\r\n\r\n{"file":"b.png","tags":["dog"]}\r\n{"file":"deep/c.jpg","tags":["cat"]}',
    ],
  ])("is read with its tags from %s (%#)", async (name, text) => {
    const dataset = await openDataset(nodeHost, await makeFolder({ ...pictures, [name]: text }), {
      valFraction: 0,
    });
    expect(dataset.format).toBe("plain");
    expect(dataset.classes).toEqual(["cat", "dog"]);
    expect(dataset.splits["train"]!.map(({ name, tags }) => [name, tags])).toEqual([
      ["a", [0, 1]],
      ["b", [1]],
      ["deep-c", [0]],
    ]);
    expect(dataset.problems).toEqual([]);
  });

  test("takes the order of its classes from classes.txt and reads masks, splits and pixels", async () => {
    const root = await makeFolder({
      ...pictures,
      "classes.txt": "dog\r\n\r\ncat\r\n",
      "tags.csv": "file,tags,split\na.jpg,cat,train\nb.png,dog,val\ndeep/c.jpg,dog,train\n",
      "masks/b.png": new Mask([0, 1, 255]),
    });
    const dataset = await openDataset(nodeHost, root, { split: "val", training: false });
    expect(dataset.classes).toEqual(["dog", "cat"]);
    expect(dataset.heldOut).toBe(false);
    const [b] = dataset.splits["val"]!;
    expect(b!.tags).toEqual([0]);
    expect((await dataset.reader.readMask(b!)).data.slice(0, 3)).toEqual(Uint8Array.of(0, 1, 255));
    expect(await dataset.reader.readImage(b!)).toMatchObject({ width: 8, height: 6 });
    expect(dataset.counts.splits["val"]).toEqual({
      images: 1,
      masks: 1,
      untagged: 0,
      perClass: [1, 0],
    });
    expect(dataset.counts.all.perClass).toEqual([2, 1]);
  });

  test("may say things explicitly in data.yaml", async () => {
    const root = await makeFolder({
      "photos/a.jpg": new Picture(),
      "photos/b.jpg": new Picture(),
      "truth/a.png": new Mask(),
      "labels.jsonl": '{"file":"a.jpg","tags":["x"]}\n{"file":"b.jpg","tags":["y"]}',
      "held.txt": "b\n",
      "data.yaml":
        "names: {0: y, 1: x}\nimages: photos\nmasks: truth\ntags: labels.jsonl\nsplits:\n  train: [a.jpg]\n  val: held.txt\n",
    });
    const { classes, splits } = await openDataset(nodeHost, root);
    expect(classes).toEqual(["y", "x"]);
    expect(splits["train"]!.map(({ name }) => name)).toEqual(["a"]);
    expect(splits["train"]![0]!.mask).toMatch(/truth.a\.png$/);
    expect(splits["val"]!.map(({ name }) => name)).toEqual(["b"]);
  });

  test("gives every image a name of its own, whatever the letter case", async () => {
    const root = await makeFolder({
      "images/x.jpg": new Picture(),
      "images/X.jpg": new Picture(),
      "images/x.png": new Picture(),
      "images/s/x.png": new Picture(),
      "tags.csv": "file,tags\nx.jpg,a\nX.jpg,a\nx.png,a\ns/x.png,a\n",
    });
    const { splits } = await openDataset(nodeHost, root, { valFraction: 0 });
    expect(splits["train"]!.map(({ name }) => name)).toEqual(["x", "X-2", "x-3", "s-x"]);
  });

  test("goes on without images that cannot be used, and says where each is named", async () => {
    const root = await makeFolder({
      ...pictures,
      "images/d.jpg": "no image at all",
      "images/extra.jpg": new Picture(),
      "masks/stray.png": new Mask(),
      "tags.csv":
        "file,tags\na.jpg,cat\nmissing.jpg,cat\nB.PNG,dog\na.jpg,dog\ndeep/c.jpg,\nd.jpg,cat\n",
    });
    const dataset = await openDataset(nodeHost, root, { valFraction: 0 });
    expect(dataset.splits["train"]!.map(({ tags }) => tags)).toEqual([[0, 1], [1], []]);
    const csv = join(root, "tags.csv");
    expect(told(dataset as never)).toEqual([
      `${join(root, "images/d.jpg")}: not a readable image: its content is not in a known image format; left out`,
      `${join(root, "images/extra.jpg")}: not in tags.csv, so it is not used`,
      `${join(root, "masks/stray.png")}: has no image`,
      `${csv}:3: missing.jpg is not there; left out`,
      `${csv}:4: B.PNG is not there; b.png is used instead`,
      `${csv}:5: a.jpg is listed again, first in line 2; the tags of all its lines are merged`,
      `${csv}:6: deep/c.jpg has no tags: it counts as showing background only`,
    ]);
    await expect(openDataset(nodeHost, root, { strict: true })).rejects.toMatchObject({
      message: expect.stringMatching(/d\.jpg: not a readable image.* \(and 1 more\)$/) as string,
      remedies: [{ kind: "job", name: "data", argument: root, purpose: "lists all of them" }],
    });
  });
});

describe("holding out", () => {
  const many = (masks: number) => {
    const files: Record<string, string | Picture | Mask> = { "tags.csv": "file,tags\n" };
    for (let i = 0; i < 20; i++) {
      files[`images/${i}.png`] = new Picture();
      files["tags.csv"] += `${i}.png,${i === 7 ? "rare" : "common"}\n`;
      if (i < masks) files[`masks/${i}.png`] = new Mask();
    }
    return makeFolder(files);
  };

  test("takes the same fifth for the same seed and leaves every class in training", async () => {
    const root = await many(0);
    const first = await openDataset(nodeHost, root, { seed: 3, training: true });
    expect(first.heldOut).toBe(true);
    expect(first.counts.splits["val"]!.images).toBe(4);
    expect(first.counts.splits["train"]!.perClass).toEqual([15, 1]);
    expect((await openDataset(nodeHost, root, { seed: 3 })).splits).toEqual(first.splits);
    expect((await openDataset(nodeHost, root, { seed: 4 })).splits).not.toEqual(first.splits);
  });

  test("takes only images with masks if there are any", async () => {
    const { splits, counts } = await openDataset(nodeHost, await many(3), { valFraction: 0.5 });
    expect(counts.splits["val"]).toMatchObject({ images: 3, masks: 3 });
    expect(splits["train"]).toHaveLength(17);
  });

  test("never empties the training set", async () => {
    const root = await makeFolder({
      "images/a.jpg": new Picture(),
      "tags.csv": "file,tags\na.jpg,x\n",
    });
    const { counts } = await openDataset(nodeHost, root, { valFraction: 0.9, training: true });
    expect([counts.splits["train"]!.images, counts.splits["val"]!.images]).toEqual([1, 0]);
  });
});

describe("refused with file and line is", () => {
  const cases: [string, Record<string, string | Picture | Mask>, string | RegExp][] = [
    [
      "a header without tags",
      { "tags.csv": "url,author\na,x\n" },
      /tags\.csv:1: the header is "url,author"/,
    ],
    ["an empty tags file", { "tags.csv": "" }, /tags\.csv:1: the file is empty/],
    [
      "a line with too many fields",
      { "tags.csv": "file,tags\na.jpg,x\nb.png,x,y\n" },
      /tags\.csv:3: 3 fields, expected 2/,
    ],
    [
      "a quote that is not closed",
      { "tags.csv": 'file,tags\na.jpg,x\n"b.png,x\n' },
      /tags\.csv:\d: not readable as CSV/,
    ],
    [
      "a line without a file",
      { "tags.csv": "file,tags\n,x\n" },
      /tags\.csv:2: .*expected the name of an image/,
    ],
    [
      "bad JSON in a line",
      { "tags.jsonl": '{"file":"a.jpg","tags":["x"]}\n{"file":' },
      /tags\.jsonl:2: not readable as JSON/,
    ],
    [
      "tags that are numbers",
      { "tags.jsonl": '{"file":"a.jpg","tags":[1]}' },
      /tags\.jsonl:1: a\.jpg has "tags": \[1\]/,
    ],
    ["bad JSON", { "tags.json": '{\n"a.jpg": ["x"],\n}' }, /tags\.json:3: not readable as JSON/],
    ["JSON of another kind", { "tags.json": "3" }, /tags\.json:1: the file holds 3/],
    [
      "a wrong entry in JSON",
      { "tags.json": '{\n"a.jpg": ["x"],\n"b.png": 5\n}' },
      /tags\.json:3: b\.png has "tags": 5/,
    ],
    [
      "a tag that classes.txt lacks",
      { "classes.txt": "cat\n", "tags.csv": "file,tags\na.jpg,cat\nb.png,cst\n" },
      /tags\.csv:3: unknown tag "cst": it is not in .*classes\.txt \(number of classes: 1\); did you mean "cat"\?/,
    ],
    [
      "a class twice",
      { "classes.txt": "cat\nCat\n", "tags.csv": "file,tags\na.jpg,cat\n" },
      /classes\.txt: classes 1 and 2 are both/,
    ],
    [
      "tags that differ in case",
      { "tags.csv": "file,tags\na.jpg,cat\nb.png,Cat\n" },
      /tags\.csv:2: tags "Cat" and "cat" differ only in case/,
    ],
    [
      "a file outside",
      { "tags.csv": "file,tags\n../../etc/passwd,x\n" },
      /tags\.csv:2: .*leads out of the image folder, and no image/,
    ],
    [
      "two splits for an image",
      { "tags.csv": "file,tags,split\na.jpg,x,train\na.jpg,x,val\n" },
      /tags\.csv:3: a\.jpg is in the splits/,
    ],
    [
      "a mask of another size",
      { "tags.csv": "file,tags\na.jpg,x\n", "masks/a.png": new Mask([0], 4, 4) },
      /masks.a\.png: mask is 4x4, but its image .*a\.jpg is 8x6/,
    ],
    [
      "a broken mask",
      { "tags.csv": "file,tags\na.jpg,x\n", "masks/a.png": "oh" },
      /masks.a\.png: not a readable image/,
    ],
    [
      "a set of missing images",
      { "tags.csv": "file,tags\nn.jpg,x\n" },
      /no usable image; .*n\.jpg/,
    ],
    ["a set without tags", { "tags.csv": "file,tags\na.jpg,\n" }, /no image has a tag/],
    [
      "a class whose images are all broken",
      { "images/bad.jpg": "x", "tags.csv": "file,tags\na.jpg,x\nbad.jpg,y\n" },
      /tags\.csv: class "y" has no image that can be read/,
    ],
    [
      "an unknown key in data.yaml",
      { "tags.csv": "", "data.yaml": "name: [a]\n" },
      /data\.yaml: unknown key "name"; did you mean "names"\?/,
    ],
    ["bad YAML", { "data.yaml": "names: [a\n" }, /data\.yaml:\d: not readable as YAML/],
    [
      "a wrong type in data.yaml",
      { "data.yaml": "names: 3\n" },
      /data\.yaml: names has the wrong type/,
    ],
    [
      "a folder outside in data.yaml",
      { "data.yaml": "images: ../other\n" },
      /data\.yaml: images is "\.\.\/other"/,
    ],
    ["images without a tags file", {}, /has images\/, but no tags\.csv/],
  ];

  test.each(cases)("%s", async (_, files, message) => {
    const root = await makeFolder({ ...pictures, ...files });
    const opening = openDataset(nodeHost, root);
    await expect(opening).rejects.toThrow(UserError);
    await expect(opening).rejects.toThrow(message);
    await opening.catch((error: Error) => expect(error.message).not.toContain("\n"));
  });

  test("a split that is not there, and a class that no training image has", async () => {
    const root = await makeFolder({
      ...pictures,
      "tags.csv": "file,tags,split\na.jpg,x,train\nb.png,y,val\n",
    });
    await expect(openDataset(nodeHost, root, { split: "test" })).rejects.toThrow(
      'no images in the split "test"; the splits are train (1 image), val (1 image)',
    );
    const { problems } = await openDataset(nodeHost, root, { training: true });
    const message =
      'no training image is tagged "y", but 1 in other splits is: it is never learned; move some to the split "train" or remove the tag';
    expect(problems.at(-1)).toEqual({ severity: "warning", file: root, message });
  });

  test("a folder that is missing, empty, a file, or something else", async () => {
    const root = await makeFolder({ "x.txt": "hello", "empty/": "" });
    await expect(openDataset(nodeHost, join(root, "nowhere"))).rejects.toThrow("no such folder");
    await expect(openDataset(nodeHost, join(root, "empty"))).rejects.toThrow("the folder is empty");
    await expect(openDataset(nodeHost, join(root, "x.txt"))).rejects.toThrow(
      "is a file; a data set is a folder",
    );
    await expect(openDataset(nodeHost, root)).rejects.toThrow(
      "not a data set; it holds empty/, x.txt; expected images/ with tags.csv",
    );
  });

  test("a mask with a label beyond the classes, when it is read", async () => {
    const root = await makeFolder({
      ...pictures,
      "tags.csv": "file,tags\na.jpg,x\n",
      "masks/a.png": new Mask([0, 1, 4]),
    });
    const { splits, reader } = await openDataset(nodeHost, root);
    await expect(reader.readMask(splits["train"]![0]!)).rejects.toThrow(
      /a\.png: mask has label 4 at x 2, y 0, but there are 1 classes/,
    );
  });
});
