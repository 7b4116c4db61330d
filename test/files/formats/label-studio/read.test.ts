import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isLabelStudio } from "../../../../src/files/formats/label-studio/read.ts";
import { UserError } from "../../../../src/user-error.ts";
import { makeFolder, Picture } from "../../datasets/folders.ts";
import { brush, cats, open, rows, size, task, type Options } from "./tasks.ts";

test.each<[unknown, boolean]>([
  [[task()], true],
  [[{ data: {}, predictions: [] }], true],
  [[task(), task()], true],
  [[], false],
  [[task(), { data: {} }], false],
  [[{ annotations: [] }], false],
  [[{ data: [], annotations: [] }], false],
  [[null], false],
  [{ 0: task() }, false],
])("tasks are lists of data with annotations or predictions (%#)", (value, expected) => {
  expect(isLabelStudio(value)).toBe(expected);
});

describe("an image", () => {
  test.each<[string, string, string]>([
    ["photos/a.jpg", "photos/a.jpg", "photos/a"],
    ["/data/local-files/?d=trip%5Ccaf%C3%A9.png&x=1", "trip/caf\u00e9.png", "trip/caf\u00e9"],
    ["/data/upload/1/b.jpg", "b.jpg", "b"],
    ["s3://bucket/deep/c.v2.jpg?token=a/b#x", "c.v2.jpg", "c.v2"],
    ["https://example.org/", "unnamed", "unnamed"],
    ["deep\\cafe\u0301", "deep/caf\u00e9", "deep/caf\u00e9"],
    ["notes.v2", "notes.v2", "notes.v2"],
  ])("at %s is called %s", async (image, fileName, name) => {
    const { entries } = await open([task({ data: { image } })]);
    expect(entries[0]).toMatchObject({ fileName, name, where: `l.json: task 1 (${fileName})` });
  });

  test("is the text called image, or else the one that looks most like an image", async () => {
    const name = async (data: object) => (await open([task({ data })])).entries[0]!.name;
    expect(await name({ id: 3, photo: "b.jpg", image: "a.jpg" })).toBe("a");
    expect(await name({ id: 3, photo: "b.jpg", other: "c.jpg" })).toBe("b");
    expect(await name({ title: "My cat", note: "see /a/b", pic: "/data/upload/1/b.jpg?x" })).toBe(
      "b",
    );
    expect(await name({ title: "My cat", pic: "s3://bucket/b" })).toBe("b");
    await expect(open([task(), task({ data: { id: 3 } })])).rejects.toThrow(/^l\.json: task 2: /);
    const wrong = `%E0${"x".repeat(200)}`;
    await expect(open([task({ data: { image: wrong } })])).rejects.toThrow(`"${wrong.slice(0, 100)}"`); // prettier-ignore
  });

  test("is a file under its path or its bare name", async () => {
    const folder = await makeFolder({ "deep/a.jpg": new Picture(), "b.jpg": new Picture() });
    const image = async (name: string) =>
      (await open([task({ data: { image: name } })], { folder })).entries[0]!.image;
    expect(await image("deep/a.jpg")).toBe(join(folder, "deep/a.jpg"));
    expect(await image("deep/a")).toBe(join(folder, "deep/a.jpg"));
    expect(await image("else/b.jpg")).toBe(join(folder, "b.jpg"));
    expect(await image("else/c.jpg")).toBeUndefined();
  });

  test("has the size of its file, or else of a result, or else of the task", async () => {
    const folder = await makeFolder({ "a.jpg": new Picture(7, 4) });
    const sizeOf = async (data: object, result: object[], where?: string) => {
      const tasks = [task({ data: { image: "a.jpg", ...data }, annotations: [{ result }] })];
      const { entries } = await open(tasks, { classes: ["cat"], ...(where && { folder: where }) });
      const { width, height } = await entries[0]!.read();
      return [width, height];
    };
    const own = { width: 3, height: 2 };
    expect(await sizeOf(own, [{ value: {} }, cats])).toEqual([10, 5]);
    expect(await sizeOf(own, [])).toEqual([3, 2]);
    expect(await sizeOf(own, [{ value: {} }, cats], folder)).toEqual([7, 4]);
    expect(await sizeOf({ width: 15, height: 8 }, [], folder)).toEqual([7, 4]);
    expect(await sizeOf({}, [], folder)).toEqual([7, 4]);
    await expect(sizeOf({}, [])).rejects.toMatchObject({
      message: expect.stringMatching(/task 1 \(a\.jpg\): the size .* unknown/) as string,
      code: "unknown-size",
      remedies: [{ kind: "option", name: "images" }],
    });
    await expect(sizeOf({ width: 50_000_001, height: 1 }, [])).rejects.toThrow(/50000001x1/);
    await expect(sizeOf({ width: 3 }, [])).rejects.toThrow(/3xundefined/);
  });
});

describe("class names", () => {
  const both = [task({ annotations: [{ result: [brush("dog", 0, 1, 49), cats] }] })];
  const ignored = [task({ annotations: [{ result: [cats, brush("ignored", 3, 1, 46)] }] })];
  test.each<[string, object[], Options, string[]]>([
    ["are the labels in order", both, {}, ["cat", "dog"]],
    ["are those passed in", both, { classes: ["dog", "cow", "cat"], beside: ["cat", "dog"] }, ["dog", "cow", "cat"]], // prettier-ignore
    ["are those beside", both, { beside: ["dog", "cat"] }, ["dog", "cat"]],
    ["are the labels where those beside lack one", both, { beside: ["dog"] }, ["cat", "dog"]],
    ["leave out ignored pixels", ignored, {}, ["cat"]],
    ["need not have ignored pixels", ignored, { classes: ["cat"] }, ["cat"]],
    ["are passed in where no label is", [task({ annotations: [] })], { classes: ["cow"] }, ["cow"]],
  ])("%s", async (_, tasks, options, expected) => {
    expect((await open(tasks, options)).classes).toEqual(expected);
  });

  test("are refused where they lack a label, and asked for where there is none", async () => {
    await expect(open(both, { classes: ["dog", "cow"] })).rejects.toMatchObject({
      message: expect.stringMatching(/label "cat", .*: dog, cow$/) as string,
      remedies: [{ kind: "option", name: "classes", instead: true }],
    });
    await expect(open([task({ annotations: [] })])).rejects.toMatchObject({
      code: "unnamed-classes",
      remedies: [{ kind: "option", name: "classes", value: "cat,dog,..." }],
    });
    await expect(open([task({ annotations: [{ result: [cats, brush("Cat", 0, 1, 49)] }] })])).rejects.toThrow(/both/); // prettier-ignore
  });
});

test.each<[string, object, string]>([
  ["the last annotation", { annotations: [{ result: [] }, { result: [cats] }] }, "1110"],
  ["one that was not cancelled", { annotations: [{ result: [cats] }, { was_cancelled: true, result: [] }] }, "1110"], // prettier-ignore
  ["one with results", { annotations: [{ result: [cats] }, { result: 3 }, null] }, "1110"],
  ["an annotation rather than a prediction", { annotations: [{ result: [] }], predictions: [{ result: [cats] }] }, "0000"], // prettier-ignore
  ["a prediction without annotation", { annotations: [], predictions: [{ result: [cats] }] }, "1110"], // prettier-ignore
])("a mask is that of %s", async (_, part, start) => {
  const data = { image: "a.jpg", width: 10, height: 5 };
  const [first] = await rows([task({ data, ...part })], { classes: ["cat"] });
  expect(first!.slice(0, 4)).toBe(start);
});

const shaped = (value: object) => [task({ annotations: [{ result: [{ ...size, value }] }] })];
test.each<[string, object, string[]]>([
  ["a polygon in percent", { polygonlabels: ["cat"], points: [[10, 20], [30, 20], [30, 60], [10, 60]] }, ["0000000000", "0110000000", "0110000000", "0000000000", "0000000000"]], // prettier-ignore
  ["a rectangle in percent", { rectanglelabels: ["cat"], x: 50, y: 20, width: 30, height: 40 }, ["0000000000", "0000011100", "0000011100", "0000000000", "0000000000"]], // prettier-ignore
  ["a rectangle turned by a quarter about its corner", { rectanglelabels: ["cat"], x: 50, y: 20, width: 30, height: 40, rotation: 90 }, ["0000000000", "0001100000", "0001100000", "0001100000", "0000000000"]], // prettier-ignore
  ["a rectangle turned by a half", { rectanglelabels: ["cat"], x: 50, y: 60, width: 30, height: 40, rotation: 180 }, ["0000000000", "0011100000", "0011100000", "0000000000", "0000000000"]], // prettier-ignore
  ["an ellipse about its center", { ellipselabels: ["cat"], x: 40, y: 50, radiusX: 30, radiusY: 50 }, ["0011110000", "0111111000", "0111111000", "0111111000", "0011110000"]], // prettier-ignore
  ["an ellipse turned by a quarter", { ellipselabels: ["cat"], x: 40, y: 50, radiusX: 10, radiusY: 45, rotation: 90 }, ["0000000000", "0000000000", "0011110000", "0000000000", "0000000000"]], // prettier-ignore
])("%s is drawn", async (_, value, expected) => {
  expect(await rows(shaped(value), { boxes: "fill" })).toEqual(expected);
});

test.each<[string, object, RegExp]>([
  ["a brush in another format", { brushlabels: ["cat"], format: "mask", rle: [1] }, /"rle"/],
  ["a brush without a list", { brushlabels: ["cat"], format: "rle", rle: "1" }, /"rle"/],
  ["points of three numbers", { polygonlabels: ["cat"], points: [[1, 2, 3]] }, /"points"/],
  ["an ellipse without a radius", { ellipselabels: ["cat"], x: 1, y: 2, radiusX: 3 }, /radiusY/],
  ["a rectangle of words", { rectanglelabels: ["cat"], x: "1", y: 2, width: 3, height: 4 }, /NaN/],
  ["a rectangle without height", { rectanglelabels: ["cat"], x: 1, y: 2, width: 3 }, /NaN/],
])("%s is refused by its place", async (_, value, message) => {
  const tasks = [task({ annotations: [{ result: [cats, { ...size, value }] }] })];
  await expect(rows(tasks)).rejects.toThrow(UserError);
  await expect(rows(tasks)).rejects.toThrow(message);
  await expect(rows(tasks)).rejects.toThrow(/^l\.json: task 1 \(a\.jpg\): result 2: /);
});

test("results that a mask cannot hold are told, once for each image", async () => {
  const several = { ...cats, value: { ...cats.value, brushlabels: [" cat ", 3, "dog"] } };
  const result = [several, several, { value: 3 }, { type: "choices", value: { choices: ["x"] } }];
  const { entries, losses } = await open([task({ annotations: [{ result }] }), task()]);
  for (const entry of entries) await entry.read();
  const told = losses.list();
  expect(told.map(({ images, objects }) => [images, objects])).toEqual([[1, undefined], [1, 2], [1, 1]]); // prettier-ignore
  for (const part of ["several labels", "without a labeled area", "covered by others"])
    expect(told.filter(({ what }) => what.includes(part))).toHaveLength(1);
});
