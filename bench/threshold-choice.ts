import { openDataset } from "../src/files/datasets/index.ts";
import { KnownMasks, trainingSamples } from "../src/files/datasets/known-masks.ts";
import { textTable } from "../src/files/text/columns.ts";
import { nodeHost } from "../src/host/node/host.ts";
import { openModel } from "../src/jobs/open-model.ts";
import { ignoreIndex } from "../src/method/images/image.ts";
import { ConfusionMatrix } from "../src/method/eval/metrics.ts";
import { candidateScores, mergeCam, refinePseudoLabels } from "../src/method/labels/index.ts";
import { parOf } from "../src/method/refine/par.ts";
import { BatchLoader } from "../src/method/train/batch-loader.ts";
import { labelInputs } from "../src/method/train/label-inputs.ts";
import { measuredCrops } from "../src/method/train/run-thresholds.ts";
import {
  chooseThresholds,
  CropActivations,
  type ActivatedCrop,
} from "../src/method/train/threshold-fit.ts";

export interface ChoiceJob {
  readonly model: string;
  /** Data set whose training images have masks. */
  readonly data: string;
}

interface Choice {
  readonly step: number;
  readonly middles: readonly [best: number, chosen: number];
  /** mIoU of pseudo labels whose ignored pixels are decided at the middle of both thresholds. */
  readonly scores: readonly [best: number, chosen: number];
}

/** Table of the best pair by true masks and the pair that tags choose, for each model. */
export async function measureChoice(jobs: readonly ChoiceJob[], crops: number): Promise<string> {
  const rows: string[][] = [];
  for (const job of jobs) {
    const { step, middles, scores } = await choose(job, crops);
    const [best, chosen] = scores.map((score) => 100 * score) as [number, number];
    rows.push([
      job.model,
      String(step),
      pairAround(middles[0]),
      best.toFixed(1),
      pairAround(middles[1]),
      chosen.toFixed(1),
      (best - chosen).toFixed(1),
    ]);
    console.error(rows.at(-1)!.join("  "));
  }
  return textTable([["model", "step", "best pair", "mIoU", "from tags", "mIoU", "gap"], ...rows]);
}

/** Both pairs for one model: the rule sees the first crops without masks, the scores are those of all crops. */
async function choose({ model: path, data: folder }: ChoiceJob, count: number): Promise<Choice> {
  const model = await openModel(nodeHost.store, path);
  const data = await openDataset(nodeHost, folder, { training: true });
  const { config, network, parameters, step } = model;
  const masks = await KnownMasks.find(nodeHost, data);
  masks.requireAny();
  const { crop, batch, maxSide, scaleRange, flip } = config.data;
  const { seed } = config.train;
  const loader = new BatchLoader(nodeHost, trainingSamples(data), data.classes.length, {
    ...{ crop, batch, maxSide, scaleRange, flip, seed },
    maskOf: (sample) => masks.of(sample),
  });
  const runtime = await nodeHost.runtime({ device: "cpu", threads: nodeHost.machine.cores });
  const activations = new CropActivations(runtime, network, parameters, config);
  const crops: ActivatedCrop[] = [];
  const truths: Uint8Array[] = [];
  try {
    for (let s = step; crops.length < count; s++) {
      for (const input of labelInputs(await loader.next(s), network.classes)) {
        crops.push(await activations.run(input));
        truths.push(input.known?.data.slice() ?? new Uint8Array(crop * crop).fill(ignoreIndex));
      }
    }
  } finally {
    await activations.release();
    await loader.close();
  }
  const chosen = chooseThresholds(crops.slice(0, measuredCrops.auto), config);
  if (!chosen) throw new RangeError(`${path}: its crops tell nothing about thresholds`);
  const middle = (chosen.low + chosen.high) / 2;
  const scores = [...candidateScores, middle];
  const par = parOf(config);
  const matrices = scores.map(() => new ConfusionMatrix(network.classes + 1));
  crops.forEach(({ image, classes, box, scales }, i) => {
    const cam = mergeCam(scales, [...classes.keys()], image.width, image.height);
    const labels = refinePseudoLabels(image, cam, classes, { scores, par, box });
    // Known labels are 255 outside the box, where the labels are too.
    const decided = labels.map((map) => map.data.map((l) => (l === ignoreIndex ? 0 : l)));
    decided.forEach((label, k) => matrices[k]!.add(truths[i]!, label));
  });
  const all = matrices.map((matrix) => matrix.meanIou());
  const best = Math.max(...all.slice(0, -1));
  return {
    step,
    middles: [scores[all.indexOf(best)]!, middle],
    scores: [best, all.at(-1)!],
  };
}

function pairAround(middle: number): string {
  return `${(middle - 0.1).toFixed(2)}:${(middle + 0.1).toFixed(2)}`;
}
