import type { Host } from "../host/host.ts";
import { overlap, type Work } from "../method/eval/overlap.ts";
import type { Image, LabelMap } from "../method/images/image.ts";
import type { TagMaskSource } from "../method/inference/label-source.ts";
import { tagsNotShown } from "../method/inference/known-tags.ts";
import type { Segmentation } from "../method/inference/segmenter.ts";
import { UserError } from "../user-error.ts";
import { chooseSource, type MeasuringSourceEvent } from "./choose-source.ts";
import {
  isAbort,
  type DeviceEvent,
  type JobOptions,
  type SkippedEvent,
  type StoppedEvent,
} from "./events.ts";
import { checkThresholds, type ThresholdOptions } from "./label-thresholds.ts";
import { prepareLabeling, withLabeling, type Labeling } from "./label.ts";
import { atFullSize, largestSide } from "./masks.ts";
import { openSegmenterInLanes, type ModelOptions } from "./segmenter-in-lanes.ts";

/** An image to draft a mask of. */
export interface DraftItem {
  readonly name: string;
  readonly file: string;
  /** Names of its classes; null where they are not known. */
  readonly tags: readonly string[] | null;
}

export interface DraftJob<T extends DraftItem> extends ModelOptions, ThresholdOptions {
  readonly items: readonly T[];
  /** Branch of the model that masks of tagged images come from; chosen by the tags by default. */
  readonly from?: TagMaskSource;
}

/** A mask that was drafted; labels are those of the model. */
export interface DraftEvent<T> {
  readonly type: "draft";
  readonly item: T;
  readonly labels: LabelMap;
  readonly confidence: number;
  /** Those of the tags that no pixel shows, among them classes that the model does not know. */
  readonly missing: readonly string[];
}

export type DraftingEvent<T> =
  | DeviceEvent
  | MeasuringSourceEvent
  /** Class names of the model, in the order of its labels. */
  | { readonly type: "model"; readonly classes: readonly string[] }
  | DraftEvent<T>
  | SkippedEvent
  | StoppedEvent;

/**
 * Makes masks of images one after the other: of those with tags as `labelImages` does, from the branch of the model that serves them
 * best; of the others as `segmentImages` does. Images that cannot be used are left out.
 */
export async function* draftMasks<T extends DraftItem>(
  host: Host,
  { items, model, device, from, ...thresholds }: DraftJob<T>,
  options: JobOptions = {},
): AsyncGenerator<DraftingEvent<T>, void> {
  checkThresholds({ ...thresholds, ...(from && { from }) });
  const opened = { segmenter: yield* openSegmenterInLanes(host, { model, device }) };
  try {
    const { classes } = opened.segmenter;
    yield { type: "model", classes };
    const all = items.map((item) => ({ item, name: item.name, file: item.file, ...known(item, classes) })); // prettier-ignore
    const tagged = all.filter(({ isTagged }) => isTagged);
    const { source } = from
      ? { source: from }
      : yield* chooseSource(host, opened.segmenter, tagged, options);
    yield* prepareLabeling(host, { model }, opened, { source }, items.length);
    const crf = source === "segmentation";
    yield* withLabeling(
      host,
      thresholds,
      opened.segmenter,
      { source, crf },
      ({ segment, ahead }) => {
        const each = segmentEach<T>(host, all, segment, opened, options);
        return tell(host, overlap(each, ahead ?? 0), all.length, options);
      },
    );
  } finally {
    await opened.segmenter.release();
  }
}

interface Known<T> {
  readonly item: T;
  /** Classes of the model. */
  readonly tags: readonly number[];
  readonly isTagged: boolean;
  /** Tags that the model does not know. */
  readonly unknown: readonly string[];
}

/** Tags of an image as classes of a model. */
export function known(
  { tags }: Pick<DraftItem, "tags">,
  classes: readonly string[],
): Omit<Known<unknown>, "item"> {
  const names = tags ?? [];
  return {
    tags: names.map((name) => classes.indexOf(name)).filter((tag) => tag >= 0),
    isTagged: tags !== null,
    unknown: names.filter((name) => !classes.includes(name)),
  };
}

/** Names of the tags that a mask does not show, among them those that the model does not know. */
export function missingTags(
  mask: Segmentation,
  { tags, unknown }: Pick<Known<unknown>, "tags" | "unknown">,
): string[] {
  return [...tagsNotShown(mask, tags).map((tag) => mask.classes[tag]!), ...unknown];
}

/** An image with its mask, or the reason why there is none. */
type Outcome<T> = Known<T> &
  ({ readonly image: Image; readonly result: Segmentation } | { readonly error: unknown });

async function* segmentEach<T extends DraftItem>(
  { codec }: Pick<Host, "codec">,
  all: readonly Known<T>[],
  label: Labeling["segment"],
  { segmenter }: { readonly segmenter: { segment(image: Image): Promise<Segmentation> } },
  { signal }: JobOptions,
): AsyncGenerator<Work<Outcome<T>>> {
  const draft = async (one: Known<T>): Promise<Outcome<T>> => {
    try {
      const image = await codec.decode(one.item.file, { largeSide: largestSide });
      const result = await (one.isTagged ? label(image, one) : segmenter.segment(image));
      return { ...one, image, result };
    } catch (error) {
      return { ...one, error };
    }
  };
  for (const one of all) {
    if (signal?.aborted) return;
    yield { finished: draft(one) };
  }
}

async function* tell<T extends DraftItem>(
  { codec }: Pick<Host, "codec">,
  outcomes: AsyncIterable<Outcome<T>>,
  total: number,
  { signal }: JobOptions,
): AsyncGenerator<DraftEvent<T> | SkippedEvent | StoppedEvent, void> {
  let done = 0;
  for await (const outcome of outcomes) {
    const { item } = outcome;
    if ("error" in outcome) {
      const { error } = outcome;
      if (isAbort(error, signal)) break;
      if (!(error instanceof UserError || error instanceof RangeError)) throw error;
      yield { type: "skipped", file: item.file, message: error.message };
    } else {
      const { result } = outcome;
      const labels = await atFullSize(codec, item.file, result);
      const { confidence } = result;
      yield { type: "draft", item, labels, confidence, missing: missingTags(result, outcome) };
    }
    done++;
  }
  if (done < total) yield { type: "stopped", done, total };
}
