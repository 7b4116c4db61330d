import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readMask } from "../../src/host/node/images/codec.ts";
import {
  chooseByTags,
  tagMaskSources,
  type SourceMeasurements,
} from "../../src/method/inference/label-source.ts";
import { classes, writeCheckpoint } from "../jobs/exported-model.ts";
import { withFaultyFiles } from "../faulty-files.ts";
import { treeOf } from "../jobs/unfinished-masks.ts";
import { fewScenes, temporaryFolder } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const [scenes, oneClass, out] = [at("scenes"), at("one-class"), at("out")];
/** Models whose segmentation predicts nothing but background, and nothing but the first class. */
const [blind, sure] = [at("blind.safetensors"), at("sure.safetensors")];

beforeAll(async () => {
  await fewScenes(scenes);
  cpSync(scenes, oneClass, { recursive: true });
  const names = readdirSync(join(oneClass, "images"));
  // Four images of the first class, two of background alone, and others of which nothing is known.
  const rows = names.slice(0, 6).map((name, i) => `${name},${i < 4 ? classes[0] : ""}`);
  writeFileSync(join(oneClass, "tags.csv"), `file,tags\n${rows.join("\n")}\n`);
  writeCheckpoint(blind, (bias) => (bias[0] = 1000));
  writeCheckpoint(sure, (bias) => (bias[1] = 1000));
});

async function label(model: string, data: string, ...options: string[]) {
  rmSync(out, { recursive: true, force: true });
  const paths = ["--model", model, "--data", data, "--out", out];
  const plain = ["--no-overlays", "--no-sheet", "--device", "cpu"];
  return await tag2mask("label", ...paths, ...plain, ...options);
}

interface SourceRecord {
  readonly source: string;
  readonly reason: string;
  readonly crf: boolean;
  readonly unused: readonly string[];
  readonly measured: SourceMeasurements;
}

function records(stdout: string): Record<string, unknown>[] {
  const all = stdout.trimEnd().split("\n");
  return all.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("with a segmentation that finds no tags, masks come from class activations, as the measurements say", async () => {
  const { code, stdout, stderr } = await label(blind, scenes, "--split", "val", "--json");
  expect([code, stderr]).toEqual([0, ""]);
  const choice = records(stdout).find((one) => "reason" in one) as unknown as SourceRecord;
  expect(choice.source).not.toBe("segmentation");
  expect(choice).toMatchObject({ crf: false, unused: [] });
  expect(choice.measured).toMatchObject({ images: 4, tagsFound: 0, area: { segmentation: 0 } });
  expect(chooseByTags(choice.measured)).toMatchObject({
    source: choice.source,
    reason: choice.reason,
  });
  expect(records(stdout).at(-1)).toMatchObject({ masks: 4, source: choice.source });
});

test("a segmentation that finds the tags is measured on images with tags alone", async () => {
  const { code, stdout } = await label(sure, oneClass, "--json");
  expect(code).toBe(0);
  const choice = records(stdout).find((one) => "reason" in one) as unknown as SourceRecord;
  const { images, tagsFound, tagsShown, area } = choice.measured;
  expect([images, tagsFound, tagsShown.segmentation, area.segmentation]).toEqual([4, 1, 1, 1]);
  expect(choice.source).toBe(chooseByTags(choice.measured).source);
  expect(records(stdout).at(-1)).toMatchObject({ masks: 6, source: choice.source });
});

test("images without tags are background, those of which nothing is known get no mask", async () => {
  const { stdout } = await label(sure, oneClass, "--from", "segmentation");
  expect(stdout).toMatch(/^6 masks from segmentation \+ CRF in /);
  const masks = readdirSync(join(out, "masks"));
  const labels = await Promise.all(masks.map((name) => readMask(join(out, "masks", name))));
  expect(labels.map(({ data }) => [...new Set(data)])).toEqual([[1], [1], [1], [1], [0], [0]]);
});

test("options of the segmentation that the chosen source lacks are told", async () => {
  const { code, stderr } = await label(blind, oneClass, "--flip", "--long-side", "64");
  expect(code).toBe(0);
  expect(stderr).toContain("not used, as only the segmentation has it: --flip, --long-side");
});

test.each(tagMaskSources)("--from %s labels a split", async (from) => {
  const { code, stdout, stderr } = await label(blind, scenes, "--split", "val", "--from", from);
  expect(code).toBe(0);
  const title = from === "segmentation" ? "segmentation + CRF" : from;
  expect(stdout.startsWith(`4 masks from ${title} in `)).toBe(true);
  expect(stderr).toContain(`masks from ${title}, as asked`);
});

test("thresholds leave pixels that neither is sure of unknown, and belong to the job that --resume continues", async () => {
  const paths = [
    "--model",
    blind,
    "--data",
    oneClass,
    "--device",
    "cpu",
    "--no-sheet",
    "--from",
    "cam",
  ];
  const made = async (folder: string, ...options: string[]) => {
    const { code, stderr } = await tag2mask("label", ...paths, "--out", at(folder), ...options);
    expect([code, stderr]).toEqual([0, expect.stringContaining("masks from cam, as asked")]);
    const names = readdirSync(join(at(folder), "masks"));
    return Promise.all(
      names.map(async (name) => (await readMask(join(at(folder), "masks", name))).data),
    );
  };
  const wide = await made("wide", "--low-threshold", "0.1", "--high-threshold", "0.9");
  const same = await made("same", "--low-threshold", "0.45", "--high-threshold", "0.45");
  const plain = await made("plain");
  expect(same).toEqual(plain);
  expect(plain.flatMap((data) => [...data])).not.toContain(255);
  expect(wide.filter((data) => data.includes(255)).length).toBeGreaterThan(0);
  // The other one is that of the model.
  const { stderr } = await tag2mask(
    "label",
    ...paths,
    "--out",
    at("none"),
    "--low-threshold",
    "0.9",
  );
  expect(stderr).toMatch(
    /lowThreshold is 0.9, highThreshold 0\.\d+; .*--high-threshold is that of the model/,
  );

  const stopped = [...paths, "--out", at("stopped"), "--low-threshold", "0.2"];
  await withFaultyFiles({ fault: "ENOSPC", at: 60, lasting: true }, () =>
    tag2mask("label", ...stopped),
  );
  const other = await tag2mask("label", ...stopped, "--low-threshold", "0.3", "--resume");
  expect(other.stderr).toMatch(/unfinished job with other settings: lowThreshold was 0.2, is 0.3/);
});

test("tags that no pixel shows are named in the summary and the table", async () => {
  const { stdout } = await label(blind, oneClass, "--from", "segmentation", "--no-crf");
  expect(stdout).toMatch(/^6 masks from segmentation in /);
  expect(stdout).toContain("4 of 6 masks without a pixel of one of their tags: ");
  const table = readFileSync(join(out, "confidence.csv"), "utf8").trimEnd().split("\n");
  expect(table).toHaveLength(7);
  for (const row of table.slice(1, 5)) expect(row).toContain(`,${classes[0]},${classes[0]}`);
});

test.each([
  [["--from", "sky"], "argument 'sky' is invalid"],
  [["--from", "cam", "--crf"], "--crf is for masks of the segmentation"],
  [["--from", "affinity", "--scales", "0.5,1"], "--scales is for masks of the segmentation"],
  [["--from", "affinity", "--long-side", "64"], "--long-side is for masks of the segmentation"],
  [["--from", "cam", "--low-threshold", "1.2"], "Expected a number from 0 to 1"],
  [["--low-threshold", "0.3"], "leave --low-threshold out, or give --from cam"],
  [
    ["--from", "segmentation", "--high-threshold", "0.6"],
    "leave --high-threshold out, or give --from cam",
  ],
])("%j is a mistake of usage", async (options, message) => {
  const { code, stderr } = await label(blind, scenes, ...options);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(readdirSync(folder)).not.toContain("out");
});

test.each([["label", ["--data", scenes]] as const, ["segment", [join(scenes, "images")]] as const])(
  "%s on a disk that fails says what is kept and how to go on, and --resume gives the bytes of an uninterrupted job",
  async (command, source) => {
    const options = ["--model", sure, "--device", "cpu", "--format", "voc,coco,cvat", ...source];
    const uninterrupted = at(`${command}-whole`);
    expect((await tag2mask(command, ...options, "--out", uninterrupted)).code).toBe(0);
    const stopped = at(`${command}-stopped`);
    const args = [command, ...options, "--out", stopped];
    const { outcome } = await withFaultyFiles({ fault: "ENOSPC", at: 120, lasting: true }, () =>
      tag2mask(...args),
    );
    const { code, stderr } = (outcome as PromiseFulfilledResult<{ code: number; stderr: string }>)
      .value;
    expect(code).toBe(1);
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(
      /no space left on the disk.*; [1-9]\d* of \d+ images are finished and kept; --resume goes on with the rest$/,
    );
    const offered = await tag2mask(...args);
    expect(offered.stderr).toMatch(/holds this job unfinished, with [1-9]\d* images finished/);
    const other = await tag2mask(...args, "--flip", "--resume");
    expect(other.stderr).toMatch(/unfinished job with other settings: flip was false, is true/);
    const resumed = await tag2mask(...args, "--resume");
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(treeOf(stopped)).toEqual(treeOf(uninterrupted));
  },
);
