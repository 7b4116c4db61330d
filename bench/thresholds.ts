import { parseArgs } from "node:util";
import { measureChoice } from "./threshold-choice.ts";
import { trainPairs } from "./threshold-training.ts";

// Compares the thresholds that tags alone choose with the best ones by true masks: of the pseudo labels of trained models, or
// with --train of demos that are trained with each pair.
const { values } = parseArgs({
  options: {
    models: { type: "string" },
    data: { type: "string" },
    crops: { type: "string", default: "160" },
    train: { type: "boolean", default: false },
    seeds: { type: "string", default: "1,2,3" },
    pairs: { type: "string", default: "0.25:0.45,0.35:0.55,0.45:0.65,0.55:0.75" },
    images: { type: "string", default: "700" },
    steps: { type: "string" },
    out: { type: "string" },
  },
});

const list = (text: string): string[] => text.split(",").filter((word) => word !== "");

if (values.train) {
  if (values.out === undefined) throw new RangeError("--train: give --out, a folder for the runs");
  const pairs = list(values.pairs).map((text) => {
    const [low, high] = text.split(":").map(Number);
    if (!(low! >= 0 && low! <= high! && high! <= 1)) {
      throw new RangeError(`--pairs: expected low:high from 0 to 1, found ${text}`);
    }
    return { low: low!, high: high! };
  });
  const { steps, images, out } = values;
  const options = { out, images: Number(images), ...(steps && { steps: Number(steps) }) };
  console.log(await trainPairs(list(values.seeds).map(Number), pairs, options));
} else {
  const models = list(values.models ?? "");
  const folders = list(values.data ?? "");
  if (models.length === 0 || (folders.length !== 1 && folders.length !== models.length)) {
    throw new RangeError(
      `--models has ${models.length} models and --data ${folders.length} data sets with masks; give one for each, or one for all`,
    );
  }
  const jobs = models.map((model, i) => ({ model, data: folders[i] ?? folders[0]! }));
  console.log(await measureChoice(jobs, Number(values.crops)));
}
