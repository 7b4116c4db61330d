import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { classes, writeCheckpoint } from "../jobs/exported-model.ts";
import { fewScenes, temporaryFolder } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const weights = join(folder, "best.safetensors");
const out = join(folder, "animals.onnx");
let images: string;

beforeAll(async () => {
  writeCheckpoint(weights);
  images = join(await fewScenes(join(folder, "scenes")), "images");
});

type Evaluated = Readonly<Record<"metrics" | "perClass" | "accuracy", Record<string, unknown>>>;

/** What the command prints, or as an error what it complains of. */
async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tag2mask("export", ...args);
  if (code !== 0) throw new Error(`${code}: ${stderr}`);
  return stdout;
}

test("says what was written, what goes in and out, and how to use it", async () => {
  const printed = await run("--model", weights, "--out", out);
  expect(printed).toContain(`wrote    ${out} (1.1 MB)`);
  expect(printed).toContain("input    pixel_values [batch, 3, height, width]");
  expect(printed).toContain("outputs  logits [batch, 6, height/4, width/4], tag_logits [batch, 5]");
  expect(printed).toMatch(
    /checked {2}predicts what the network does, to \de-\d of the largest logit/,
  );
  expect(printed).toContain(`segment --model ${out} --out masks IMAGES`);
});

test("--json tells the same to programs", async () => {
  const file = join(folder, "json.onnx");
  const result = JSON.parse(await run("--model", weights, "--out", file, "--json")) as object;
  const bytes = expect.any(Number) as number;
  expect(result).toMatchObject({
    model: weights,
    format: "onnx",
    out: file,
    files: [{ file, bytes }],
  });
});

test("the three formats are written beside the weights unless told otherwise", async () => {
  mkdirSync(join(folder, "run", "weights"), { recursive: true });
  writeCheckpoint(join(folder, "run", "weights", "last.safetensors"));
  for (const format of ["onnx", "safetensors", "transformersjs"]) {
    const printed = await run("--model", join(folder, "run"), "--format", format);
    expect(printed).toMatch(format === "transformersjs" ? /await pipeline\(/ : /segment --model /);
  }
  expect(readdirSync(join(folder, "run", "weights")).sort()).toEqual([
    "last-transformersjs",
    "last.onnx",
    "last.safetensors",
    "last.weights.safetensors",
  ]);
});

test("an exported model is not exported again, and nothing is replaced without --overwrite", async () => {
  await expect(run("--model", out)).rejects.toThrow(
    `1: tag2mask export: ${out}: is an exported model already`,
  );
  await expect(run("--model", weights, "--out", out)).rejects.toThrow("--overwrite");
  expect(await run("--model", weights, "--out", out, "--overwrite")).toContain("wrote");
});

test("segment and label run the .onnx file; class activations need the run", async () => {
  const args = ["--model", out, "--device", "cpu", "--json"];
  const segmented = await tag2mask("segment", ...args, "--out", join(folder, "masks"), images);
  expect([segmented.code, segmented.stderr]).toEqual([0, ""]);
  expect(segmented.stdout).toContain('"masks":16');
  const data = join(folder, "scenes");
  const labels = join(folder, "labels");
  const labelled = await tag2mask("label", ...args, "--out", labels, "--data", data);
  expect([labelled.code, labelled.stderr]).toEqual([0, ""]);
  expect(labelled.stdout).toContain('"source":"segmentation"');
  rmSync(labels, { recursive: true });
  const more = ["--out", labels, "--data", data, "--from", "affinity"];
  const refused = await tag2mask("label", ...args, ...more);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`${out}: an exported model can only segment`);
  expect(readdirSync(folder)).not.toContain("labels");
});

test("a format that is not known is refused with those that are", async () => {
  await expect(run("--model", weights, "--format", "tflite")).rejects.toThrow(
    /^2: .*Allowed choices are onnx, safetensors, transformersjs/,
  );
});

test("eval measures the segmentation of an .onnx file", async () => {
  const data = join(folder, "five");
  await fewScenes(data);
  writeFileSync(join(data, "classes.txt"), `${classes.join("\n")}\n`);
  const evaluate = (model: string) =>
    tag2mask("eval", "--model", model, "--data", data, "--device", "cpu", "--json");
  const [exported, own] = [await evaluate(out), await evaluate(weights)];
  expect([exported.code, exported.stderr, own.code]).toEqual([0, "", 0]);
  const segmentation = ({ stdout }: { stdout: string }): unknown => {
    const { metrics, perClass, accuracy } = JSON.parse(stdout) as Evaluated;
    return { seg: [metrics["seg"], perClass["seg"]], tagF1: metrics["tagF1"], accuracy };
  };
  expect(segmentation(exported)).toEqual(segmentation(own));
  expect((JSON.parse(exported.stdout) as Evaluated).metrics["cam"] ?? null).toBeNull();
});
