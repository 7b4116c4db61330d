import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { stageTitles } from "../../src/method/eval/stages.ts";
import { seedTable } from "../../src/cli/score-table.ts";
import { summarize, type MeasuredSeed, type SeedSummary } from "../../src/jobs/compare-seeds.ts";
import { fewScenes, temporaryFolder, tiny } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const data = join(folder, "scenes");
const run = join(folder, "run");
let trained: Awaited<ReturnType<typeof tag2mask>>;

beforeAll(async () => {
  await fewScenes(data);
  trained = await tag2mask(
    "train",
    "--data",
    data,
    "--out",
    run,
    "--steps",
    "4",
    ...tiny,
    "--json",
  );
});

function lines(stdout: string): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("train", () => {
  test("--json tells every event, the result last, and nothing on stderr", () => {
    expect([trained.code, trained.stderr]).toEqual([0, ""]);
    const events = lines(trained.stdout);
    const steps = ["step", "step", "thresholds", "step", "step"];
    const types = ["start", ...steps, "validation", "checkpoint", "done"];
    expect(events.slice(0, -1).map((event) => event["type"])).toEqual(types);
    const result = events.at(-1) as {
      run: string;
      seconds: number;
      metrics: Record<string, number>;
    };
    expect(result.run).toBe(run);
    expect(result.seconds).toBeGreaterThan(0);
    expect(Object.keys(result.metrics)).toEqual(["cam", "affinityCam", "seg", "tagF1"]);
    for (const score of Object.values(result.metrics)) expect(score).toBeLessThanOrEqual(1);
  });

  test("leaves a complete run folder", () => {
    const files = readdirSync(run);
    for (const file of ["config.yaml", "log.jsonl", "results.csv", "report.html", "metrics.json"]) {
      expect(files).toContain(file);
    }
    expect(readFileSync(join(run, "report.html"), "utf8")).toContain("tag2mask train --data");
  });

  test("a finished run resumed ends at once with the same result", async () => {
    const before = readFileSync(join(run, "weights", "last.safetensors"));
    const again = await tag2mask("train", "--resume", run, "--device", "cpu", "--json");
    expect(again.code).toBe(0);
    expect(lines(again.stdout).map((event) => event["type"])).toEqual(["start", "done", undefined]);
    const metrics = (stdout: string) => lines(stdout).at(-1)!["metrics"];
    expect(metrics(again.stdout)).toEqual(metrics(trained.stdout));
    expect(readFileSync(join(run, "weights", "last.safetensors")).equals(before)).toBe(true);
  });

  test("a run's config.yaml serves as settings for another", async () => {
    const out = join(folder, "second");
    const args = ["--config", join(run, "config.yaml"), "--steps", "5", "--device", "cpu"];
    const { code, stdout } = await tag2mask("train", "--data", data, "--out", out, ...args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^IoU, % +CAM +affinity CAM +segmentation$/m);
    expect(stdout).toContain(join(out, "report.html"));
  });

  test("--settings lists what --set takes", async () => {
    const { code, stdout } = await tag2mask("train", "--preset", "voc", "--settings");
    expect(code).toBe(0);
    expect(stdout).toContain("train.lr=0.00006\n    learning rate of the encoder");
  });
});

test.each([
  [[], "small", "data.crop=128\n"],
  [["--preset", "small"], "small", "train.steps=500\n"],
  [["--preset", "own"], "own", "data.crop=320\n"],
  [["--weights", "pvt_v2_b1"], "own", 'pseudo.thresholds="auto"\n'],
  [["--preset", "voc"], "voc", "train.steps=20000\n"],
  [["--preset", "coco"], "coco", "train.steps=80000\n"],
])("train %j --settings lists the values of the preset %s", async (args, preset, line) => {
  const { code, stdout } = await tag2mask("train", ...args, "--settings");
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^values of the preset ${preset} \\(`));
  expect(stdout).toContain(`\n${line}`);
  const { stdout: json } = await tag2mask("train", ...args, "--settings", "--json");
  expect(lines(json)[0]).toMatchObject({ preset });
});

test("demo makes scenes, trains on them and says where everything is", async () => {
  const out = join(folder, "demo");
  const args = ["--images", "14", "--steps", "1", ...tiny, "--json"];
  const { code, stdout, stderr } = await tag2mask("demo", "--out", out, ...args);
  expect([code, stderr]).toEqual([0, ""]);
  const result = lines(stdout).at(-1)!;
  expect(Object.keys(result)).toEqual(["run", "seconds", "metrics", "test"]);
  expect(result["run"]).toBe(join(out, "train"));
  expect(readdirSync(join(out, "scenes"))).toEqual(["classes.txt", "images", "masks", "tags.csv"]);
});

test("demo --seeds trains once for each seed and shows the scores of every stage", async () => {
  const out = join(folder, "seeds");
  const args = ["--images", "14", "--steps", "1", ...tiny];
  const { code, stdout } = await tag2mask("demo", "--seeds", "3,5", "--out", out, ...args);
  expect(code).toBe(0);
  const { seeds, summary } = JSON.parse(readFileSync(join(out, "stages.json"), "utf8")) as {
    seeds: MeasuredSeed[];
    summary: SeedSummary;
  };
  expect(seeds.map(({ seed, run }) => [seed, run])).toEqual([
    [3, join(out, "seed-3", "train")],
    [5, join(out, "seed-5", "train")],
  ]);
  expect(stdout).toContain(seedTable(seeds, summary));
  expect(summary).toEqual(summarize(seeds));
  expect(summary.stages.map(({ title }) => title)).toEqual(Object.values(stageTitles));
  for (const { seed, run, scores } of seeds) {
    expect(readFileSync(join(run, "config.yaml"), "utf8")).toContain(`seed: ${seed}\n`);
    expect(scores.masks).toBe(4);
  }
  const table = (seed: number) => readFileSync(join(out, `seed-${seed}`, "scenes", "tags.csv"));
  expect(table(3).equals(table(5))).toBe(false);
}, 120_000);

test("segment writes a mask and an overlay for every image of files and folders", async () => {
  const out = join(folder, "segmented");
  const images = join(data, "images");
  const args = ["--out", out, images, "--flip", "--scales", "0.5,1", "--device", "cpu", "--json"];
  const { code, stdout } = await tag2mask("segment", "--model", run, ...args);
  expect(code).toBe(0);
  expect(lines(stdout).at(-1)).toMatchObject({ out, masks: 16, skipped: 0 });
  expect(readdirSync(join(out, "masks"))).toEqual(readdirSync(images));
  expect(readdirSync(join(out, "overlays"))).toHaveLength(16);
  const { classes } = JSON.parse(readFileSync(join(out, "classes.json"), "utf8")) as {
    classes: { name: string }[];
  };
  expect(classes[0]!.name).toBe("background");
});

test("label writes masks of a split's tagged images", async () => {
  const out = join(folder, "labels");
  const args = ["--split", "val", "--out", out, "--no-overlays", "--device", "cpu"];
  const { code, stdout } = await tag2mask("label", "--model", run, "--data", data, ...args);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^4 masks from (segmentation \+ CRF|affinity|cam) in .* s: /);
  const review = ["confidence.csv", "contact-sheet.html", "thumbnails"];
  const files = [".tag2mask.jsonl", "classes.json", "masks"];
  expect(readdirSync(out).sort()).toEqual([...files, ...review].sort());
});

test("eval measures what the validation at the end of the training measured", async () => {
  const args = ["--model", run, "--data", data, "--device", "cpu", "--json"];
  const { code, stdout } = await tag2mask("eval", ...args);
  expect(code).toBe(0);
  const { metrics, masks } = lines(stdout)[0]!;
  expect([metrics, masks]).toEqual([lines(trained.stdout).at(-1)!["metrics"], 4]);
});

test("data shows what is understood", async () => {
  const { code, stdout } = await tag2mask("data", data);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+ images, 4 classes, no first weights: this will not work$/m);
  expect(stdout).toMatch(/^A training can start/m);
  const json = await tag2mask("data", data, "--json");
  expect(lines(json.stdout)[0]).toMatchObject({ trainable: true, format: "plain" });
});

test("nothing is printed on stderr by --json, and no temporary file is left", () => {
  const left = readdirSync(folder, { recursive: true, encoding: "utf8" });
  expect(left.filter((path) => path.endsWith(".tmp"))).toEqual([]);
  expect(existsSync(join(run, "weights", "best.safetensors"))).toBe(true);
});
