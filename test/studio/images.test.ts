import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeCodec } from "../../src/host/node/images/codec.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { nodeStore } from "../../src/host/node/files/store.ts";
import { openDataset } from "../../src/files/datasets/index.ts";
import { verdicts } from "../../src/studio/protocol.ts";
import { encodeRecords } from "../../src/studio/records.ts";
import { lotOf, reviewQueue } from "../../src/studio/review/queue.ts";
import { buildIndex } from "../../src/studio/server/images/build-index.ts";
import { ImageIndex } from "../../src/studio/server/images/image-index.ts";
import { readIndex, writeIndex } from "../../src/studio/server/images/index-file.ts";

let folder: string;
let png: Uint8Array;
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "studio-images-"));
  const image = { width: 8, height: 6, data: new Uint8Array(8 * 6 * 3).fill(90) };
  png = await nodeCodec.encode(image, "png");
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(images: readonly string[], texts: Readonly<Record<string, string>> = {}): string {
  const data = join(folder, `data-${count++}`);
  mkdirSync(data);
  for (const file of [...images, ...Object.keys(texts)]) {
    mkdirSync(join(data, file, ".."), { recursive: true });
    writeFileSync(join(data, file), texts[file] ?? png);
  }
  return data;
}

const silent = { publish: () => undefined, subscribe: () => () => undefined };

async function indexOf(data: string): Promise<ImageIndex> {
  const index = new ImageIndex(data, silent);
  index.take(await buildIndex(nodeHost, data, undefined));
  return index;
}

/** File, tags and split of all images, in the order of the names. */
function shown(index: ImageIndex): [string, string[] | null, string][] {
  const ids = index.page({}).records.map(({ id }) => id);
  return ids.map((id) => {
    const { file, tags, untagged, split } = index.at(id)!;
    return [file, untagged ? null : tags.map((tag) => index.classes[tag]!), split];
  });
}

describe("what is listed", () => {
  test.each<
    [what: string, images: string[], texts: Record<string, string>, format: string, list: unknown[]]
  >([
    [
      "a table and images that it does not name",
      ["images/b.png", "images/a.png", "masks/a.png"],
      { "tags.csv": "file,tags,split\na.png,dog;cat,val\n" },
      "plain",
      [
        ["images/a.png", ["cat", "dog"], "val"],
        ["images/b.png", null, ""],
      ],
    ],
    [
      "images without any tags, also in folders below",
      ["b.png", "deep/a.png"],
      {},
      "images",
      [
        ["b.png", null, ""],
        ["deep/a.png", null, ""],
      ],
    ],
    [
      "folders of classes",
      ["dog/1.png", "cat/1.png"],
      {},
      "class folders",
      [
        ["cat/1.png", ["cat"], ""],
        ["dog/1.png", ["dog"], ""],
      ],
    ],
    [
      "VOC",
      ["JPEGImages/x.jpg"],
      {
        "Annotations/x.xml": "<annotation><object><name>dog</name></object></annotation>",
        "ImageSets/Segmentation/train.txt": "x\n",
      },
      "voc",
      [["JPEGImages/x.jpg", ["dog"], "train"]],
    ],
    ["nothing at all", [], {}, "empty", []],
    ["files that are no images", [], { "notes.txt": "x" }, "empty", []],
  ])("%s", async (_, images, texts, format, list) => {
    const index = await indexOf(write(images, texts));
    expect([index.table.head.format, shown(index)]).toEqual([format, list]);
  });

  test("images are named as the masks of all other commands are, also where names meet", async () => {
    const texts = { "tags.csv": "file,tags\nx.png,cat\nX.webp,cat\nd/ö ~.png,cat\n" };
    const data = write(
      ["images/x.png", "images/X.webp", "images/x.jpg", "images/d/ö ~.png"],
      texts,
    );
    const index = await indexOf(data);
    const dataset = await openDataset(nodeHost, data, { strict: false });
    const listed = Object.values(dataset.splits).flat();
    expect(listed).toHaveLength(3);
    for (const { name, image } of listed) expect(index.named(name)?.path).toBe(image);
    expect(index.named("x-3")?.file).toBe("images/x.jpg");
    expect(index.named("nothing")).toBeUndefined();
  });

  test("a layout that cannot be read says why", async () => {
    const { head } = (await indexOf(write(["JPEGImages/x.jpg"]))).table;
    expect(head.format).toBe("empty");
    expect(head.problems.map(({ message }) => message).join()).toContain("ImageSets/Segmentation");
  });

  test("what is wrong with a table stands with the image, or with the data as a whole", async () => {
    const texts = { "tags.csv": "file,tags\na.png,cat\nlost.png,cat\n" };
    const { head } = (await indexOf(write(["images/a.png"], texts))).table;
    expect(head.problems.map(({ message }) => message)).toEqual([
      "tags.csv:3: lost.png is not there; left out",
    ]);
  });
});

describe("a new listing", () => {
  test("images keep their ids, whatever comes before them, and those that are gone leave theirs", async () => {
    const data = write(["b.png", "c.png"]);
    const index = await indexOf(data);
    const [b, c] = ["b", "c"].map((name) => index.named(name)!.id) as [number, number];
    index.setFacts([{ id: c, facts: { verdict: "accepted", maskRev: 4 } }]);
    writeFileSync(join(data, "a.png"), png);
    rmSync(join(data, "b.png"));
    index.take(await buildIndex(nodeHost, data, index.known()));
    expect(shown(index).map(([file]) => file)).toEqual(["a.png", "c.png"]);
    expect([index.at(b), index.named("b"), index.named("c")?.id]).toEqual([
      undefined,
      undefined,
      c,
    ]);
    expect(index.facts(c)).toMatchObject({ verdict: "accepted", maskRev: 4 });
    expect(index.counted()).toMatchObject({ images: 2, accepted: 1 });
  });

  test("classes keep their numbers, new ones follow, and only changed tags get a new revision", async () => {
    const data = write(["a.png", "b.png"], { "tags.csv": "file,tags\na.png,dog\nb.png,owl\n" });
    const index = await indexOf(data);
    const revs = ["a", "b"].map((name) => index.named(name)!.tagsRev);
    writeFileSync(join(data, "tags.csv"), "file,tags\na.png,dog\nb.png,ant;owl\n");
    index.take(await buildIndex(nodeHost, data, index.known()));
    expect(index.classes).toEqual(["dog", "owl", "ant"]);
    expect(index.named("b")!.tags).toEqual([1, 2]);
    expect(["a", "b"].map((name) => index.named(name)!.tagsRev)).toEqual([revs[0], revs[1]! + 1]);
  });

  test("an index that is stored and read is the same; a damaged one is none", async () => {
    const texts = { "tags.csv": "file,tags,split\na.png,dog;cat,val\nA.jpg,,train\n" };
    const data = write(["a.png", "A.jpg", "ünique.png"], texts);
    const index = await indexOf(data);
    const path = join(data, ".tag2mask/index.bin");
    await writeIndex(nodeStore, path, { ...index.stored(), sources: [] });
    const again = new ImageIndex(data, silent);
    again.take((await readIndex(nodeStore, path))!);
    expect(shown(again)).toEqual(shown(index));
    expect(again.classes).toEqual(index.classes);
    expect(again.named("a-2")).toEqual(index.named("a-2"));
    const bytes = await nodeStore.read(path);
    for (const at of [0, 5, 20, bytes.length - 3]) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 1;
      writeFileSync(path, damaged);
      expect(await readIndex(nodeStore, path)).toBeUndefined();
      writeFileSync(path, bytes.subarray(0, at));
      expect(await readIndex(nodeStore, path)).toBeUndefined();
    }
  });
});

describe("lists", () => {
  const image = fc.record({
    confidence: fc.option(fc.float({ min: 0, max: 1, noNaN: true }), { nil: NaN }),
    verdict: fc.constantFrom(...verdicts),
    tags: fc.option(fc.uniqueArray(fc.nat({ max: 2 }), { maxLength: 3 }), { nil: undefined }),
    isMissing: fc.boolean(),
  });

  test("the queue, the order by confidence and all filters are those that a plain sort and filter give", async () => {
    const names = Array.from({ length: 30 }, (_, i) => `img-${String(i).padStart(2, "0")}.png`);
    const texts = { "tags.csv": "file,tags\nimg-00.png,a;b;c\n" };
    const index = await indexOf(write(names, texts));
    fc.assert(
      fc.property(fc.array(image, { minLength: 30, maxLength: 30 }), (images) => {
        index.setTags(images.map(({ tags }, id) => ({ id, tags })));
        index.setFacts(
          images.map(({ confidence, verdict, isMissing }, id) => {
            const hasDraft = !Number.isNaN(confidence);
            const missing = isMissing && hasDraft ? [0] : [];
            return { id, facts: { confidence, verdict, hasDraft, missing } };
          }),
        );
        const ids = (query: Parameters<ImageIndex["page"]>[0]): number[] =>
          index.page(query).records.map(({ id }) => id);
        const all = images.map((one, id) => ({ ...one, id, lot: lotOf(index.at(id)!.name) }));
        const drafted = all.filter(({ confidence }) => !Number.isNaN(confidence));
        const open = (list: typeof all): typeof all =>
          list.filter(({ verdict }) => verdict === "none");
        const sure = [...drafted].sort((x, y) => x.confidence - y.confidence);
        const bare = all.filter(({ confidence }) => Number.isNaN(confidence));
        expect(ids({ sort: "confidence" })).toEqual([...sure, ...bare].map(({ id }) => id));
        const queue = reviewQueue(
          open(drafted).map(({ id, lot, confidence, isMissing }) => {
            return { id, lot, confidence: isMissing ? -1 : confidence };
          }),
        );
        expect(ids({ sort: "queue" })).toEqual([...queue, ...open(bare).map(({ id }) => id)]);
        const tagged = all.filter(({ tags }) => tags?.includes(1));
        expect(ids({ tag: 1 })).toEqual(tagged.map(({ id }) => id));
        const unknown = all.filter(({ tags, verdict }) => !tags && verdict === "unsure");
        expect(ids({ untagged: "1", verdict: "unsure" })).toEqual(unknown.map(({ id }) => id));
        expect(index.encodedPage({ tag: 1 })).toEqual(encodeRecords(index.page({ tag: 1 })));
        expect(index.encodedPage({})).toEqual(encodeRecords(index.page({})));
        expect(index.counted().untagged).toBe(all.filter(({ tags }) => !tags).length);
      }),
      { numRuns: 40 },
    );
  });

  test("a part of the file name is found in any case, never across two names", async () => {
    const index = await indexOf(write(["Straße/IMG_1.png", "b.png", "c.png"]));
    const found = (text: string): string[] =>
      index.page({ text }).records.map(({ id }) => index.at(id)!.file);
    expect(found("STRASSE")).toEqual([]);
    expect(found("straße/img")).toEqual(["Straße/IMG_1.png"]);
    expect(found(".PNG")).toEqual(["Straße/IMG_1.png", "b.png", "c.png"]);
    expect(found("gb")).toEqual([]);
  });

  test("the neighbors of an image are those in the order of the names, wherever it is in the list", async () => {
    const index = new ImageIndex(write(["a.png"]), silent);
    index.addFound(Array.from({ length: 25_000 }, (_, i) => `${i}.png`));
    expect(index.neighbors(12_345)).toEqual({ previous: 12_344, next: 12_346 });
    expect(index.neighbors(0)).toEqual({ previous: null, next: 1 });
    expect(index.neighbors(24_999)).toEqual({ previous: 24_998, next: null });
    const sorted = await indexOf(write(["c.png", "a.png", "b.png"]));
    const id = (name: string): number => sorted.named(name)!.id;
    expect(sorted.neighbors(id("b"))).toEqual({ previous: id("a"), next: id("c") });
  });

  test("pages behind the first go on in its order, whatever changes meanwhile", async () => {
    const data = write(["a.png"]);
    const index = new ImageIndex(data, silent);
    index.addFound(Array.from({ length: 25_000 }, (_, i) => `${i}.png`));
    const first = index.page({ sort: "confidence" });
    expect([first.total, first.next, first.records.length]).toEqual([25_000, 10_000, 10_000]);
    index.setFacts([{ id: 24_999, facts: { confidence: 0, hasDraft: true } }]);
    const second = index.page({ sort: "confidence", cursor: 10_000 });
    expect(second.records[0]!.id).toBe(10_000);
    expect(index.page({ sort: "confidence" }).records[0]!.id).toBe(24_999);
    expect(index.page({ cursor: 20_000 })).toMatchObject({ next: null });
  });
});
