import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { checkKnownMasks } from "../../src/files/datasets/check-known-masks.ts";
import { openDataset, type OpenedDataset } from "../../src/files/datasets/index.ts";
import { KnownMasks } from "../../src/files/datasets/known-masks.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { writeMask } from "../../src/host/node/images/codec.ts";
import { offerMasks, reopenMasks } from "../../src/jobs/train-masks.ts";
import { fewScenes, temporaryFolder } from "../cli/scenes.ts";
import { writeMiniCoco } from "../files/datasets/trees.ts";

const folder = temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
let data: OpenedDataset;
const find = (options = {}) => KnownMasks.find(nodeHost, data, options);
const scene = (n: number) => data.splits["train"]![n]!;

/** A mask of the scenes' size with one label. */
const flat = (label: number) => ({
  ...{ width: 64, height: 64, data: new Uint8Array(64 * 64).fill(label) },
});

beforeAll(async () => {
  data = await openDataset(nodeHost, await fewScenes(at("scenes")));
});

/** The folder with these masks, and class names if any. */
async function maskFolder(
  name: string,
  masks: Readonly<Record<string, number>>,
  classes?: readonly string[],
): Promise<string> {
  for (const [file, label] of Object.entries(masks)) {
    await writeMask(at(name, `${file}.png`), flat(label));
  }
  if (classes) writeFileSync(at(name, "classes.json"), JSON.stringify(classes));
  return at(name);
}

describe("known masks are", () => {
  test("those of the data set's training images, where nothing else is asked", async () => {
    const known = await find();
    expect([known.count, known.corrections, known.unused]).toEqual([12, 0, 0]);
    expect(known.of(scene(3))).toEqual({ where: scene(3).mask, labels: [0, 1, 2, 3, 4] });
  });

  test("corrections before masks, those of other images left out", async () => {
    const own = at("scenes", ".tag2mask", "corrections");
    await writeMask(join(own, `${scene(2).name}.png`), flat(1));
    await writeMask(join(own, "scene-0016.png"), flat(1)); // for validation
    try {
      const known = await find();
      expect([known.count, known.corrections, known.unused]).toEqual([12, 1, 1]);
      expect(known.of(scene(2))!.where).toBe(join(own, `${scene(2).name}.png`));
      expect(known.of(scene(1))!.where).toBe(scene(1).mask);
      expect((await find({ corrections: false })).of(scene(2))!.where).toBe(scene(2).mask);
      // Another program's class names do not hold for them.
      writeFileSync(join(own, "classes.json"), '["ball","zebra"]');
      await expect(find()).rejects.toThrow('its masks have the class "zebra"');
      const offer = await offerMasks(nodeHost, data, "small").next();
      expect(offer.value).toMatchObject({ masks: 12 });
    } finally {
      rmSync(at("scenes", ".tag2mask"), { recursive: true });
    }
  });

  test("only those in a folder, if one is named, with their classes by name", async () => {
    const names = ["crate", "ball"];
    const masks = { [scene(0).name]: 2, [scene(4).name]: 255, other: 1 };
    const known = await find({ folder: await maskFolder("named", masks, names) });
    expect([known.count, known.corrections, known.unused]).toEqual([2, 0, 1]);
    expect(known.of(scene(0))).toEqual({
      ...{ where: at("named", `${scene(0).name}.png`), labels: [0, 4, 1] },
    });
    expect(known.of(scene(1))).toBeUndefined();
    const unnamed = await find({ folder: await maskFolder("unnamed", masks) });
    expect(unnamed.of(scene(0))!.labels).toEqual([0, 1, 2, 3, 4]);
  });

  test("found by the names of their images in subfolders", async () => {
    mkdirSync(at("nested", "a"), { recursive: true });
    for (const name of ["a/x.png", "b/y.png"]) {
      cpSync(scene(0).image, at("nested", name), { recursive: true });
    }
    writeFileSync(at("nested", "tags.csv"), "file,tags,split\na/x.png,t,train\nb/y.png,t,train\n");
    const nested = await openDataset(nodeHost, at("nested"));
    const masks = await maskFolder("deep", { "a/x": 1, "c/b-y": 1, "b/y": 1 });
    const known = await KnownMasks.find(nodeHost, nested, { folder: masks });
    const flatNames = await maskFolder("flat", { "a-x": 1 });
    const label = await KnownMasks.find(nodeHost, nested, { folder: flatNames });
    expect(label.of(nested.splits["train"]![0]!)!.where).toBe(at("flat", "a-x.png"));
    expect(nested.splits["train"]!.map((sample) => known.of(sample)?.where)).toEqual([
      ...[at("deep", "a/x.png"), at("deep", "b/y.png")],
    ]);
  });

  test("drawn from COCO's outlines, where the data set has these", async () => {
    await writeMiniCoco(at("coco"), { layout: "json" });
    const coco = await openDataset(nodeHost, at("coco"));
    const known = await KnownMasks.find(nodeHost, coco);
    expect(known.count).toBe(coco.counts.splits["train"]!.masks);
    const sample = coco.splits["train"]!.find((one) => known.of(one))!;
    expect(await known.of(sample)!.read!()).toEqual(await coco.reader.readMask(sample));
    expect(await checkKnownMasks(nodeHost, coco, known)).toMatchObject({ completed: 0 });
  });
});

describe("masks in a folder are refused", () => {
  test.each<[RegExp, () => string | Promise<string>]>([
    [/nowhere: no such folder/, () => at("nowhere")],
    [
      /strange: its masks have the class "bal", but the classes of .*scenes are ball, star, leaf, crate; did you mean "ball"\?/,
      () => maskFolder("strange", { [scene(0).name]: 1 }, ["bal", "star"]),
    ],
    [
      /alien: no mask of its 1 is named like one of the training images of .*scenes: .*other\.png against .*scene-0001\.png/,
      () => maskFolder("alien", { other: 1 }),
    ],
    [
      /instances\.json: its format is coco, but the masks must be palette PNGs, named like the images/,
      () => {
        mkdirSync(at("json"));
        writeFileSync(at("json", "instances.json"), '{"images":[],"annotations":[]}');
        return at("json");
      },
    ],
    [/empty: no masks in a known format/, () => (mkdirSync(at("empty")), at("empty"))],
  ])("%s", async (message, make) => {
    await expect(find({ folder: await make() })).rejects.toThrow(message);
  });

  test("with the way to convert them, if their format is another", async () => {
    mkdirSync(at("studio"));
    writeFileSync(at("studio", "instances.json"), '{"images":[],"annotations":[]}');
    const options = { to: "voc", out: at("studio", "instances-voc") };
    const argument = at("studio", "instances.json");
    await expect(find({ folder: at("studio") })).rejects.toMatchObject({
      remedies: [{ kind: "job", name: "convert", argument, options }],
    });
  });
});

describe("reading them in advance", () => {
  test("counts the complete ones and the images whose tags they complete", async () => {
    const absent = [0, 1, 2, 3].find((tag) => !scene(0).tags.includes(tag))!;
    const masks = { [scene(0).name]: absent + 1, [scene(1).name]: 0, [scene(2).name]: 255 };
    const known = await find({ folder: await maskFolder("counted", masks) });
    expect(await checkKnownMasks(nodeHost, data, known)).toEqual({ complete: 2, completed: 1 });
  });

  test("names the size of a mask and that of its image, and how many more do not fit", async () => {
    const small = { width: 3, height: 2, data: new Uint8Array(6) };
    for (const n of [0, 1]) await writeMask(at("small", `${scene(n).name}.png`), small);
    const known = await find({ folder: at("small") });
    await expect(checkKnownMasks(nodeHost, data, known)).rejects.toThrow(
      /mask is 3x2, but its image .*\.png is 64x64 \(and 1 more\)$/,
    );
  });
});

test("a data set without masks of training images cannot train on them, and the error says why", async () => {
  const unmasked = [scene(0)].map(({ mask: _, ...sample }) => sample);
  const bare: OpenedDataset = { ...data, splits: { train: unmasked } };
  const none = await KnownMasks.find(nodeHost, bare);
  expect(() => none.requireAny()).toThrow(/no training image has a mask .*corrections/);
  const heldOut = { ...bare, heldOut: true, splits: { ...bare.splits, val: [scene(1)] } };
  const held = await KnownMasks.find(nodeHost, heldOut);
  expect(() => held.requireAny()).toThrow(
    /all 1 image with a mask are held out for validation, because the data set names no splits/,
  );
});

test("masks that nobody uses are told of, but not in the recipes of benchmarks", async () => {
  const offers = async (preset: string) => {
    const events = [];
    for await (const event of offerMasks(nodeHost, data, preset)) events.push(event);
    return events;
  };
  expect(await offers("small")).toEqual([
    { type: "ignored-masks", folder: at("scenes"), masks: 12 },
  ]);
  expect([...(await offers("voc")), ...(await offers("coco"))]).toEqual([]);
});

describe("a resumed run", () => {
  const reopen = async (origin: Parameters<typeof reopenMasks>[3], moved?: string) => {
    const notices: string[] = [];
    const events = reopenMasks(nodeHost, "run", data, origin, { moved, strict: false });
    let next = await events.next();
    for (; !next.done; next = await events.next())
      if (next.value.type === "notice") notices.push(next.value.message);
    return { known: next.value, notices };
  };

  test("has the masks it was started with, from their new place if they were moved", async () => {
    const own = await reopen({ corrections: 0, count: 12 });
    expect([own.known.count, own.notices]).toEqual([12, []]);
    const masks = await maskFolder("placed", { [scene(0).name]: 1, [scene(1).name]: 1 });
    const origin = { folder: at("gone"), corrections: 0, count: 3 };
    await expect(reopen(origin)).rejects.toThrow(
      /gone: no such folder, but run was started with the masks in it; put it back/,
    );
    const { known, notices } = await reopen(origin, masks);
    expect(known.of(scene(1))!.where).toBe(join(masks, `${scene(1).name}.png`));
    expect(notices).toEqual(["run: was started with 3 masks to train on, now there are 2 masks"]);
  });

  test("does not take masks that it was started without, nor miss corrections", async () => {
    await expect(reopen({ corrections: 0, count: 12 }, at("named"))).rejects.toThrow(
      "run: was started without a folder of masks, so it cannot be resumed with one",
    );
    await expect(reopen({ corrections: 2, count: 12 })).rejects.toThrow(
      /has no corrections of training images in \.tag2mask\/corrections, but run was started with 2; put them back/,
    );
    const later = at("scenes", ".tag2mask", "corrections");
    await writeMask(join(later, `${scene(2).name}.png`), flat(1));
    try {
      const fewer = await reopen({ corrections: 2, count: 12 });
      expect(fewer.notices).toEqual([
        "run: was started with 12 masks (2 corrections) to train on, now there are 12 masks (1 correction)",
      ]);
      const { known } = await reopen({ corrections: 0, count: 12 });
      expect([known.corrections, known.of(scene(2))!.where]).toEqual([0, scene(2).mask]);
    } finally {
      rmSync(at("scenes", ".tag2mask"), { recursive: true });
    }
  });
});
