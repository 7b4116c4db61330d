import { access, copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../src/engine/random.ts";
import { openDataset, samplesOf, type OpenedDataset } from "../src/files/datasets/index.ts";
import { trainingSamples } from "../src/files/datasets/known-masks.ts";
import { textTable } from "../src/files/text/columns.ts";
import { setting } from "../src/cli/set-option.ts";
import { nodeHost } from "../src/host/node/host.ts";
import { runDemo } from "../src/jobs/demo.ts";
import { evaluateModel } from "../src/jobs/evaluate.ts";
import { outcomeOf } from "../src/jobs/events.ts";
import { trainModel } from "../src/jobs/train.ts";

// Trains the demo's network on the demo's scenes, from tags alone and with a few known masks, and prints the mIoU of its
// segmentation on held-out scenes. Trainings in `--out` that have come to their end are not repeated.
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1,2,3" },
    counts: { type: "string", default: "10,30,100" },
    split: { type: "string" },
    images: { type: "string", default: "700" },
    test: { type: "string", default: "200" },
    steps: { type: "string" },
    out: { type: "string" },
    /** Settings of the trainings with masks, as in `train --set`. */
    set: { type: "string", multiple: true, default: [] },
  },
});
const [seeds, counts] = [values.seeds, values.counts].map((list) => list.split(",").map(Number));
const masked = counts!.filter((count) => count > 0);
const set = values.set!.reduce<Record<string, unknown>>((all, text) => setting(text, all), {});
const report = { command: "bench/known-masks.ts", versions: {} };
const steps = values.steps === undefined ? {} : { steps: Number(values.steps) };

/** Copies the masks of so many training scenes; more of them include the fewer. */
async function chooseMasks(data: OpenedDataset, seed: number, count: number, folder: string) {
  const samples = Random.at(seed, "known-masks").shuffle([...trainingSamples(data)]);
  if (count > samples.length) {
    throw new RangeError(`${count} masks of ${samples.length} scenes; give lower --counts`);
  }
  await mkdir(folder);
  for (const { mask } of samples.slice(0, count)) {
    await copyFile(mask!, join(folder, basename(mask!)));
  }
}

/** Whether a training in this folder has come to its end; one that has not is in the way, and an error says so. */
function finished(run: string): Promise<boolean> {
  return access(join(run, "report.html")).then(
    () => true,
    () => false,
  );
}

/** mIoU of a run's segmentation, 0..1. */
async function measure(run: string, scenes: string, split: string): Promise<number> {
  const job = { model: run, data: scenes, split, cam: false, device: "cpu", worst: 0 } as const;
  const { matrices } = await outcomeOf(evaluateModel(nodeHost, job), "scores");
  return matrices.seg!.meanIou();
}

/** mIoU for each number of masks, 0 first. */
async function measureSeed(seed: number, work: string): Promise<number[]> {
  const out = join(work, `seed-${seed}`);
  const say = (masks: number, score: number) => {
    console.error(`seed ${seed}, ${masks} masks: ${(100 * score).toFixed(1)}`);
    return score;
  };
  const demo = {
    ...steps,
    out,
    images: Number(values.images),
    testImages: Number(values.test),
    seed,
    device: "cpu",
    report,
  } as const;
  const [scenes, run] = [join(out, "scenes"), join(out, "train")];
  if (!(await finished(run))) await outcomeOf(runDemo(nodeHost, demo), "tour-done");
  const data = await openDataset(nodeHost, scenes, { training: true });
  const split = values.split ?? (data.splits["test"] ? "test" : "val");
  console.error(`seed ${seed}: ${samplesOf(data, split).length} scenes of the split ${split}`);
  const scores = [say(0, await measure(run, scenes, split))];
  for (const count of masked) {
    const runWithMasks = join(out, `train-${count}`);
    if (!(await finished(runWithMasks))) {
      const masks = join(out, `masks-${count}`);
      await chooseMasks(data, seed, count, masks);
      // The settings of the demo's own run, so that nothing but the masks differs.
      const config = join(run, "config.yaml");
      const job = { data: scenes, config, masks, set, out: runWithMasks, report } as const;
      await outcomeOf(trainModel(nodeHost, { ...job, device: "cpu" }), "trained");
    }
    scores.push(say(count, await measure(runWithMasks, scenes, split)));
  }
  return scores;
}

function percent(score: number): string {
  return (100 * score).toFixed(1);
}

const work = values.out ?? (await mkdtemp(join(tmpdir(), "tag2mask-known-masks-")));
await mkdir(work, { recursive: true });
try {
  const scores: number[][] = [];
  for (const seed of seeds!) scores.push(await measureSeed(seed, work));
  const means = [0, ...masked].map(
    (_, i) => scores.reduce((sum, own) => sum + own[i]!, 0) / scores.length,
  );
  const rows = [0, ...masked].map((count, i) => [
    String(count),
    ...scores.map((own) => percent(own[i]!)),
    percent(means[i]!),
    i === 0 ? "" : `${percent((1 - means[i]!) / (1 - means[0]!) - 1)} %`,
  ]);
  const titles = ["known masks", ...seeds!.map((seed) => `seed ${seed}`), "mean mIoU", "error"];
  console.log(textTable([titles, ...rows]));
} finally {
  if (values.out === undefined) await rm(work, { recursive: true, force: true });
}
