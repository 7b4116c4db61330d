import { describe, expect, test } from "vitest";
import { assemble, checkClasses, inReadingOrder } from "../../../src/files/datasets/assemble.ts";
import {
  headerProblem,
  mayReadHeaders,
  messageWithoutPath,
  readHeaders,
} from "../../../src/files/datasets/check-headers.ts";
import type { Entry } from "../../../src/files/datasets/listing/entry.ts";
import { ImageList } from "../../../src/files/datasets/listing/image-list.ts";
import { formatProblem, type Listing, type Problem } from "../../../src/files/datasets/listing/listing.ts"; // prettier-ignore
import { nodeHost } from "../../../src/host/node/host.ts";
import { makeFolder, Mask, Picture } from "./folders.ts";
import { UserError } from "../../../src/user-error.ts";

type Given = Partial<Entry> & { readonly file: string };

/** A listing of images in the folder /d, listed in /d/list line by line. */
function listing(given: readonly Given[], more: Partial<Listing> = {}): Listing {
  const images = new ImageList();
  given.forEach((entry, i) => {
    const common = { folder: "/d", place: entry.file, tags: ["t"], untagged: false };
    images.push({ ...common, split: undefined, from: "/d/list", line: i + 1, ...entry });
  });
  return { format: "plain", images, distinct: false, problems: [], ...more };
}

async function assembled(given: readonly Given[], more: Partial<Listing> = {}, options = {}) {
  const how = { seed: 0, valFraction: 0, strict: false, headers: false, ...options };
  const data = await assemble(nodeHost, listing(given, more), how);
  const told = data.problems.map((one) => `${one.severity} ${formatProblem(one)}`);
  return { ...data, told };
}

test("problems are in reading order: errors first, then by file, then by line", () => {
  const order = [
    ["error", "b", 9],
    ["error", "c", undefined],
    ["error", "c", 1],
    ["error", "c", 2],
    ["error", "c", 10],
    ["warning", "a", 3],
    ["warning", "a", 4],
    ["warning", "b", undefined],
  ] as const;
  const problems = order.map(([severity, file, line]): Problem => ({ severity, file, message: "", ...(line !== undefined && { line }) })); // prettier-ignore
  const mixed = [5, 2, 7, 0, 4, 1, 6, 3].map((i) => problems[i]!);
  expect(mixed.sort(inReadingOrder)).toEqual(problems);
  for (const [i, a] of problems.entries())
    for (const b of problems.slice(i + 1)) {
      expect(inReadingOrder(a, b)).toBeLessThan(0);
      expect(inReadingOrder(b, a)).toBeGreaterThan(0);
    }
});

describe("an image that is listed twice", () => {
  const one = { file: "a.jpg" };
  test.each<[string, Given, Given, string | undefined, RegExp | undefined]>([
    ["in no split", one, one, undefined, /^warning \/d\/list:2: a\.jpg .*line 1/],
    ["in one split", { ...one, split: "val" }, { ...one, split: "val" }, "val", /^warning/],
    ["in a split first", { ...one, split: "val" }, one, "val", /^warning/],
    ["in a split later", one, { ...one, split: "val" }, "val", /^warning/],
    ["in two splits", { ...one, split: "train" }, { ...one, split: "val" }, "train", /^error \/d\/list:2: a\.jpg .*"train".*"val"/], // prettier-ignore
  ])("%s", async (_, first, second, split, message) => {
    const given = [
      { ...first, tags: ["u", "t"] },
      { ...second, tags: ["v", "u"] },
    ];
    const { splits, classes, told } = await assembled(given);
    expect(classes).toEqual(["t", "u", "v"]);
    expect(told).toEqual([expect.stringMatching(message!)]);
    const all = Object.entries(splits).flatMap(([name, samples]) => samples.map(({ tags }) => [name, tags])); // prettier-ignore
    expect(all).toEqual([[split ?? "train", [0, 1, 2]]]);
  });

  test("has no earlier line where none is known, and is another in another folder", async () => {
    const { told, splits } = await assembled([
      { ...one, line: undefined },
      { ...one, line: undefined },
      { ...one, folder: "/e" },
    ]);
    expect(told).toEqual([expect.stringMatching(/^warning \/d\/list: a\.jpg/)]);
    expect(told[0]).not.toMatch(/\d/);
    expect(splits["train"]!.map(({ name, image }) => [name, image])).toEqual([
      ["a", "/d/a.jpg"],
      ["a-2", "/e/a.jpg"],
    ]);
  });
});

test("classes are the tags in alphabetical order, and must differ by more than case", async () => {
  const given = [
    { file: "a", tags: ["dog"] },
    { file: "b", tags: ["cat", "Dog"] },
    { file: "c", tags: ["DOG", "Dog"] },
  ];
  const { classes, told } = await assembled(given);
  expect(classes).toEqual(["DOG", "cat"]);
  expect(told.map((text) => text.slice(0, 15))).toEqual(["error /d/list:1", "error /d/list:3"]);
  expect(told[0]).toMatch(/"DOG" and "dog"/);
  expect(told[1]).toMatch(/"DOG" and "Dog"/);
});

describe("where a file lists the classes", () => {
  const classes = { names: ["cat", "dog"], file: "/d/classes.txt" };
  test("unknown tags are told for every image that has them, with what may be meant", async () => {
    const tags = ["dgo", "zebra", "dog"];
    const given = [
      { file: "a", tags },
      { file: "b", tags },
      { file: "c", tags: ["cat"] },
    ];
    const { told, splits } = await assembled(given, { classes });
    expect(told).toHaveLength(4);
    for (const [i, line] of [1, 1, 2, 2].entries())
      expect(told[i]).toContain(`error /d/list:${line}: `);
    for (const i of [0, 2]) expect(told[i]).toMatch(/"dgo".*\/d\/classes\.txt.*"dog"/);
    for (const i of [1, 3]) expect(told[i]).toMatch(/"zebra"[^"]*$/);
    expect(splits["train"]!.map((sample) => sample.tags)).toEqual([[1], [1], [0]]);
  });

  test.each([
    [1, ["k1"]],
    [3, ["k1", "k2", "k3"]],
    [4, ["k1, k2, k3, k4"]],
  ])("%i classes without images are told in few words", async (count, expected) => {
    const names = ["t", ...Array.from({ length: count }, (_, i) => `k${i + 1}`)];
    const { told } = await assembled([{ file: "a" }], { classes: { names, file: "/d/c" } });
    expect(told).toHaveLength(expected.length);
    expected.forEach((text, i) => {
      expect(told[i]).toMatch(/^warning \/d\/c: /);
      expect(told[i]).toContain(text);
    });
    if (count > 3) expect(told[0]).toContain(`${count} of the ${count + 1} classes`);
  });
});

test("images without tags are told unless their tags are unknown, and share lists of tags", async () => {
  const tags = ["b", "a"];
  const given = [
    { file: "a", tags },
    { file: "b", tags: [] },
    { file: "c", tags: [], untagged: true },
    { file: "d", tags },
  ];
  const { told, splits } = await assembled(given);
  expect(told).toEqual([expect.stringMatching(/^warning \/d\/list:2: b has no tags/)]);
  const [a, b, c, d] = splits["train"]!;
  expect([a!.tags, b!.untagged, c!.untagged]).toEqual([[0, 1], undefined, true]);
  expect(a!.tags).toBe(d!.tags);
});

test("samples are named after their files, in letters that files can have, and their paths are absolute", async () => {
  const given = [
    { file: "a b.v2.jpg", place: "x/a b.v2.jpg" },
    { file: "x/caf\u00e9:*1.png" },
    { file: ".jpg" },
    { file: "m.jpg", mask: "rel/m.png" },
  ];
  const { splits } = await assembled(given);
  expect(splits["train"]).toEqual([
    { name: "a b.v2", image: "/d/x/a b.v2.jpg", tags: [0] },
    { name: "x-caf\u00e9-1", image: "/d/x/caf\u00e9:*1.png", tags: [0] },
    { name: ".jpg", image: "/d/.jpg", tags: [0] },
    { name: "m", image: "/d/m.jpg", tags: [0], mask: nodeHost.store.absolute("rel/m.png") },
  ]);
});

test("splits are those that are named, with train for the rest, and only else held out", async () => {
  const given = ["val", undefined, "val", "test"].map((split, i) => ({ file: `${i}`, split }));
  const named = await assembled(given, {}, { valFraction: 0.5 });
  const names = Object.entries(named.splits).map(([split, all]) => [split, ...all.map(({ name }) => name)]); // prettier-ignore
  expect(names).toEqual([
    ["val", "0", "2"],
    ["train", "1"],
    ["test", "3"],
  ]);
  expect(named.heldOut).toBe(false);
  const bare = await assembled(given.map(({ file }) => ({ file })), {}, { valFraction: 0.5 }); // prettier-ignore
  expect([bare.heldOut, bare.splits["train"]!.length, bare.splits["val"]!.length]).toEqual([true, 2, 2]); // prettier-ignore
  expect((await assembled([])).splits).toEqual({ train: [], val: [] });
});

test("unreadable images are left out, and a class that loses all of its images is an error", async () => {
  const root = await makeFolder({ "a.jpg": new Picture(), "b.jpg": "x", "c.jpg": "x", "d.jpg": "x" }); // prettier-ignore
  const given = ["abcd", "b", "cd", "d"].map((_, i) => {
    const tags = [["cat"], ["cat", "dog"], ["cow"], ["ant", "dog"]][i]!;
    return { file: `${"abcd"[i]}.jpg`, folder: root, tags, split: i === 3 ? "val" : "train" };
  });
  const steps: [number, number, string][] = [];
  const options = { headers: true, onProgress: (...step: [number, number, string]) => steps.push(step) }; // prettier-ignore
  const { splits, told, sizes, places } = await assembled(given, {}, options);
  expect(Object.entries(splits).map(([split, all]) => [split, all.length])).toEqual([["train", 1]]);
  expect(steps).toEqual([1, 2, 3, 4].map((done) => [done, 4, "headers"]));
  const [sample] = splits["train"]!;
  expect([...sizes]).toMatchObject([[sample, { width: 8, height: 6 }]]);
  expect([...places]).toEqual([[sample, 0]]);
  const errors = told.filter((text) => text.startsWith("error"));
  expect(errors).toHaveLength(3);
  expect(errors[0]).toMatch(/^error \/d\/list: class "ant" .*\b1\b/);
  expect(errors[1]).toMatch(/class "cow" .*\b1\b/);
  expect(errors[2]).toMatch(/class "dog" .*\b2\b/);
  expect(told.filter((text) => text.includes("left out") && text.startsWith("warning"))).toHaveLength(3); // prettier-ignore
  const strict = await assembled(given, {}, { headers: true, strict: true });
  expect(strict.problems.filter(({ leftOut }) => leftOut)).toHaveLength(3);
  expect(strict.problems.every(({ severity }) => severity === "error")).toBe(true);
});

test("headers are read of 4,000 images, or of all if asked to be strict", () => {
  expect(mayReadHeaders(4000, { strict: false })).toBe(true);
  expect(mayReadHeaders(4001, { strict: false })).toBe(false);
  expect(mayReadHeaders(4001, { strict: true })).toBe(true);
});

test.each<[string, object, RegExp | undefined]>([
  ["a mask of its size", { "m.png": new Mask([0], 8, 6) }, undefined],
  ["a wider mask", { "m.png": new Mask([0], 9, 6) }, /m\.png: mask is 9x6, .*a\.jpg is 8x6$/],
  ["a higher mask", { "m.png": new Mask([0], 8, 7) }, /m\.png: mask is 8x7, .*a\.jpg is 8x6$/],
  ["a broken mask", { "m.png": "x" }, /m\.png: (?!.*m\.png)./],
])("an image with %s", async (_, files, message) => {
  const root = await makeFolder({ "a.jpg": new Picture(), ...files });
  const [entry] = [...listing([{ file: "a.jpg", folder: root, mask: `${root}/m.png` }]).images];
  const sample = { name: "a", image: `${root}/a.jpg`, tags: [], mask: `${root}/m.png` };
  const facts = await readHeaders(nodeHost, sample, entry!);
  expect(facts.image).toEqual({ width: 8, height: 6 });
  const problem = headerProblem(facts, entry!);
  if (message === undefined) return expect(problem).toBeUndefined();
  expect(problem!.severity).toBe("error");
  expect(formatProblem(problem!)).toMatch(message);
});

test("the words of an error come without the path before them, and other errors are thrown on", () => {
  expect(messageWithoutPath(new UserError("a: b: c"), "a")).toBe("b: c");
  expect(messageWithoutPath(new UserError("x: b"), "a")).toBe("x: b");
  expect(() => messageWithoutPath(new RangeError("a: b"), "a")).toThrow(RangeError);
});

test("what is no mistake in an image is thrown on", async () => {
  const codec = { ...nodeHost.codec, header: () => Promise.reject(new RangeError("a: b")) };
  const [entry] = [...listing([{ file: "a.jpg" }]).images];
  const sample = { name: "a", image: "/d/a.jpg", tags: [] };
  await expect(readHeaders({ ...nodeHost, codec }, sample, entry!)).rejects.toThrow(RangeError);
});

test("a data set needs a class", () => {
  expect(() => checkClasses("/d", [])).toThrow(/^\/d: no image has a tag/);
  expect(() => checkClasses("/d", ["a", "A"])).toThrow(/^\/d: classes 1 and 2/);
  expect(() => checkClasses("/d", ["a"])).not.toThrow();
});
