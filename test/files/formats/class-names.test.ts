import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeStore } from "../../../src/host/node/files/store.ts";
import { vocPalette } from "../../../src/method/images/classes.ts";
import { hexColor, overlayColor } from "../../../src/method/images/overlay.ts";
import { parseClassNames, readClassNames } from "../../../src/files/formats/class-names.ts";
import { classesJson } from "../../../src/files/formats/classes-file.ts";
import { ignoredName } from "../../../src/files/formats/formats.ts";
import { classesBeside } from "../../../src/files/formats/source-classes.ts";
import { makeFolder } from "../datasets/folders.ts";

const numbered = (...entries: [number, string][]): string =>
  JSON.stringify({ classes: entries.map(([index, name]) => ({ index, name })) });

async function read(text: string): Promise<string[]> {
  return readClassNames(nodeStore, join(await makeFolder({ "c.json": text }), "c.json"));
}

describe("a file of class names", () => {
  test.each<[string, string, string[]]>([
    ["a name on each line", "cat\r\n\n  dog \nbig cow", ["cat", "dog", "big cow"]],
    ["background first", "Background\ncat\n", ["cat"]],
    ["labelme's background first", "__ignore__\n_background_\ncat\n", ["cat"]],
    ["a guess at background first", "bg\ncat\n", ["cat"]],
    ["a class called bg", "cat\nbg\n", ["cat", "bg"]],
    ["a list in JSON", ' ["cat", "cafe\u0301"]', ["cat", "caf\u00e9"]],
    ["a list with background", '["background", "cat"]', ["cat"]],
    ["numbers from 0", numbered([1, "cat"], [0, "background"], [2, "dog"]), ["cat", "dog"]],
    ["numbers from 1", numbered([2, "dog"], [1, "cat"]), ["cat", "dog"]],
  ])("may have %s", async (_, text, expected) => {
    expect(await read(text)).toEqual(expected);
  });

  test.each<[string, string, RegExp]>([
    ["broken JSON", '["cat"', /c\.json: not readable as JSON: ./],
    ["JSON of another kind", '{"names": ["cat"]}', /c\.json: .*"classes" with an index and a name/],
    ["a list of numbers", "[1]", /c\.json: .*"classes"/],
    ["a negative number", numbered([-1, "cat"]), /c\.json: .*"classes"/],
    ["a gap", numbered([0, "a"], [1, "b"], [3, "c"]), /class "c" has index 3, expected 2/],
    ["a number twice", numbered([1, "a"], [1, "b"]), /class "b" has index 1, expected 2/],
    ["numbers from 2", numbered([2, "a"], [3, "b"]), /class "a" has index 2, expected 0/],
    ["background later", "cat\nbackground", /c\.json: class 2 is "background"/],
    ["no name", "\n", /c\.json: no classes/],
    ["no entry", '{"classes": []}', /c\.json: no classes/],
    ["a million bytes and one", `cat${" ".repeat(999_998)}`, /has 1000001 bytes, .*1000000/],
  ])("with %s is refused", async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  test("may have a million bytes", async () => {
    expect(await read(`cat${" ".repeat(999_997)}`)).toEqual(["cat"]);
  });
});

test("class names are separated by commas, or the path of a file, whether its ending tells or not", async () => {
  const root = await makeFolder({ "list.txt": "a\nb\n", "list.NAMES": "c\n", list: "d\n" });
  const parse = (text: string) => parseClassNames(nodeStore, text);
  expect(await parse(" cat,, dog,")).toEqual(["cat", "dog"]);
  expect(await parse("cafe\u0301")).toEqual(["caf\u00e9"]);
  expect(await parse(join(root, "list.txt"))).toEqual(["a", "b"]);
  expect(await parse(join(root, "list.NAMES"))).toEqual(["c"]);
  expect(await parse(join(root, "list"))).toEqual(["d"]);
  await expect(parse(join(root, "missing.json"))).rejects.toThrow(/missing\.json/);
  await expect(parse(" , ")).rejects.toThrow(/class names: no classes/);
});

test("classes.json has the index, name and colors of every label, two spaces deep", () => {
  const text = classesJson(["cat", "dog"]);
  const color = (label: number): string => hexColor(vocPalette[label]!);
  expect(JSON.parse(text)).toEqual({
    classes: [
      { index: 0, name: "background", color: color(0) },
      { index: 1, name: "cat", color: color(1), overlayColor: hexColor(overlayColor(1)) },
      { index: 2, name: "dog", color: color(2), overlayColor: hexColor(overlayColor(2)) },
    ],
    ignore: { index: 255, color: color(255) },
  });
  expect(text).toMatch(/^\{\n {2}"classes": \[\n {4}\{\n {6}"index": 0,/);
  expect(text.endsWith("}\n")).toBe(true);
});

test("ignored pixels have the first name that is no class", () => {
  expect(ignoredName(["cat"])).toBe("ignored");
  expect(ignoredName([" Ignored "])).toBe("void");
  expect(ignoredName(["VOID", "ignored"])).toBe("ignored (255)");
  expect(ignoredName(["ignored", "void", "ignored (255)", "label 255"])).toBe("ignored");
});

test("classes beside masks come from the file of that name, the folder, the folder above, then a list", async () => {
  const own = { "set/m.classes.json": '["own"]' };
  const here = { "set/classes.json": '["here"]' };
  const above = { "classes.json": '["above"]' };
  const list = { "set/classes.txt": "list\n" };
  const beside = async (files: Record<string, string>, isFolder: boolean) => {
    const root = await makeFolder({ "set/": "", ...files });
    return classesBeside(nodeStore, join(root, isFolder ? "set" : "set/m.json"), isFolder);
  };
  expect(await beside({ ...own, ...here, ...above, ...list }, false)).toEqual(["own"]);
  expect(await beside({ ...here, ...above, ...list }, false)).toEqual(["here"]);
  expect(await beside({ ...own, ...here, ...above, ...list }, true)).toEqual(["here"]);
  expect(await beside({ ...above, ...list }, true)).toEqual(["above"]);
  expect(await beside(list, false)).toEqual(["list"]);
  expect(await beside({ "set/classes.json/": "", ...list }, true)).toEqual(["list"]);
  expect(await beside({}, true)).toBeUndefined();
});
