import { parseConfig, type Config } from "../src/method/config.ts";
import type { Batch } from "../src/method/data/sample.ts";
import { Random } from "../src/engine/random.ts";

/** Network and batch of a speed measurement. */
export interface Configuration {
  /** Name for `--only`: backbone/crop/batch, with `/inline` for labels computed in the training thread. */
  readonly name: string;
  readonly backbone: Config["model"]["backbone"];
  readonly crop: number;
  readonly batch: number;
  readonly preset: "voc" | "small";
  /** Foreground classes: those of Pascal VOC, or of the demo's scenes. */
  readonly classes: number;
  /** 0 computes labels in the training thread, which takes less memory. */
  readonly labelWorkers?: 0;
}

const voc = { preset: "voc", classes: 20 } as const;
export const configurations: readonly Configuration[] = [
  { name: "mit_b1/320/2", backbone: "mit_b1", crop: 320, batch: 2, ...voc },
  {
    name: "mit_b1/320/2/inline",
    backbone: "mit_b1",
    crop: 320,
    batch: 2,
    ...voc,
    labelWorkers: 0,
  },
  { name: "mit_b0/160/2", backbone: "mit_b0", crop: 160, batch: 2, ...voc },
  // The demo's training.
  {
    name: "mit_small/128/8",
    backbone: "mit_small",
    crop: 128,
    batch: 8,
    preset: "small",
    classes: 4,
  },
];
/** Whose images are loaded: theirs, and those of the published recipes. */
export const loadedConfigurations: readonly Configuration[] = [
  ...configurations.filter(({ labelWorkers }) => labelWorkers === undefined),
  { name: "mit_b1/512/2", backbone: "mit_b1", crop: 512, batch: 2, ...voc },
];

const tagsPerImage = 2;

/** The recipe at this size, with propagated labels, the dearest phase, from step 1 on. */
export function recipe({ preset, backbone, crop, batch, labelWorkers }: Configuration): Config {
  return parseConfig({
    preset,
    set: {
      "model.backbone": backbone,
      "data.crop": crop,
      "data.batch": batch,
      "train.camSteps": 0,
      "train.affinitySteps": 0,
      "train.warmupSteps": 0,
      ...(labelWorkers !== undefined && { "train.labelWorkers": labelWorkers }),
    },
  });
}

/** Crops of noise without padding: the work of a step does not depend on what is in them. */
export function randomBatch(
  { batch: size, crop, classes: count }: Pick<Configuration, "batch" | "crop" | "classes">,
  seed: number,
): Batch {
  const random = Random.at(seed, "bench");
  const tags = new Float32Array(size * count);
  for (let i = 0; i < size; i++) {
    const classes = random.shuffle([...Array(count).keys()]).slice(0, tagsPerImage);
    for (const c of classes) tags[i * count + c] = 1;
  }
  return {
    names: Array.from({ length: size }, (_, i) => `noise ${i}`),
    size,
    crop,
    images: Uint8Array.from({ length: size * crop * crop * 3 }, () => random.int(256)),
    tags,
    boxes: Int32Array.from({ length: size * 4 }, (_, i) => (i % 2) * crop), // y0, y1, x0, x1
  };
}
