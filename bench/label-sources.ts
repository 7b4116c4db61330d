import { parseArgs } from "node:util";
import { datasetReader, openDataset, samplesOf } from "../src/files/datasets/index.ts";
import { textTable } from "../src/files/text/columns.ts";
import { nodeHost } from "../src/host/node/host.ts";
import { chooseSource } from "../src/jobs/choose-source.ts";
import { openSegmenter } from "../src/jobs/open-segmenter.ts";
import { ConfusionMatrix } from "../src/method/eval/metrics.ts";
import type { LabelOptions } from "../src/method/inference/segmenter.ts";
import { CrfPool } from "../src/method/refine/crf-pool.ts";
import { rankCorrelation } from "./rank-correlation.ts";

// Measures the sources of masks of tagged images against true masks, and the choice between them by tags alone.
const { values } = parseArgs({
  options: {
    models: { type: "string" },
    data: { type: "string" },
    split: { type: "string", default: "val" },
    limit: { type: "string", default: "100" },
    json: { type: "boolean", default: false },
  },
});
if (values.models === undefined || values.data === undefined) {
  console.error("label-sources: give --models <file,file,…> and --data <folder>");
  process.exit(2);
}

const titles = {
  segmentation: "segmentation",
  crf: "segmentation + CRF",
  affinity: "affinity",
  cam: "cam",
} as const;
type Row = keyof typeof titles;
const rows = Object.keys(titles) as Row[];

const data = await openDataset(nodeHost, values.data);
const reader = datasetReader(nodeHost.codec, data.classes.length);
const samples = samplesOf(data, values.split)
  .filter(({ mask, untagged }) => mask !== undefined && !untagged)
  .slice(0, Number(values.limit));
const pool = new CrfPool(nodeHost.workers, { threads: nodeHost.machine.cores });
const options: Record<Row, LabelOptions> = {
  segmentation: { from: "segmentation" },
  crf: { from: "segmentation", crf: (image, logits) => pool.refine(image, logits) },
  affinity: { from: "affinity" },
  cam: { from: "cam" },
};

class Score {
  private readonly matrix = new ConfusionMatrix(data.classes.length + 1);
  private readonly ious: number[] = [];
  private readonly confidences: number[] = [];

  add(truth: Uint8Array, { data: mask, confidence }: { data: Uint8Array; confidence: number }) {
    const own = new ConfusionMatrix(this.matrix.numClasses);
    own.add(truth, mask);
    this.matrix.merge(own);
    this.ious.push(own.meanIou());
    this.confidences.push(confidence);
  }

  get facts() {
    const { matrix, confidences, ious } = this;
    return { meanIou: matrix.meanIou(), rho: rankCorrelation(confidences, ious) };
  }
}

async function measure(model: string) {
  const segmenter = await openSegmenter(nodeHost, model, { device: "cpu" });
  try {
    if (segmenter.classes.join() !== data.classes.join()) {
      throw new Error(`${model}: its classes are not those of ${data.root}`);
    }
    const items = samples.map(({ name, image, tags }) => ({ name, file: image, tags }));
    const choosing = chooseSource(nodeHost, segmenter, items);
    let step = await choosing.next();
    while (!step.done) step = await choosing.next();
    const choice = step.value;
    const scores = new Map(rows.map((row) => [row, new Score()]));
    for (const sample of samples) {
      const [image, truth] = [await reader.readImage(sample), await reader.readMask(sample)];
      for (const row of rows) {
        scores.get(row)!.add(truth.data, await segmenter.label(image, sample.tags, options[row]));
      }
    }
    const sources = Object.fromEntries(rows.map((row) => [row, scores.get(row)!.facts]));
    const scoreOf = (row: Row) => sources[row]!.meanIou;
    const chosen = scoreOf(choice.source === "segmentation" ? "crf" : choice.source);
    const best = Math.max(scoreOf("crf"), scoreOf("affinity"), scoreOf("cam"));
    return { model, images: samples.length, sources, choice, loss: best - chosen };
  } finally {
    await segmenter.release();
  }
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}

function print({ model, images, sources, choice, loss }: Awaited<ReturnType<typeof measure>>) {
  console.log(`${model}: ${images} images of ${values.split}`);
  const table = rows.map((row) => {
    const { meanIou, rho } = sources[row]!;
    const name = row === "crf" ? "segmentation" : row;
    const shares = (["tagsShown", "area"] as const).map((key) =>
      row === "crf" || !choice.measured ? "" : percent(choice.measured[key][name]),
    );
    return [titles[row], percent(meanIou), rho.toFixed(2), ...shares];
  });
  console.log(textTable([["source", "mIoU", "rho", "tags shown", "area"], ...table]));
  if (choice.measured) {
    const { tagsFound, agreement } = choice.measured;
    console.log(
      `tags found ${percent(tagsFound)}; agreement segmentation-affinity ${percent(agreement.segmentationAffinity)}, ` +
        `segmentation-cam ${percent(agreement.segmentationCam)}, affinity-cam ${percent(agreement.affinityCam)}`,
    );
  }
  console.log(`auto: ${choice.source}, ${percent(loss)} below the best; ${choice.reason}\n`);
}

try {
  for (const model of values.models.split(",")) {
    const measured = await measure(model);
    if (values.json) console.log(JSON.stringify(measured));
    else print(measured);
  }
} finally {
  await pool.close();
}
