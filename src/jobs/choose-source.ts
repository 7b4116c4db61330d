import type { FileHost } from "../host/host.ts";
import { meanOfSources, measureSources } from "../method/eval/measure-sources.ts";
import {
  chooseByTags,
  type SourceChoice,
  type SourceMeasurements,
} from "../method/inference/label-source.ts";
import type { Segmenter } from "../method/inference/segmenter.ts";
import { UserError } from "../user-error.ts";
import { isAbort, type JobOptions } from "./events.ts";
import type { MaskItem } from "./masks.ts";
import { largestSide } from "./masks.ts";

/** Number of images measured so far to choose a source of masks. */
export interface MeasuringSourceEvent {
  readonly type: "measuring-source";
  readonly done: number;
  readonly total: number;
}

/** Most images to measure; more would take longer than they sharpen the choice. */
const sampleSize = 24;

/** Chooses the branch of a model that masks of these tagged images should come from, by their tags alone. */
export async function* chooseSource(
  { codec }: Pick<FileHost, "codec">,
  segmenter: Segmenter,
  items: readonly (MaskItem & { readonly tags: readonly number[] })[],
  { signal }: JobOptions = {},
): AsyncGenerator<MeasuringSourceEvent, SourceChoice> {
  if (!segmenter.activations) {
    return {
      source: "segmentation",
      reason: "an exported model has no class activations",
      measured: null,
    };
  }
  const sample = spread(items.filter(({ tags }) => tags.length > 0));
  const images: SourceMeasurements[] = [];
  for (const { file, tags } of sample) {
    if (signal?.aborted) break;
    const measured = await measureOne(codec, segmenter, file, tags).catch((error: unknown) => {
      if (isAbort(error, signal)) return null;
      throw error;
    });
    if (measured) images.push(measured);
    yield { type: "measuring-source", done: images.length, total: sample.length };
  }
  return chooseByTags(meanOfSources(images));
}

/** Measurements of an image; null if it cannot be used, which labeling reports. */
async function measureOne(
  codec: FileHost["codec"],
  segmenter: Segmenter,
  file: string,
  tags: readonly number[],
): Promise<SourceMeasurements | null> {
  try {
    return await measureSources(
      segmenter,
      await codec.decode(file, { largeSide: largestSide }),
      tags,
    );
  } catch (error) {
    if (error instanceof UserError || error instanceof RangeError) return null;
    throw error;
  }
}

/** Items from the first to the last, as far apart as `sampleSize` allows. */
function spread<T>(items: readonly T[]): T[] {
  const count = Math.min(sampleSize, items.length);
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!);
}
