import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readMask, writeMask } from "../../../src/host/node/images/codec.ts";
import { writeMiniVoc } from "../../files/datasets/trees.ts";
import { fewScenes, temporaryFolder, tiny } from "../scenes.ts";
import { tag2mask } from "../terminal.ts";

const folder = temporaryFolder();
const data = join(folder, "scenes");
const run = join(folder, "run");
const cpu = ["--device", "cpu"] as const;

async function train(from: string, to: string): Promise<void> {
  const args = ["--data", from, "--out", to, "--steps", "1", ...tiny];
  const { code, stderr } = await tag2mask("train", ...args);
  if (code !== 0) throw new Error(stderr);
}

async function evaluate(...args: string[]): ReturnType<typeof tag2mask> {
  return tag2mask("eval", ...args);
}

function last(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Record<string, unknown>;
}

beforeAll(async () => {
  await fewScenes(data);
  await train(data, run);
});

describe("eval of a model", () => {
  const model = ["--model", run, "--data", data, ...cpu] as const;

  test("--crf adds a column, and --out writes scores and pictures but not over others", async () => {
    const out = join(folder, "scores");
    const args = [...model, "--crf", "--flip", "--scales", "0.5,1", "--out", out];
    const { code, stdout } = await evaluate(...args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^IoU, % +CAM +affinity CAM +segmentation +\+ CRF$/m);
    const files = ["confusion.png", "confusion.svg", "metrics.json", "results.csv", "worst.html"];
    expect(readdirSync(out).sort()).toEqual(files);
    const metrics = JSON.parse(readFileSync(join(out, "metrics.json"), "utf8")) as object;
    expect(metrics).toMatchObject({
      split: "val",
      flip: true,
      scales: [0.5, 1],
      crf: true,
      masks: 4,
    });
    expect(readFileSync(join(out, "worst.html"), "utf8").match(/<article/g)).toHaveLength(4);
    const again = await evaluate(...args);
    expect([again.code, again.stderr]).toMatchObject([
      1,
      expect.stringMatching(/metrics\.json: already exists/),
    ]);
    const fewer = await evaluate(...args, "--overwrite", "--worst", "2");
    expect(fewer.code).toBe(0);
    expect(readFileSync(join(out, "worst.html"), "utf8").match(/<article/g)).toHaveLength(2);
  });

  test("a run's own scores are never written over by chance", async () => {
    const before = readFileSync(join(run, "metrics.json"), "utf8");
    const { code } = await evaluate(...model, "--out", run);
    expect(code).toBe(1);
    expect(readFileSync(join(run, "metrics.json"), "utf8")).toBe(before);
  });

  test("--no-cam and --long-side measure the segmentation alone, at another size", async () => {
    const whole = last((await evaluate(...model, "--json")).stdout);
    const fast = last((await evaluate(...model, "--no-cam", "--json")).stdout);
    const larger = last(
      (await evaluate(...model, "--no-cam", "--long-side", "96", "--json")).stdout,
    );
    const { seg, tagF1 } = whole["metrics"] as Record<string, number>;
    expect(fast["metrics"]).toEqual({ seg, tagF1 });
    expect(larger["metrics"]).not.toEqual(fast["metrics"]);
  });

  test("--stages prints the way from CAM to CRF", async () => {
    const { code, stdout } = await evaluate(...model, "--stages");
    expect(code).toBe(0);
    const stages = stdout
      .split("\n")
      .slice(0, 10)
      .map((line) => line.replace(/ {2,}.*/, ""));
    expect(stages).toEqual([
      ...["stage", "CAM", "CAM + PAR", "affinity CAM", "affinity CAM + PAR"],
      ...["perfect affinity", "perfect affinity + PAR"],
      ...["segmentation", "+ multi-scale, flip", "+ CRF"],
    ]);
    const out = join(folder, "stages");
    const json = await evaluate(...model, "--stages", "--json", "--out", out);
    const { stages: scores, masks } = last(json.stdout);
    const file = readFileSync(join(out, "stages.json"), "utf8");
    expect(JSON.parse(file)).toEqual(last(json.stdout));
    const whole = last((await evaluate(...model, "--json")).stdout);
    const { cam, seg } = whole["metrics"] as Record<string, number>;
    expect(scores).toMatchObject([{ meanIou: cam }, {}, {}, {}, {}, {}, { meanIou: seg }, {}, {}]);
    expect(masks).toBe(4);
  });

  test("a mask with labels beyond the classes is told and left out; if all are, it is an error", async () => {
    const broken = join(folder, "broken");
    cpSync(data, broken, { recursive: true });
    const names = readFileSync(join(data, "tags.csv"), "utf8").split("\n").slice(13, 17);
    const masks = names.map((line) => join(broken, "masks", line.split(",")[0]!));
    const wrong = { width: 64, height: 64, data: new Uint8Array(4096).fill(9) };
    await writeMask(masks[0]!, wrong);
    const args = ["--model", run, "--data", broken, ...cpu] as const;
    const one = await evaluate(...args, "--json");
    expect(last(one.stdout)).toMatchObject({
      images: 3,
      masks: 3,
      skipped: [expect.stringContaining(`${masks[0]}: mask has label 9 at x 0`)],
    });
    for (const mask of masks) await writeMask(mask, wrong);
    const all = await evaluate(...args);
    expect([all.code, all.stderr]).toMatchObject([
      1,
      expect.stringMatching(/none of the 4 images can be measured/),
    ]);
  });

  test("classes that are not the model's are named", async () => {
    const other = join(folder, "other");
    cpSync(data, other, { recursive: true });
    const classes = readFileSync(join(data, "classes.txt"), "utf8");
    writeFileSync(join(other, "classes.txt"), `${classes.trimEnd()}\nextra\n`);
    const { code, stderr } = await evaluate("--model", run, "--data", other, ...cpu);
    expect(code).toBe(1);
    expect(stderr).toMatch(/its 5 classes are .*extra; .* was trained on 4/);
  });

  test.each([
    [["--masks", "a"], /--masks and --truth go together/],
    [["--masks", "a", "--truth", "b", "--flip"], /leave out --flip/],
    [["--model", "a"], /required option '--data <folder>'/],
    [["--data", "a"], /required option '--model <run>'/],
    [["--model", "a", "--data", "b", "--list", "c"], /--list goes with --masks/],
    [["--model", "a", "--data", "b", "--stages", "--no-cam"], /leave out --no-cam/],
    [["--model", "a", "--data", "b", "--long-side", "5"], /whole number from 32 up/],
  ])("%j is wrong usage", async (args, message) => {
    const { code, stderr } = await evaluate(...args);
    expect([code, stderr]).toMatchObject([2, expect.stringMatching(message)]);
  });
});

describe("eval without truth", () => {
  test("a data set's predictions become a folder of masks that can be measured later", async () => {
    const untrue = join(folder, "untrue");
    cpSync(data, untrue, { recursive: true });
    rmSync(join(untrue, "masks"), { recursive: true });
    const args = ["--model", run, "--data", untrue, ...cpu] as const;
    const without = await evaluate(...args);
    expect([without.code, without.stderr]).toMatchObject([
      1,
      expect.stringMatching(/no image of the split "val" has a mask .*--out/),
    ]);
    const out = join(folder, "predictions");
    const { code, stdout } = await evaluate(...args, "--out", out);
    expect(code).toBe(0);
    expect(stdout).toContain(`tar -czf ${out}/results.tgz -C ${out} masks`);
    expect(readdirSync(join(out, "masks"))).toHaveLength(4);
    const list = join(folder, "val.txt");
    const names = readdirSync(join(out, "masks")).map((file) => file.replace(".png", ""));
    writeFileSync(list, names.join("\n"));
    const compare = ["--masks", out, "--truth", join(data, "masks"), "--json"] as const;
    const later = last((await evaluate(...compare, "--list", list)).stdout);
    const direct = last((await evaluate("--model", run, "--data", data, ...cpu, "--json")).stdout);
    const { seg } = direct["metrics"] as { seg: number };
    expect(later).toMatchObject({ metrics: { masks: seg }, compared: 4, unpredicted: [] });
    const unlisted = last((await evaluate(...compare)).stdout);
    expect(unlisted["unpredicted"]).toHaveLength(12);
    const again = await evaluate(...args, "--out", out);
    expect(again.code).toBe(1);
  });

  test("VOC's test split becomes the tree of VOC's server", async () => {
    const voc = join(folder, "voc");
    const model = join(folder, "voc-run");
    const pictures = await writeMiniVoc(voc);
    await train(voc, model);
    const out = join(folder, "submission");
    const args = ["--model", model, "--data", voc, "--split", "test", "--out", out, ...cpu];
    const { code, stdout } = await evaluate(...args);
    expect(code).toBe(0);
    expect(stdout).toContain(`-C ${out} results`);
    const tree = join(out, "results/VOC2012/Segmentation/comp6_test_cls");
    const tests = pictures.filter(({ split }) => split === "test");
    expect(readdirSync(tree)).toEqual(tests.map(({ name }) => `${name}.png`));
    for (const { name, width, height } of tests) {
      const labels = await readMask(join(tree, `${name}.png`));
      expect([labels.width, labels.height]).toEqual([width, height]);
      expect(Math.max(...new Set(labels.data))).toBeLessThanOrEqual(20);
    }
  });
});
