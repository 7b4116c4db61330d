import { mkdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { textTable } from "../src/files/text/columns.ts";
import { nodeHost } from "../src/host/node/host.ts";
import type { MeasuredSeed } from "../src/jobs/compare-seeds.ts";
import { runDemo } from "../src/jobs/demo.ts";
import { outcomeOf } from "../src/jobs/events.ts";
import type { StageName } from "../src/method/eval/stages.ts";

// What a synchronized BatchNorm (train.syncNorm) changes in whole trainings: the demo's network on the demo's scenes, in micro-x Prints the scores of scenes that neither training nor the choice
// of a checkpoint has seen. Finished trainings in `--out` are not repeated, and one that was stopped goes on.
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1,2,3" },
    micro: { type: "string", default: "2" },
    images: { type: "string", default: "700" },
    test: { type: "string", default: "200" },
    steps: { type: "string" },
    /** Trainings without micro-batches too. */
    whole: { type: "boolean", default: false },
    out: { type: "string", default: join(tmpdir(), "tag2mask-sync-norm") },
  },
});
const seeds = values.seeds.split(",").map(Number);
const microBatch = Number(values.micro);
const kinds = {
  "the micro-batch": { "train.microBatch": microBatch },
  "the whole batch": { "train.microBatch": microBatch, "train.syncNorm": true },
  "no micro-batches": {},
} as const;
type Kind = keyof typeof kinds;
const compared: readonly Kind[] = [
  ...(["the micro-batch", "the whole batch"] as const),
  ...(values.whole ? (["no micro-batches"] as const) : []),
];

/** Trains and scores a demo, unless that is done. */
async function scoresOf(kind: Kind, seed: number): Promise<MeasuredSeed> {
  const out = join(values.out, `seed-${seed}`, kind.replaceAll(" ", "-"));
  const finished = await readFile(join(out, "stages.json"), "utf8").catch(() => undefined);
  if (finished !== undefined)
    return (JSON.parse(finished) as { seeds: readonly MeasuredSeed[] }).seeds[0]!;
  await mkdir(join(values.out, `seed-${seed}`), { recursive: true });
  const { images, test, steps } = values;
  const demo = {
    ...{ out, seeds: [seed], set: kinds[kind], device: "cpu" as const },
    ...{ images: Number(images), testImages: Number(test) },
    ...(steps !== undefined && { steps: Number(steps) }),
    report: { command: "bench/sync-norm-training.ts", versions: {} },
  };
  const start = performance.now();
  const { measured } = await outcomeOf(runDemo(nodeHost, demo), "compared");
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.error(`seed ${seed}, ${kind}: ${percent(measured[0]!, "seg")} in ${seconds} s`);
  return measured[0]!;
}

/** mIoU after a stage, in percent. */
function percent({ scores }: MeasuredSeed, stage: StageName): string {
  return (100 * miouOf(scores, stage)).toFixed(1);
}

function miouOf({ stages }: MeasuredSeed["scores"], stage: StageName): number {
  return stages.find(({ name }) => name === stage)!.meanIou;
}

const all = new Map<Kind, MeasuredSeed[]>();
for (const seed of seeds) {
  for (const kind of compared)
    all.set(kind, [...(all.get(kind) ?? []), await scoresOf(kind, seed)]);
}
console.log(
  `mIoU in % of ${values.test} held-out scenes, micro-batches of ${microBatch}, ${values.steps ?? "all"} steps of the demo\n`,
);
for (const [stage, title] of [
  ["seg", "segmentation"],
  ["crf", "+ CRF"],
] as const) {
  const rows = [...all].map(([kind, measured]) => {
    const scores = measured.map((one) => miouOf(one.scores, stage));
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    return [kind, ...measured.map((one) => percent(one, stage)), (100 * mean).toFixed(1)];
  });
  const titles = [`${title}: statistics of`, ...seeds.map((seed) => `seed ${seed}`), "mean"];
  console.log(`${textTable([titles, ...rows])}\n`);
}
