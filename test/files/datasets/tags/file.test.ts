import { readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeStore } from "../../../../src/host/node/files/store.ts";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { writeTags } from "../../../../src/files/datasets/index.ts";
import type { TagLine } from "../../../../src/files/datasets/listing/listing.ts";
import { readTagsFile } from "../../../../src/files/datasets/tags/file.ts";
import { maskSource, numbersOf, TagSources, xmlSource, type Answer } from "../../../../src/files/datasets/tags/sources.ts"; // prettier-ignore
import { UserError } from "../../../../src/user-error.ts";
import { makeFolder, Mask } from "../folders.ts";
import { npyHeader, tagsNpy } from "../mini-npy.ts";

async function read(name: string, content: string | Uint8Array, classes?: readonly string[]) {
  const path = join(await makeFolder({ [name]: content }), name);
  const lines: TagLine[] = [];
  const taker = { take: (line: TagLine) => lines.push(line), clear: () => (lines.length = 0) };
  const problems = await readTagsFile(nodeStore, path, classes, taker);
  return { tags: lines.map(({ file, tags }) => [file, tags]), problems };
}

test.each<[string, string | Uint8Array]>([
  ["t.CSV", "file,tags\na,x\n"],
  ["t.jsonl", '{"file":"a","tags":["x"]}'],
  ["t.json", '{"a":["x"]}'],
  ["t.npy", tagsNpy(new Map([["a", [0, 1]]]))],
])("tags are read by the ending of %s", async (name, content) => {
  expect(await read(name, content, ["w", "x"])).toEqual({ tags: [["a", ["x"]]], problems: [] });
});

test("files of other endings are refused, unless they are missing, which is said first", async () => {
  await expect(read("t.txt", "")).rejects.toThrow(/t\.txt: .*\.csv, \.jsonl, \.json.*\.npy/);
  const taker = { take: () => 0, clear: () => 0 };
  await expect(readTagsFile(nodeStore, "/nowhere/t.txt", [], taker)).rejects.toThrow(/^(?!.*\.csv).*nowhere/); // prettier-ignore
});

describe("vectors of tags", () => {
  test("share a list if they are alike", async () => {
    const vectors = new Map([["a", [1, 0, 1]], ["b", [1, 0, 1]], ["c", [0, 0, 0]]]); // prettier-ignore
    const { tags } = await read("t.npy", tagsNpy(vectors), ["x", "y", "z"]);
    expect(tags).toEqual([["a", ["x", "z"]], ["b", ["x", "z"]], ["c", []]]); // prettier-ignore
    expect(tags[0]![1]).toBe(tags[1]![1]);
  });

  test("that are too long, too short, or of other numbers are told, and the others taken", async () => {
    const vectors = new Map([["a", [1]], ["b", [1, 0, 1]], ["c", [0, 2]], ["d", [0, 1]]]); // prettier-ignore
    const { tags, problems } = await read("t.npy", tagsNpy(vectors), ["x", "y"]);
    expect(tags).toEqual([["d", ["y"]]]);
    expect(problems.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      expect.stringMatching(/^error a .*\b1\b.*\b2\b/),
      expect.stringMatching(/^error b .*\b3\b.*\b2\b/),
      expect.stringMatching(/^error c .*\b2\b/),
    ]);
  });

  test("need the names of the classes, a dictionary, and 256 MiB at most", async () => {
    const good = tagsNpy(new Map([["a", [1]]]));
    await expect(read("t.npy", good)).rejects.toThrow(/t\.npy: .*classes\.txt/);
    const array = Buffer.concat([npyHeader("<f4", "(2,)"), Buffer.alloc(8)]);
    await expect(read("t.npy", array, ["x"])).rejects.toThrow(UserError);
    // A pickle of the number 7.
    const number = Buffer.concat([npyHeader("|O", "()"), Buffer.of(0x80, 2, 0x4b, 7, 0x2e)]);
    await expect(read("t.npy", number, ["x", "y"])).rejects.toThrow(/t\.npy: .*dictionary.*\b2\b/);
    const path = join(await makeFolder({ "t.npy": "" }), "t.npy");
    truncateSync(path, 256 * 2 ** 20 + 1);
    const taker = { take: () => 0, clear: () => 0 };
    await expect(readTagsFile(nodeStore, path, ["x"], taker)).rejects.toThrow(/268435457 .*268435456/); // prettier-ignore
  });
});

test.each([
  ["2007_000032", ["2007000032"]],
  ["COCO_train2014_000000000009", ["9"]],
  ["000000000120", ["120"]],
  ["x000000000120", []],
  ["2007_00032", []],
  ["a", []],
])("%s has the numbers %j", (name, expected) => {
  expect(numbersOf(name)).toEqual(expected);
});

test("sources are asked in turn, at once or later, and counted if they know the tags", async () => {
  const problem = { severity: "warning", file: "f", message: "m" } as const;
  const answers: Record<string, (Answer | Promise<Answer>)[]> = {
    a: [["x"], ["y"], ["z"]],
    b: [undefined, ["y"], ["z"]],
    c: [undefined, Promise.resolve(undefined), ["z"]],
    d: [undefined, Promise.resolve(["y"]), ["z"]],
    e: [problem, ["y"], ["z"]],
    f: [undefined, undefined, undefined],
    g: [[], ["y"], ["z"]],
  };
  const sources = new TagSources(
    ["A", "B", "C"].map((from, i) => ({
      from,
      read: ({ name }: { name: string }) => answers[name]![i],
    })),
  );
  const asked = Object.keys(answers).map((name) => sources.read({ name, id: undefined }));
  expect(asked.map((answer) => answer instanceof Promise)).toEqual([false, false, true, true, false, false, false]); // prettier-ignore
  expect(await Promise.all(asked.map(async (answer) => answer))).toEqual([
    ["x"],
    ["y"],
    ["z"],
    ["y"],
    problem,
    undefined,
    [],
  ]);
  expect(sources.names).toBe("A, B, C");
  expect(sources.used.map(({ from, images }) => [from, images])).toEqual([["A", 2], ["B", 2], ["C", 1]]); // prettier-ignore
});

test("tags of a mask are its classes; labels beyond them and broken masks are told", async () => {
  const root = await makeFolder({
    "a.png": new Mask([0, 2, 255, 2], 4, 1),
    "b.png": new Mask([3], 1, 1),
    "c.png": "x",
    "d.png": new Mask([254], 1, 1),
  });
  const maskOf = ({ name }: { name: string }) => (name === "none" ? undefined : join(root, `${name}.png`)); // prettier-ignore
  const source = maskSource(nodeHost.codec, ["x", "y"], maskOf);
  const ask = (name: string) => source.read({ name, id: undefined });
  expect(await ask("a")).toEqual(["y"]);
  expect(ask("none")).toBeUndefined();
  const error = { severity: "error", file: join(root, "b.png") };
  expect(await ask("b")).toMatchObject({ ...error, message: expect.stringMatching(/\b3\b.*\b2\b/) as string }); // prettier-ignore
  expect(await ask("c")).toMatchObject({ severity: "error", message: expect.not.stringContaining(root) as string }); // prettier-ignore
  expect(await ask("d")).toMatchObject({ message: expect.stringMatching(/\b254\b/) as string });
});

test("what is no mistake in a file is thrown on", async () => {
  const failure = new Error("the disk is gone");
  const codec = { ...nodeHost.codec, decodeLabels: () => Promise.reject(failure) };
  const source = maskSource(codec, ["x"], () => "m.png");
  await expect(source.read({ name: "a", id: undefined })).rejects.toBe(failure);
  const pieces = () => {
    throw failure;
  };
  const taker = { take: () => 0, clear: () => 0 };
  for (const name of ["t.csv", "t.json", "t.jsonl"])
    await expect(readTagsFile({ ...nodeStore, pieces }, name, [], taker)).rejects.toBe(failure);
});

test("tags of an annotation are the names of its objects, one or several, or why there are none", async () => {
  const annotation = (...names: string[]) =>
    `<annotation>${names.map((name) => `<object>${name}</object>`).join("")}</annotation>`;
  const root = await makeFolder({
    "Annotations/a.xml": annotation("<name> cafe\u0301 </name>"),
    "Annotations/b.xml": annotation("<name>x</name>", "<name>y</name>", "<name>x</name>"),
    "Annotations/c.xml": annotation(),
    "Annotations/d.xml": annotation("<name>x</name>", "<pose/>"),
    "Annotations/e.xml": "<a>\n<b>\n</a>",
    "Annotations/f.xml": "<other/>",
    "Annotations/g.xml": annotation("<__proto__>x</__proto__><name>R&amp;D &#233; &own;</name>"),
  });
  const source = (await xmlSource(nodeStore, root))!;
  const ask = (name: string) => source.read({ name, id: undefined });
  expect(await ask("a")).toEqual(["caf\u00e9"]);
  expect(await ask("b")).toEqual(["x", "y"]);
  expect(await ask("c")).toEqual([]);
  expect(await ask("g")).toEqual(["R&D \u00e9 &own;"]);
  expect(ask("missing")).toBeUndefined();
  const problem = (name: string, line?: number) => ({
    severity: "warning",
    leftOut: true,
    file: join(root, `Annotations/${name}.xml`),
    ...(line !== undefined && { line }),
    message: expect.stringMatching(new RegExp(`\\b${name}\\b.*left out$`)) as string,
  });
  expect(await ask("d")).toEqual(problem("d"));
  expect(await ask("e")).toEqual(problem("e", 3));
  expect(await ask("f")).toEqual(problem("f"));
  expect(await xmlSource(nodeStore, join(root, "Annotations"))).toBeUndefined();
});

test("tags are written by file name and split, unknown ones left out, and like names refused", async () => {
  const path = join(await makeFolder({}), "t.csv");
  const splits = {
    train: [
      { name: "a", image: "/d/a,b.jpg", tags: [1, 0] },
      { name: "b", image: "/d/x/b.jpg", tags: [] },
    ],
    test: [{ name: "c", image: "/d/c.jpg", tags: [], untagged: true as const }],
  };
  const classes = ["cat", "dog"];
  expect(await writeTags(nodeStore, path, { classes, splits })).toBe(2);
  expect(readFileSync(path, "utf8")).toBe('file,tags,split\n"a,b.jpg",dog;cat,train\nb.jpg,,train\n'); // prettier-ignore
  const more = { ...splits, val: [{ name: "d", image: "/d/y/b.jpg", tags: [] }] };
  await expect(writeTags(nodeStore, path, { classes, splits: more })).rejects.toThrow(/t\.csv: .*\/d\/x\/b\.jpg.*\/d\/y\/b\.jpg/); // prettier-ignore
});

describe("encodings of spreadsheets", () => {
  const table = "file,tags\ncaf\u00e9.jpg,bolt\n";
  const swapped = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16();
  test.each<[string, Uint8Array]>([
    ["UTF-16", Buffer.from(`\uFEFF${table}`, "utf16le")],
    ["UTF-16 of other byte order", swapped(Buffer.from(`\uFEFF${table}`, "utf16le"))],
    ["UTF-16 without a mark", Buffer.from(table, "utf16le")],
  ])("%s is read", async (_, bytes) => {
    const expected = { tags: [["caf\u00e9.jpg", ["bolt"]]], problems: [] };
    expect(await read("t.csv", bytes)).toEqual(expected);
    const json = Buffer.from('\uFEFF{"caf\u00e9.jpg":["bolt"]}', "utf16le");
    expect(await read("t.json", json)).toEqual(expected);
  });

  test("lines that are not UTF-8 are read as Windows-1252, which is told once", async () => {
    const bytes = Buffer.concat([
      Buffer.from(table),
      Buffer.from("r\u00fcbe.jpg,nut\n\u00fc,x\n", "latin1"),
    ]);
    const { tags, problems } = await read("t.csv", bytes);
    expect(tags.map(([file]) => file)).toEqual(["caf\u00e9.jpg", "r\u00fcbe.jpg", "\u00fc"]);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/is not UTF-8; .*Windows-1252, as in "r\u00fcbe\.jpg,nut"/),
    ]);
  });
});
