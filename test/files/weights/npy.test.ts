import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { arrayOf, readNpy } from "../../../src/files/weights/npy.ts";
import { readTagsFile } from "../../../src/files/datasets/tags/file.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { UserError } from "../../../src/user-error.ts";
import type { Problem, TagLine } from "../../../src/files/datasets/listing/listing.ts";
import { makeFolder } from "../datasets/folders.ts";
import { npyHeader, tagsNpy } from "../datasets/mini-npy.ts";

/** Files that NumPy 2.4.6 wrote: `numpy.save`, and dictionaries in pickles of several protocols. */
const numpy = new Map(
  Object.entries(
    JSON.parse(readFileSync(join(import.meta.dirname, "../datasets/numpy.json"), "utf8")) as Record<
      string,
      string
    >,
  ).map(([name, base64]) => [name, new Uint8Array(Buffer.from(base64, "base64"))]),
);

async function readAll(
  path: string,
  classes: readonly string[],
): Promise<{ lines: readonly TagLine[]; problems: readonly Problem[] }> {
  const lines: TagLine[] = [];
  const taker = { take: (line: TagLine) => lines.push(line), clear: () => (lines.length = 0) };
  const problems = await readTagsFile(nodeHost.store, path, classes, taker);
  return { lines, problems };
}

test.each([
  ["bigFortran", [2, 3], [-2, -1, 0, 1, 2, 3]],
  ["half", [3], [0.5, -2, 65504]],
  ["bool", [3], [1, 0, 1]],
  ["long", [2], [1, 2 ** 40]],
])("NumPy's array %s is read", (name, shape, numbers) => {
  const array = readNpy(numpy.get(name)!, "x.npy");
  expect(array.shape).toEqual(shape);
  expect([...Array.from(array.numbers())]).toEqual(numbers);
});

test.each([
  ["protocol0", [["a", ["x", "z"]]]],
  [
    "protocol2",
    [
      ["2007000032", ["x", "z"]],
      ["b.jpg", ["y"]],
    ],
  ],
  [
    "protocol5",
    [
      ["a", ["x", "z"]],
      ["9", ["z"]],
    ],
  ],
])("tags are read from NumPy's dictionary in %s", async (name, tags) => {
  const root = await makeFolder({ "t.npy": numpy.get(name)! });
  const { lines, problems } = await readAll(join(root, "t.npy"), ["x", "y", "z"]);
  expect(problems).toEqual([]);
  expect(lines.map((line) => [line.file, line.tags])).toEqual(tags);
});

test("a pickle that names os.system is refused by that name", async () => {
  const root = await makeFolder({ "t.npy": numpy.get("evil")! });
  const reading = readAll(join(root, "t.npy"), ["x"]);
  await expect(reading).rejects.toThrow(UserError);
  await expect(reading).rejects.toThrow(/(os|posix)\.system/);
});

const good = tagsNpy(new Map([["a", [1, 0]], ["b", [0, 0]]])); // prettier-ignore
test.each([
  [Buffer.from("PK"), "not a .npy file"],
  [Buffer.from("\x93NUMPY\x09\x00v\x00 {}", "latin1"), ".npy version 9"],
  [good.subarray(0, 60), "(at most 65536 are read), the file has 50 after it begins"],
  [good.subarray(0, 300), "t.npy"],
  [Buffer.concat([npyHeader("<f4", "(3,)"), Buffer.alloc(8)]), "has 8 bytes, expected 12"],
  [Buffer.concat([npyHeader("<f4", "(99999999999, 99999999999)")]), "has 0 bytes, expected"],
  [Buffer.concat([npyHeader("<M8[ns]", "(1,)"), Buffer.alloc(8)]), 'type "<M8[ns]"'],
  [npyHeader("', __import__('os').system('x'), '", "()"), "expected 'descr'"],
  [
    Buffer.concat([npyHeader("<f4", "(2,)"), Buffer.alloc(8)]),
    "where one Python object is expected",
  ],
])("another file is refused in words (%#)", async (bytes, message) => {
  const root = await makeFolder({ "t.npy": bytes });
  const reading = readAll(join(root, "t.npy"), ["x", "y"]);
  await expect(reading).rejects.toThrow(UserError);
  await expect(reading).rejects.toThrow(message);
});

test("a type or a text that is a tree of lists is refused before anybody writes it out", () => {
  const tree = `X\x01\x00\x00\x00a${"q\x000](h\x00h\x00e".repeat(40)}\x85R.`;
  for (const [name, message] of [
    ["cnumpy\ndtype\n", /a NumPy type in its pickle is named by a value that is not text/],
    ["c_codecs\nencode\n", /encodes a value that is not text/],
  ] as const) {
    const bytes = Buffer.concat([npyHeader("|O", "()"), Buffer.from(name + tree, "latin1")]);
    expect(() => readNpy(bytes, "x.npy")).toThrow(message);
  }
});

test("vectors that do not fit the classes are told by name", async () => {
  const tags = new Map([["a", [1, 0]], ["b", [1, 0, 1]], ["c", [1, 2, 0]], ["__proto__", [0, 0, 1]]]); // prettier-ignore
  const root = await makeFolder({ "t.npy": tagsNpy(tags) });
  const { lines, problems } = await readAll(join(root, "t.npy"), ["x", "y", "z"]);
  expect(lines.map(({ file, tags }) => [file, tags])).toEqual([
    ["b", ["x", "z"]],
    ["__proto__", ["z"]],
  ]);
  expect(problems.map(({ message }) => message)).toEqual([
    "a has a vector of 2 numbers, expected 3, one for each class",
    "c has 2 in its vector, expected zeros and ones",
  ]);
});

test("a damaged .npy file is read or refused in words", () => {
  const whole = [...numpy.values(), good];
  const changes = fc.array(fc.tuple(fc.nat(999), fc.nat(255)), { minLength: 1, maxLength: 4 });
  const property = fc.property(fc.nat(whole.length - 1), changes, fc.boolean(), (i, edits, cut) => {
    let bytes = Uint8Array.from(whole[i]!);
    for (const [place, value] of edits) bytes[Math.floor((place * bytes.length) / 1000)] = value;
    if (cut) bytes = bytes.subarray(0, Math.floor((edits[0]![0] * bytes.length) / 1000));
    try {
      const array = readNpy(bytes, "x.npy");
      if (array.shape.length > 0) array.numbers();
      else if (array.item() instanceof Map) {
        for (const value of (array.item() as Map<unknown, unknown>).values()) arrayOf(value);
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  });
  fc.assert(property, { seed: 7, numRuns: 1500 });
});
