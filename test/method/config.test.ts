import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  listSettings,
  parseConfig,
  presetNames,
  type ConfigSources,
} from "../../src/method/config.ts";
import { nearest } from "../../src/method/config/nearest.ts";
import { UserError } from "../../src/user-error.ts";

test("the voc preset is the paper's recipe", () => {
  const { train, pseudo, data, loss } = parseConfig({ preset: "voc" });
  expect([train.steps, train.camSteps, train.affinitySteps]).toEqual([20000, 2000, 6000]);
  expect([train.lr, train.headLrScale, train.warmupSteps]).toEqual([6e-5, 10, 1500]);
  expect([pseudo.lowThreshold, pseudo.highThreshold, pseudo.parIterations]).toEqual([
    0.35, 0.55, 10,
  ]);
  expect([data.crop, data.batch, loss.seg, loss.affinity]).toEqual([512, 8, 0.1, 0.1]);
  expect(train.affinityLabels).toBe("pseudo");
});

test("the coco preset differs in length, refinement and the affinity's labels only", () => {
  const voc = parseConfig({ preset: "voc" });
  const coco = parseConfig({ preset: "coco" });
  const schedule = { steps: 80000, camSteps: 5000, affinitySteps: 15000 };
  expect(coco).toEqual({
    ...voc,
    pseudo: { ...voc.pseudo, parIterations: 15 },
    train: { ...voc.train, ...schedule, affinityLabels: "propagated" },
  });
});

test("single settings win over the file, the file over the preset", () => {
  const file = { name: "mine.yaml", value: { train: { lr: 1e-4, seed: 7 }, data: { crop: 320 } } };
  const config = parseConfig({ preset: "voc", file, set: { "train.seed": 9 } });
  expect([config.train.lr, config.train.seed, config.data.crop]).toEqual([1e-4, 9, 320]);
});

test("an empty config file changes nothing", () => {
  expect(parseConfig({ file: { name: "empty.yaml", value: null } })).toEqual(parseConfig());
});

test("a resolved config that is read back is unchanged", () => {
  for (const preset of presetNames) {
    const config = parseConfig({ preset, set: { "train.steps": 10 } });
    const value: unknown = JSON.parse(JSON.stringify(config));
    expect(parseConfig({ file: { name: "config.yaml", value } })).toEqual(config);
  }
});

test("the phases of a shorter run shrink in proportion unless they are set", () => {
  const short = parseConfig({ preset: "voc", set: { "train.steps": 2000 } }).train;
  expect([short.camSteps, short.affinitySteps, short.warmupSteps]).toEqual([200, 600, 150]);
  const set = { "train.steps": 2000, "train.camSteps": 50 };
  expect(parseConfig({ preset: "voc", set }).train).toMatchObject({
    camSteps: 50,
    affinitySteps: 600,
  });
});

test("the own preset makes as many steps as there are images for, validates twenty times, and yields to what is set", () => {
  const own = (images: number, set: Record<string, unknown> = {}) =>
    parseConfig({ preset: "own", images, set }).train;
  expect([1, 20, 200, 2000, 10582, 1e6].map((images) => own(images).steps)).toEqual([
    1000, 1000, 2700, 8700, 20000, 20000,
  ]);
  const { camSteps, affinitySteps, warmupSteps, validateEvery } = own(200);
  expect([camSteps, affinitySteps, warmupSteps, validateEvery]).toEqual([270, 810, 203, 135]);
  expect(own(200, { "train.steps": 500 })).toMatchObject({ steps: 500, validateEvery: 25 });
  expect(own(200, { "train.validateEvery": 7 })).toMatchObject({ steps: 2700, validateEvery: 7 });
  expect(parseConfig({ preset: "own" }).train.steps).toBe(20000);
  expect(parseConfig({ preset: "voc", images: 200 }).train.steps).toBe(20000);
});

test("a preset's smallest side for class activations stays below a largest one that is set", () => {
  const small = (set: Record<string, unknown>) => parseConfig({ preset: "small", set }).eval;
  expect(small({})).toMatchObject({ minSide: 320, maxSide: 320 });
  expect(small({ "eval.maxSide": 128 })).toMatchObject({ minSide: 128, maxSide: 128 });
  expect(small({ "eval.maxSide": 640 })).toMatchObject({ minSide: 320, maxSide: 640 });
  expect(() => small({ "eval.minSide": 400 })).toThrow(
    "setting eval.minSide: eval.minSide is 400, more than eval.maxSide 320; make it at most 320",
  );
});

test("the phases of a shorter run are rounded to the nearest step", () => {
  // 2006 / 20000 of 2000, 6000 and 1500 steps are 200.6, 601.8 and 150.45.
  const { train } = parseConfig({ preset: "voc", set: { "train.steps": 2006 } });
  expect([train.camSteps, train.affinitySteps, train.warmupSteps]).toEqual([201, 602, 150]);
});

test("whatever the length, the phases stay in order", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...presetNames),
      fc.integer({ min: 1, max: 1e6 }),
      (preset, steps) => {
        const { train } = parseConfig({ preset, set: { "train.steps": steps } });
        expect(train.camSteps).toBeLessThanOrEqual(train.affinitySteps);
        expect(train.affinitySteps).toBeLessThanOrEqual(train.steps);
      },
    ),
    { seed: 1 },
  );
});

test("every setting has a meaning", () => {
  const settings = listSettings();
  expect(settings.length).toBeGreaterThan(35);
  for (const { key, meaning } of settings) expect(meaning, key).not.toBe("");
});

test("configs are plain data and not shared", () => {
  const first = parseConfig();
  first.train.betas[0] = 0;
  first.pseudo.scales.push(2);
  expect(parseConfig().train.betas).toEqual([0.9, 0.999]);
  expect(parseConfig().pseudo.scales).toEqual([1, 0.5, 1.5]);
});

function file(value: unknown): ConfigSources {
  return { file: { name: "c.yaml", value } };
}

describe("a mistake is one line that names the setting, what was expected and what was found", () => {
  test.each<[ConfigSources, string]>([
    [{ preset: "vocc" }, "preset vocc: no such preset; did you mean voc?"],
    [{ set: { "train.lrr": 1 } }, "setting train.lrr: no such setting; did you mean train.lr?"],
    [{ set: { lr: 1 } }, "setting lr: no such setting; did you mean train.lr?"],
    [{ set: { "loss.qqqqqqqqq": 1 } }, "there are loss.seg, loss.affinity, loss.regularization"],
    [{ set: { "train.lr": "fast" } }, 'setting train.lr: expected a number, found "fast"'],
    [{ set: { "train.lr": 0 } }, "setting train.lr: expected more than 0, found 0"],
    [{ set: { "train.lr": Number.NaN } }, "setting train.lr: expected a number, found NaN"],
    [{ set: { "train.steps": 0.5 } }, "setting train.steps: expected a whole number, found 0.5"],
    [{ set: { "train.steps": null } }, "setting train.steps: expected a number, found null"],
    [{ set: { "train.freezeNorms": "yes" } }, 'expected true or false, found "yes"'],
    [{ set: { "train.betas": [0.9] } }, "train.betas: expected a list of at least 2, found [0.9]"],
    [{ set: { "train.betas": [0.9, 1] } }, "train.betas[1]: expected less than 1, found 1"],
    [{ set: { "data.crop": 100 } }, "data.crop: expected a multiple of 32, found 100"],
    [{ set: { "data.crop": 32 } }, "data.crop: expected at least 64, found 32"],
    [{ set: { "data.mean": 3 } }, "data.mean: expected a list, found 3"],
    [{ set: { "model.backbone": "mit_b9" } }, "model.backbone: expected one of mit_b0, mit_b1"],
    [{ set: { "pseudo.scales": [0.5] } }, "expected scales with 1 among them, found [0.5]; add 1"],
    [
      { set: { "train.camSteps": 7000 } },
      "setting train.camSteps: train.camSteps is 7000, more than train.affinitySteps 6000",
    ],
    [{ set: { "pseudo.highThreshold": 0.1 } }, "more than pseudo.highThreshold 0.1"],
    [{ set: { "data.scaleRange": [2, 1] } }, "data.scaleRange[0] is 2, more than"],
    [{ set: { "loss.regularization": -1 } }, "loss.regularization: expected at least 0, found -1"],
    [
      { set: { "train.microBatch": 3 } },
      "setting train.microBatch: train.microBatch is 3, which does not divide data.batch 8",
    ],
    [file([1]), "c.yaml: expected keys and values, found [1]"],
    [file({ trian: {} }), "c.yaml: trian: no such section; did you mean train?"],
    [file({ train: 3 }), "c.yaml: train: expected keys and values, found 3"],
    [file({ train: { lrs: 3 } }), "c.yaml: train.lrs: no such setting; did you mean train.lr?"],
    [file({ train: { lr: "a" } }), 'c.yaml: train.lr: expected a number, found "a"'],
    [file(JSON.parse('{"__proto__": {"a": 1}}')), "c.yaml: __proto__: no such section"],
    [file(JSON.parse('{"train": {"__proto__": 1}}')), "c.yaml: train.__proto__: no such setting"],
  ])("%j", (sources, message) => {
    let error: unknown;
    try {
      parseConfig(sources);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toContain(message);
    expect((error as UserError).message).not.toContain("\n");
  });
});

test("the nearest word is the one that a typing error most likely meant", () => {
  const words = ["train", "segment", "label", "eval", "data"];
  expect(nearest("trian", words)).toBe("train");
  expect(nearest("Lable", words)).toBe("label");
  expect(nearest("segmnt", words)).toBe("segment");
  expect(nearest("photograph", words)).toBeUndefined();
});
