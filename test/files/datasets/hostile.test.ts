import { join } from "node:path";
import { expect, test } from "vitest";
import {
  formatProblem,
  formatReport,
  inspectDataset,
  openDataset,
  samplesOf,
} from "../../../src/files/datasets/index.ts";
import { UserError } from "../../../src/user-error.ts";
import { makeFolder, Picture } from "./folders.ts";
import { nodeHost } from "../../../src/host/node/host.ts";

const pictures = { "images/a.jpg": new Picture(), "images/b.jpg": new Picture() };
const tags = "file,tags\na.jpg,cat\nb.jpg,cat\n";
const nest = (open: string, close: string, times: number) =>
  open.repeat(times) + close.repeat(times);

test.each(["constructor", "__proto__", "toString"])("a split may be called %s", async (split) => {
  const root = await makeFolder({
    ...pictures,
    "tags.csv": `file,tags,split\na.jpg,cat,train\nb.jpg,cat,${split}\n`,
  });
  const dataset = await openDataset(nodeHost, root, { split, training: true });
  expect(samplesOf(dataset, split)).toHaveLength(1);
  const plain = await openDataset(nodeHost, await makeFolder({ ...pictures, "tags.csv": tags }));
  expect(() => samplesOf(plain, split)).toThrow(UserError);
});

test("a folder named like what every object has is a class", async () => {
  const root = await makeFolder({ "constructor/a.jpg": new Picture() });
  expect((await openDataset(nodeHost, root)).classes).toEqual(["constructor"]);
});

const bomb = `a: &a [x]\n${[..."bcdefgh"]
  .map((name, i) => `${name}: &${name} [${`*${"abcdefgh"[i]},`.repeat(9)}]\n`)
  .join("")}`;
test.each([
  ["images: .\nnames: *foo\n", /data\.yaml:2: not readable as YAML: unidentified alias "foo"/],
  [bomb, /data\.yaml:3: not readable as YAML: it has more than 9 aliases/],
  [
    `names: ${nest("[", "]", 20000)}\n`,
    /data\.yaml:1: not readable as YAML: it is nested more than 100 levels deep/,
  ],
  ["names: &a [*a]\n", /data\.yaml:1: not readable as YAML: recursive alias "a"/],
])("a data.yaml is refused with its line (%#)", async (yaml, message) => {
  const opening = openDataset(
    nodeHost,
    await makeFolder({ ...pictures, "tags.csv": tags, "data.yaml": yaml }),
  );
  await expect(opening).rejects.toThrow(UserError);
  await expect(opening).rejects.toThrow(message);
});

test.each([
  ["tags.json", `[{"file": "a.jpg", "tags": ${nest("[", "]", 20000)}}]`, 1],
  ["tags.jsonl", `\n${nest("[", "]", 20000)}\n`, 2],
])("deeply nested %s is refused with its line", async (name, text, line) => {
  const opening = openDataset(nodeHost, await makeFolder({ ...pictures, [name]: text }));
  await expect(opening).rejects.toThrow(UserError);
  await expect(opening).rejects.toThrow(`${name}:${line}: `);
  await expect(opening).rejects.toThrow(/nested (?:too deeply|more than 500 levels deep)/);
});

test("an annotation that is nested too deeply is left out", async () => {
  const xml = `<annotation>${nest("<part>", "</part>", 1000)}</annotation>`;
  const root = await makeFolder({
    "JPEGImages/a.jpg": new Picture(),
    "JPEGImages/b.jpg": new Picture(),
    "ImageSets/Segmentation/train.txt": "a\nb\n",
    "Annotations/a.xml": "<annotation><object><name>cat</name></object></annotation>",
    "Annotations/b.xml": xml,
  });
  const { problems, counts } = await openDataset(nodeHost, root);
  expect(counts.all.images).toBe(1);
  const told = problems.filter(({ leftOut }) => leftOut).map(formatProblem);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(
    /Annotations.b\.xml:1: not readable as XML: nested more than 500 levels deep; b is left out$/,
  );
});

test.each([
  [["background"], /class 1 is "background"/],
  [Array.from({ length: 255 }, (_, i) => `k${i}`), /255 classes; masks have 8 bits/],
])("classes that training refuses are an obstacle (%#)", async (names, obstacle) => {
  const csv = `file,tags\na.jpg,${names.join(";")}\nb.jpg,${names.join(";")}\n`;
  const report = await inspectDataset(nodeHost, await makeFolder({ ...pictures, "tags.csv": csv }));
  expect(report).toMatchObject({ trainable: false, obstacle: expect.stringMatching(obstacle) });
  const opening = openDataset(nodeHost, report.root, { training: true });
  await expect(opening).rejects.toThrow(obstacle);
});

test("what a terminal would obey is escaped in a report", async () => {
  const csv =
    "file,tags,split\na.jpg,cat\u001b[2J,train\u0007\nb.jpg,dog\u009b\u202e,\n\u001b]0;x.jpg,cat,\n";
  const root = await makeFolder({ ...pictures, "tags.csv": csv });
  const text = formatReport(await inspectDataset(nodeHost, root), { color: false });
  // eslint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  for (const shown of ["cat\\x1b[2J", "train\\x07", "dog\\x9b\\u202e", "\\x1b]0;x.jpg"]) {
    expect(text).toContain(shown);
  }
});

test("names in VOC lists may have dots", async () => {
  const root = await makeFolder({
    "JPEGImages/y.jpg": new Picture(),
    "JPEGImages/y.v2.jpg": new Picture(),
    "JPEGImages/z.v3.jpg": new Picture(),
    "ImageSets/Segmentation/train.txt": "y\ny.v2\n/JPEGImages/z.v3.jpg /Masks/z.v3.png\nw.v4\n",
    "tags.csv": "file,tags\ny,cat\ny.v2,dog\nz.v3.jpg,cow\n",
  });
  const { classes, splits, problems } = await openDataset(nodeHost, root);
  expect(splits["train"]!.map(({ name, tags }) => [name, classes[tags[0]!]])).toEqual([
    ["y", "cat"],
    ["y.v2", "dog"],
    ["z.v3", "cow"],
  ]);
  expect(problems.map(formatProblem)).toContain(
    `${join(root, "ImageSets/Segmentation/train.txt")}:4: w.v4 is not in ${join(root, "JPEGImages")}; left out`,
  );
});
