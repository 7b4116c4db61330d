import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { writeMask, readMask } from "../../src/host/node/images/codec.ts";
import { decodeSafetensors } from "../../src/files/weights/safetensors.ts";
import { fewScenes, temporaryFolder, tiny } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
const data = at("scenes");
// Every phase within a few steps.
const phases = { steps: 6, camSteps: 0, affinitySteps: 2, warmupSteps: 0, checkpointEvery: 2 };
const settings = [
  ...[...tiny, "--set", "eval.maxImages=1"],
  ...Object.entries(phases).flatMap(([key, value]) => ["--set", `train.${key}=${value}`]),
];

beforeAll(() => fewScenes(data));

async function train(out: string, ...args: string[]) {
  const result = await tag2mask("train", "--data", data, "--out", at(out), ...settings, ...args);
  return { ...result, weights: existsSync(at(out)) ? weightsOf(out) : undefined };
}

/** All weights and moments at the end of a run. */
function weightsOf(run: string): Record<string, unknown> {
  const file = at(run, "weights", "last.safetensors");
  return decodeSafetensors(readFileSync(file), file).tensors;
}

describe("train", () => {
  test("without --use-masks tells of the masks and trains from tags alone", async () => {
    const { code, stderr, weights } = await train("tags");
    const hint =
      /^.*scenes: 12 training images with a mask, which only evaluation uses; --use-masks trains on them too$/gm;
    expect([code, stderr.match(hint)?.length, weights !== undefined]).toEqual([0, 1, true]);
  });

  test("--use-masks learns from the data set's masks, and from corrections before them", async () => {
    const plain = await train("plain", "--set", "data.masks=train");
    expect(plain.stderr).toMatch(
      /^trains on the masks of 12 of 12 training images \(12 complete\)$/m,
    );
    expect(plain.weights).not.toEqual(weightsOf("tags"));

    const corrections = join(data, ".tag2mask", "corrections");
    const name = "scene-0002.png";
    const mask = await readMask(join(data, "masks", name));
    const corrected = { ...mask, data: mask.data.map((label, i) => (i % 64 < 32 ? 4 : label)) };
    await writeMask(join(corrections, name), corrected);
    const { stderr, weights } = await train("corrected", "--use-masks");
    expect(stderr).toMatch(/12 of 12 training images \(1 correction, 12 complete\)$/m);
    expect(weights).not.toEqual(plain.weights);

    // The same masks from a folder of their own give the same weights.
    cpSync(join(data, "masks"), at("merged"), { recursive: true });
    cpSync(corrections, at("merged"), { recursive: true });
    rmSync(join(data, ".tag2mask"), { recursive: true });
    const merged = await train("folder", "--use-masks", at("merged"));
    expect(merged.stderr).toMatch(/^left out 4 masks of images that are not trained on$/m);
    expect(merged.weights).toEqual(weights);
  });
});

describe("a run with masks", () => {
  test("adds classes that only a mask shows to the tags, and resumed ends with the same bits", async () => {
    mkdirSync(at("few"));
    for (const name of readdirSync(join(data, "masks")).slice(0, 5))
      cpSync(join(data, "masks", name), at("few", name));
    const tags = readFileSync(join(data, "tags.csv"), "utf8");
    const [name, list] = /^(scene-\d+)\.png,([^,]*)/m.exec(tags)!.slice(1) as [string, string];
    const absent = ["ball", "star", "leaf", "crate"].findIndex((tag) => !list.includes(tag));
    const other = { width: 64, height: 64, data: new Uint8Array(64 * 64).fill(absent + 1) };
    await writeMask(at("few", `${name}.png`), other);

    const { stderr, weights } = await train("whole", "--use-masks", at("few"));
    const masks = /^trains on the masks of 5 of 12 training images \(5 complete\)$/m;
    expect(stderr).toMatch(masks);
    expect(stderr).toMatch(/^added classes that only the mask shows to the tags of 1 image$/m);

    cpSync(at("whole"), at("resumed"), { recursive: true });
    for (const file of readdirSync(at("resumed", "weights")))
      if (file !== "step-000004.safetensors") rmSync(at("resumed", "weights", file));
    const resumed = await tag2mask("train", "--resume", at("resumed"), "--device", "cpu");
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringMatching(masks)]);
    expect(resumed.stderr).toMatch(/from step 4$/m);
    expect(weightsOf("resumed")).toEqual(weights);
  });

  test("needs them, in their old place or a new one, and takes no others", async () => {
    renameSync(at("few"), at("moved"));
    const resume = (...args: string[]) => tag2mask("train", "--resume", at("whole"), ...args);
    const gone = await resume();
    expect([gone.code, gone.stderr]).toEqual([
      1,
      expect.stringMatching(
        /few: no such folder, but .*whole was started with the masks in it; put it back; --use-masks <folder> names its new place$/m,
      ),
    ]);
    expect((await resume("--use-masks", at("moved"), "--device", "cpu")).code).toBe(0);
    const bare = await resume("--use-masks");
    expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining("needs a folder")]);
    const other = await tag2mask("train", "--resume", at("tags"), "--use-masks", at("moved"));
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringMatching(
        /was started without a folder of masks, so it cannot be resumed with one; leave --use-masks out$/m,
      ),
    ]);
  });
});

test.each<[message: RegExp, ...args: string[]]>([
  [/nowhere: no such folder/, "--use-masks", at("nowhere")],
  [
    /data\.masks is "ignore"; leave --use-masks out, or give --set data\.masks=train/,
    ...["--use-masks", "--set", "data.masks=ignore"],
  ],
  [/data\.masks: expected one of ignore, train, found "yes"/, "--set", "data.masks=yes"],
])("fails with %s", async (message, ...args) => {
  const { code, stderr } = await train("none", ...args);
  expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  expect(existsSync(at("none"))).toBe(false);
});
