import fc from "fast-check";
import { expect, test } from "vitest";
import { holdOut } from "../../../src/method/data/split.ts";
import type { Sample } from "../../../src/method/data/sample.ts";
import { assemble } from "../../../src/files/datasets/assemble.ts";
import type { Named } from "../../../src/files/datasets/listing/entry.ts";
import { ImageList } from "../../../src/files/datasets/listing/image-list.ts";
import { lookUpListed } from "../../../src/files/datasets/layouts/lists.ts";
import { NameTable } from "../../../src/files/datasets/listing/name-table.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { Random } from "../../../src/engine/random.ts";

const text = fc.string({ unit: fc.constantFrom(..."abc"), maxLength: 6 });
const texts = fc.array(text, { maxLength: 900, size: "max" });

test("texts put in and looked up many at a time have the numbers of one by one", () => {
  const property = fc.property(texts, texts, (given, wanted) => {
    const [one, many] = [new NameTable(4), new NameTable(4)];
    const told: [number, boolean][] = [];
    many.addAll(given, (_, id, isNew) => told.push([id, isNew]));
    const seen = new Set<string>();
    const expected = given.map((value) => {
      const isNew = !seen.has(value);
      seen.add(value);
      return [one.add(value), isNew];
    });
    expect(told).toEqual(expected);
    expect(many.size).toBe(one.size);
    expect([...many.findAll(wanted)]).toEqual(wanted.map((value) => one.find(value) ?? -1));
  });
  fc.assert(property, { seed: 13, numRuns: 100 });
});

test("what is told of a text may put in others, which later texts then find", () => {
  const table = new NameTable(1);
  const given = Array.from({ length: 1000 }, (_, i) => `${i}`);
  const fresh: number[] = [];
  table.addAll(given, (i, _, isNew) => {
    if (isNew) fresh.push(i);
    table.add(`${i + 1}`);
  });
  expect(fresh).toEqual([0]);
  expect(table.size).toBe(1001);
});

test("listed names are found whole, else without ending, else kept as they are", () => {
  const list = new ImageList(["a", "b.c", "d.jpg", "d"]);
  const texts = ["a", " x/a.jpg y/a.png ", "b.c", "b.c.png", "d.jpg", "e.jpg", "e.f", "", ".jpg"];
  const images: Named[] = [];
  const textOf = (text: string): string => text;
  const lookup = lookUpListed(list, { textOf, take: (_, image) => images.push(image) });
  for (const text of texts) lookup.push(text);
  lookup.end();
  expect(images.map(({ name, id }) => [name, id])).toEqual([
    ...[
      ["a", 0],
      ["a", 0],
      ["b.c", 1],
      ["b.c", 1],
      ["d.jpg", 2],
      ["e", undefined],
    ],
    ...[
      ["e.f", undefined],
      ["", undefined],
      [".jpg", undefined],
    ],
  ]);
});

test("listed images come back as they were put in", () => {
  const names = Array.from({ length: 3000 }, (_, i) => `n${i}`);
  const list = new ImageList(names.filter((_, i) => i % 3));
  const { listed } = list;
  const all = names.map((name, i) => {
    const id = list.find(name);
    const [split, from] =
      i < 1000 ? ["train", "a.txt"] : i < 2000 ? ["val", "b.txt"] : ["val", "c"];
    return { name, id, split, from, line: i < 2000 ? i + 1 : undefined };
  });
  expect(listed.splitOf(all[1]!)).toBeUndefined();
  for (const item of all) listed.push(item);
  expect(all.map((item) => listed.splitOf(item))).toEqual(all.map(({ split }) => split));
  const found = [...listed].map(({ name, id, split, from, line }) => ({
    name,
    id,
    split,
    from,
    line,
  }));
  expect(found).toEqual(all);
  expect([listed.length, [...listed.splits]]).toEqual([3000, ["train", "val"]]);
});

test("every line is looked up once, in order, unless it is cleared while it waits", () => {
  const names = Array.from({ length: 700 }, (_, i) => `n${i}`);
  const taken: [number, number | undefined][] = [];
  const lookup = new ImageList(names).lookup<number>({
    nameOf: (line) => `n${line}`,
    take: (line, { id }) => taken.push([line, id]),
  });
  for (let line = 0; line < 300; line++) lookup.push(line);
  const before = taken.length;
  expect(before).toBeLessThan(300);
  lookup.clear();
  for (let line = 600; line < 1200; line++) lookup.push(line);
  lookup.end();
  const lines = [...Array(before).keys(), ...Array.from({ length: 600 }, (_, i) => 600 + i)];
  expect(taken).toEqual(lines.map((line) => [line, line < 700 ? line : undefined]));
});

test("a finished list has its images and no names, and a cleared one its names and no images", () => {
  const list = new ImageList(["a", "b"]);
  const common = { folder: "f", tags: ["t"], untagged: false };
  const push = (file: string, split: string): void =>
    list.push({ file, place: file, split, ...common });
  push("a.jpg", "val");
  list.clear();
  expect([list.length, list.find("b"), list.nameAt(1)]).toEqual([0, 1, "b"]);
  push("b.jpg", "train");
  list.listed.push({ name: "b", id: 1, split: "train", from: "train.txt", line: 1 });
  expect(list.finish()).toBe(list);
  expect([list.find("b"), list.listed.length]).toEqual([undefined, 0]);
  expect([list.length, list.at(0).file, list.splitAt(0)]).toEqual([1, "b.jpg", "train"]);
});

test("names are made unique in the order of the images, whatever came before them", async () => {
  const stems = ["a", "A", "a-2", "b/a", "a-3", "é", "a-2", "x?y", "x-y"];
  const property = fc.asyncProperty(
    fc.array(fc.constantFrom(...stems), { maxLength: 700, size: "max" }),
    async (chosen) => {
      const images = new ImageList();
      chosen.forEach((stem, i) => {
        const file = `${stem.split("/").at(-1)!}.jpg`;
        const common = { folder: "f", tags: ["t"], untagged: false, split: "train" };
        images.push({ file, place: `${i}/${file}`, ...common });
      });
      const listing = { format: "plain", images, distinct: true, problems: [] } as const;
      const how = { seed: 0, valFraction: 0, strict: false, headers: false };
      const { splits } = await assemble(nodeHost, listing, how);
      const taken = new Set<string>();
      const expected = chosen.map((stem) => {
        const base = stem.split("/").at(-1)!.replace("?", "-");
        let name = base;
        for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${base}-${n}`;
        taken.add(name.toLowerCase());
        return name;
      });
      expect((splits["train"] ?? []).map(({ name }) => name)).toEqual(expected);
    },
  );
  await fc.assert(property, { seed: 17, numRuns: 60 });
});

test("images held out are the first of the shuffled ones that leave each class an image", () => {
  const tags = fc.array(fc.nat(4), { maxLength: 3 }).map((list) => [...new Set(list)]);
  const image = fc.tuple(tags, fc.boolean());
  const property = fc.property(fc.array(image, { maxLength: 40 }), fc.nat(9), (images, seed) => {
    const samples: Sample[] = images.map(([own, masked], i) => {
      const sample = { name: `${i}`, image: `${i}.jpg`, tags: own };
      return masked ? { ...sample, mask: `${i}.png` } : sample;
    });
    const masked = samples.filter(({ mask }) => mask !== undefined);
    const wanted = Math.max(1, Math.round(samples.length * 0.3));
    const val = new Set<Sample>();
    const rest = (tag: number): number =>
      samples.filter((sample) => sample.tags.includes(tag) && !val.has(sample)).length;
    const order = Random.at(seed, "hold-out").shuffle(masked.length > 0 ? masked : samples);
    for (const sample of order) {
      if (val.size >= wanted || val.size + 1 >= samples.length) break;
      if (sample.tags.every((tag) => rest(tag) >= 2)) val.add(sample);
    }
    expect(holdOut(samples, { seed, fraction: 0.3 })).toEqual({
      train: samples.filter((sample) => !val.has(sample)),
      val: samples.filter((sample) => val.has(sample)),
    });
  });
  fc.assert(property, { seed: 19, numRuns: 300 });
});
