import { readFile } from "node:fs/promises";
import { augment } from "../src/method/data/augment.ts";
import { augmentationStream } from "../src/method/data/sampler.ts";
import { BatchLoader } from "../src/method/train/batch-loader.ts";
import { decodeImage } from "../src/host/node/images/codec.ts";
import { loadedConfigurations, recipe } from "./configurations.ts";
import { watchForeignLoad } from "./foreign-load.ts";
import { now, timed, type JobResult, type Workspace } from "./job.ts";
import { photograph } from "./photographs.ts";
import { nodeHost } from "../src/host/node/host.ts";

/** Images decoded and augmented one after the other. */
const alone = 40;
const batch = 2;
/** Batches from the loader: some to start its threads, then those that count. */
const [settling, batches] = [20, 80];
/** Batches in a measurement: one is over before the clock has ticked properly. */
const together = 10;

/** Decoding and augmenting drawn photographs as a configuration does it: in this thread, then by the trainer's loader. */
export async function measureLoading(name: string, { photographs }: Workspace): Promise<JobResult> {
  const configuration = loadedConfigurations.find((c) => c.name === name)!;
  const { data, train } = recipe(configuration);
  const { crop, maxSide, scaleRange, flip, workers } = data;
  const options = { crop, maxSide, scaleRange, flip };
  const others = watchForeignLoad(now);
  const spent = { decode: [] as number[], augment: [] as number[] };
  for (let i = 0; i < alone; i++) {
    const path = photographs[i]!.image;
    const bytes = await readFile(path);
    const start = now();
    const image = await decodeImage(bytes, path);
    const decoded = now();
    augment(image, augmentationStream(train.seed, i), options);
    spent.decode.push(decoded - start);
    spent.augment.push(now() - decoded);
  }
  const loader = new BatchLoader(nodeHost, photographs, configuration.classes, {
    ...options,
    batch,
    workers,
    seed: train.seed,
    strict: true,
  });
  const loaded: number[] = [];
  try {
    let step = 0;
    while (step < settling) await loader.next(step++);
    while (step < settling + batches) {
      const seconds = await timed(async () => {
        for (let i = 0; i < together; i++) await loader.next(step++);
      });
      loaded.push(seconds / (together * batch));
    }
  } finally {
    await loader.close();
  }
  const rss = process.resourceUsage().maxRSS * 1024;
  const none = { rss: null, operations: null };
  return {
    group: loadingGroup(crop),
    parts: [
      { name: "decode", seconds: spent.decode, ...none },
      { name: "resize, flip, crop", seconds: spent.augment, ...none },
      { name: loaderPart(workers), seconds: loaded, rss, operations: null },
    ],
    foreignLoad: others(),
  };
}

/** Title of what one image costs on its way into a crop of this side. */
export function loadingGroup(crop: number): string {
  return `an image of ${photograph.width} × ${photograph.height}, JPEG, to a crop of ${crop}`;
}

function loaderPart(workers: number): string {
  return `the loader, ${workers} ${workers === 1 ? "thread" : "threads"}`;
}
