import fc from "fast-check";
import { expect, test } from "vitest";
import { holdOut } from "../../../src/method/data/split.ts";
import type { Sample } from "../../../src/method/data/sample.ts";
import { assemble } from "../../../src/files/datasets/listing/assemble.ts";
import { Batch } from "../../../src/files/datasets/listing/batch.ts";
import { Entries } from "../../../src/files/datasets/listing/entries.ts";
import { ListedImages } from "../../../src/files/datasets/listing/listed-images.ts";
import { findListed } from "../../../src/files/datasets/layouts/lists.ts";
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
  const names = new NameTable();
  for (const name of ["a", "b.c", "d.jpg", "d"]) names.add(name);
  const listed = ["a", " x/a.jpg y/a.png ", "b.c", "b.c.png", "d.jpg", "e.jpg", "e.f", "", ".jpg"];
  expect(findListed(listed, names).map(({ name, id }) => [name, id])).toEqual([
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
  const names = new NameTable();
  const all = Array.from({ length: 3000 }, (_, i) => {
    const id = i % 3 ? names.add(`n${i}`) : undefined;
    const [split, from] =
      i < 1000 ? ["train", "a.txt"] : i < 2000 ? ["val", "b.txt"] : ["val", "c"];
    return { name: `n${i}`, id, split, from, line: i < 2000 ? i + 1 : undefined };
  });
  const listed = new ListedImages(names);
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

test("a batch hands on everything once, in order, and nothing that was cleared", () => {
  const handed: number[][] = [];
  const batch = new Batch<number>((items) => handed.push([...items]), 2);
  for (const item of [1, 2, 3]) batch.push(item);
  batch.clear();
  batch.push(4);
  batch.end();
  expect(handed).toEqual([[1, 2], [4]]);
});

test("names are made unique in the order of the images, whatever came before them", async () => {
  const stems = ["a", "A", "a-2", "b/a", "a-3", "é", "a-2", "x?y", "x-y"];
  const property = fc.asyncProperty(
    fc.array(fc.constantFrom(...stems), { maxLength: 700, size: "max" }),
    async (chosen) => {
      const entries = new Entries();
      chosen.forEach((stem, i) => {
        const file = `${stem.split("/").at(-1)!}.jpg`;
        const common = { folder: "f", tags: ["t"], untagged: false, split: "train" };
        entries.push({ file, place: `${i}/${file}`, ...common });
      });
      const listing = { format: "plain", entries, distinct: true, problems: [] } as const;
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
