import { samplesOf, type OpenedDataset } from "../files/datasets/index.ts";
import { MaskFolder, type MaskFolderOptions } from "../files/formats/mask-folder.ts";
import type { Host } from "../host/host.ts";
import type { Image } from "../method/images/image.ts";
import type { Segmentation } from "../method/inference/segmenter.ts";
import { UserError } from "../user-error.ts";
import type { DeviceEvent, JobOptions, ReadingEvent } from "./events.ts";
import { writeMasks, type WriteMasksEvent } from "./masks.ts";
import { readDataset } from "./read-dataset.ts";
import { openSegmenterInLanes, type ModelOptions } from "./segmenter-in-lanes.ts";

export interface LabelJob extends ModelOptions, MaskFolderOptions {
  /** Folder of the data set. */
  readonly data: string;
  /** Only the images of this split. */
  readonly split?: string;
  /** Folder of the masks, or their file if the format is a single file. */
  readonly out: string;
  readonly strict?: boolean;
}

/** Writes masks of the tagged images of a data set: class activations propagated along the learned affinity. */
export async function* labelImages(
  host: Host,
  job: LabelJob,
  options: JobOptions = {},
): AsyncGenerator<DeviceEvent | ReadingEvent | WriteMasksEvent, void> {
  const { split, strict = false } = job;
  const segmenter = yield* openSegmenterInLanes(host, job);
  try {
    segmenter.needActivations();
    const { seed } = segmenter.model.config.train;
    const data = yield* readDataset(host, job.data, { seed, strict });
    const all = split === undefined ? Object.values(data.splits).flat() : samplesOf(data, split);
    const samples = all.filter(({ untagged }) => !untagged);
    if (samples.length === 0) {
      throw new UserError(`${data.root}: none of the ${all.length} images has tags`, {
        remedies: [{ kind: "job", name: "segment", purpose: "needs no tags" }],
      });
    }
    const labels = matchClasses(data, segmenter.classes, job.model);
    const items = samples.map(({ name, image, tags }) => ({
      name,
      file: image,
      tags: tags.map((tag) => labels[tag]!),
    }));
    const folder = await MaskFolder.create(host, job.out, segmenter.classes, job);
    const segment = (image: Image, { tags }: (typeof items)[number]): Promise<Segmentation> =>
      segmenter.label(image, tags);
    yield* writeMasks(host, { items, folder, segment, strict }, options);
  } finally {
    await segmenter.release();
  }
}

/** The model's class for each class of the data set, matched by name. */
function matchClasses(data: OpenedDataset, known: readonly string[], model: string): number[] {
  return data.classes.map((name, i) => {
    const index = known.indexOf(name);
    if (index >= 0 || data.counts.all.perClass[i] === 0) return index;
    throw new UserError(
      `${data.root}: has images of "${name}", which ${model} was not trained on; its classes are ${known.join(", ")}`,
    );
  });
}
