import { samplesOf, type OpenedDataset } from "../files/datasets/index.ts";
import { MaskFolder, type MaskFolderOptions } from "../files/formats/mask-folder.ts";
import type { InputItem } from "../files/inputs/item.ts";
import { storedPath } from "../files/shards/item-list.ts";
import type { DeviceName } from "../host/devices.ts";
import type { Host } from "../host/host.ts";
import type { Image } from "../method/images/image.ts";
import type { SourceChoice, TagMaskSource } from "../method/inference/label-source.ts";
import type { Segmentation, Segmenter } from "../method/inference/segmenter.ts";
import { UserError } from "../user-error.ts";
import type { DeviceEvent, JobOptions, NoticeEvent, ReadingEvent } from "./events.ts";
import { contentSetting, maskSettings, settingsOf, withoutMissing } from "./job-settings.ts";
import { makeMaskShards, nameItems, plannedItems, plannedMasks } from "./mask-shards.ts";
import type { MaskShardsEvent } from "./mask-shards.ts";
import { unfinished, writeMasks, type MaskJob, type WriteMasksEvent } from "./masks.ts";
import { openPlan, type ShardTask } from "./shard-plan.ts";
import { findTaggedInputs, type TaggedInputs } from "./inputs.ts";
import { chooseSource, type MeasuringSourceEvent } from "./choose-source.ts";
import { checkThresholds, thresholdsFor, type ThresholdOptions } from "./label-thresholds.ts";
import { withCrf } from "./with-crf.ts";
import { openSegmenterInLanes, type ModelOptions } from "./segmenter-in-lanes.ts";

export interface LabelJob extends ModelOptions, MaskFolderOptions, TaggedInputs, ThresholdOptions {
  /** Only the images of this split. */
  readonly split?: string;
  /** Folder of the masks, or their file if the format is a single file. */
  readonly out: string;
  /** Make only the shards of one task, in the folder `out`; a merge makes the whole of all shards. */
  readonly shards?: ShardTask;
  readonly strict?: boolean;
  /** Branch of the model that the masks come from; `auto`, the default, chooses by the tags. */
  readonly from?: TagMaskSource | "auto";
  /** Views of an image for the segmentation; a UserError with `affinity` and `cam`, which have views of their own. */
  readonly scales?: readonly number[];
  readonly flip?: boolean;
  readonly longSide?: number;
  /** Refine masks of the segmentation with a dense CRF; true by default. The others are refined by PAR. */
  readonly crf?: boolean;
}

/** The branch of the model that the masks come from. */
export interface SourceEvent extends SourceChoice {
  readonly type: "source";
  /** Whether the masks of this source are refined by a dense CRF. */
  readonly crf: boolean;
  /** Names of the job's options that this source has no use for. */
  readonly unused: readonly SegmentationOption[];
}

/** Options of the segmentation that the other sources have no use for. */
export type SegmentationOption = "scales" | "flip" | "longSide" | "crf";

export type LabelEvent =
  DeviceEvent | PlanningEvent | SourceEvent | WriteMasksEvent | MaskShardsEvent;

export type PlanningEvent = NoticeEvent | ReadingEvent | MeasuringSourceEvent;

/** Writes masks of the tagged images of a data set, by the branch of the model that serves them best. */
export async function* labelImages(
  machine: Host,
  job: LabelJob,
  options: JobOptions = {},
): AsyncGenerator<LabelEvent, void> {
  checkOptions(job);
  const { out, shards } = job;
  const segmenter = yield* openSegmenterInLanes(machine, job);
  // Fails before anything is written.
  thresholdsFor(job, segmenter.model.config);
  // Another takes its place once it is known what is to be computed.
  const opened = { segmenter };
  try {
    if (job.from === "affinity" || job.from === "cam") segmenter.needActivations();
    if (shards) return yield* labelShards(machine, job, shards, opened, options);
    const { items, host } = yield* findItems(machine, job, segmenter, options);
    // Fails before the images go through the network if the folder cannot be written.
    const settings = settingsOf("label", await dependencies(host, job, segmenter), items);
    const named = { ...job, settings, nameOf: nameItems(items) };
    const folder = await MaskFolder.create(host, out, segmenter.classes, named);
    let chosen: SourceEvent;
    try {
      const choice = yield* decideSource(host, segmenter, items, job, options);
      chosen = yield* tellSource(choice, job);
      yield* prepareLabeling(host, job, opened, chosen, items.length);
    } catch (error) {
      throw unfinished(error, await folder.stopAfterFailure(), items.length);
    }
    yield* withLabeling(host, job, opened.segmenter, chosen, (work) =>
      writeMasks(host, { items, folder, ...work }, options),
    );
  } finally {
    await opened.segmenter.release();
  }
}

/** Makes the shards of a task. The plan has the source of the masks, which the first task decides for all. */
async function* labelShards(
  host: Host,
  job: LabelJob,
  task: ShardTask,
  opened: { segmenter: Segmenter },
  options: JobOptions,
): AsyncGenerator<LabelEvent, void> {
  const { out, inputCommand } = job;
  const { store } = host;
  const { segmenter } = opened;
  const settings = withoutMissing({
    ...(await dependencies(host, job, segmenter, contentSetting)),
    data: storedPath(store, out, job.data),
  });
  const wanted = { job: "label", settings, classes: segmenter.classes, masks: plannedMasks(job) };
  const find = async function* () {
    const { items, host: reader } = yield* findItems(host, job, segmenter, options);
    const facts = yield* decideSource(reader, segmenter, items, job, options);
    if (options.signal?.aborted) return undefined;
    return {
      count: items.length,
      items: plannedItems(store, out, items, inputCommand),
      facts,
    };
  };
  const plan = yield* openPlan<PlanningEvent>(host, out, task, wanted, find, options);
  if (!plan) return yield { type: "stopped", done: 0, total: 0, out };
  const chosen = yield* tellSource(plan.facts as SourceChoice, job);
  yield* prepareLabeling(host, job, opened, chosen, Infinity);
  yield* withLabeling(host, job, opened.segmenter, chosen, (work) =>
    makeMaskShards<TaggedItem>(
      host,
      { out, plan, task, inputCommand },
      ({ host: reader, ...shard }) => writeMasks(reader, { ...shard, ...work }, options),
      options,
    ),
  );
}

/** An image with its tags as labels of the model. */
type TaggedItem = InputItem & { readonly tags: readonly number[] };

/** Finds the tagged images of a data set, and the host that reads them. */
async function* findItems(
  machine: Host,
  job: LabelJob,
  { classes, model }: Segmenter,
  options: JobOptions,
): AsyncGenerator<
  NoticeEvent | ReadingEvent,
  { readonly items: TaggedItem[]; readonly host: Host }
> {
  const { split, strict = false } = job;
  const { mergeCase } = model.config.data;
  const seeded = { seed: model.config.train.seed, strict, mergeCase };
  const { data, host, itemOf } = yield* findTaggedInputs(machine, job, seeded, options);
  const all = split === undefined ? Object.values(data.splits).flat() : samplesOf(data, split);
  const samples = all.filter(({ untagged }) => !untagged);
  if (samples.length === 0) {
    throw new UserError(`${data.root}: none of the ${all.length} images has tags`, {
      remedies: [{ kind: "job", name: "segment", purpose: "needs no tags" }],
    });
  }
  const labels = matchClasses(data, classes, job.model);
  const items = samples.map((sample) => ({
    ...itemOf(sample),
    tags: sample.tags.map((tag) => labels[tag]!),
  }));
  return { items, host };
}

/** Opens the model again for the segmentation: lanes take memory by what they compute and how many images there are. */
export async function* prepareLabeling(
  host: Host,
  {
    model,
    scales,
    flip = false,
    longSide,
  }: Pick<LabelJob, "model" | "scales" | "flip" | "longSide">,
  opened: { segmenter: Segmenter },
  { source }: Pick<SourceEvent, "source">,
  images: number,
): AsyncGenerator<DeviceEvent, void> {
  if (source !== "segmentation") return;
  const device = opened.segmenter.device as DeviceName;
  await opened.segmenter.release();
  const work = { images, scales: scales ?? [1], flip, longSide };
  opened.segmenter = yield* openSegmenterInLanes(host, { model, device }, work);
  opened.segmenter.warmUp();
}

/** How masks of tagged images are computed. */
export interface Labeling extends Pick<MaskJob<TaggedItem>, "strict" | "ahead"> {
  readonly segment: (
    image: Image,
    item: { readonly tags: readonly number[] },
  ) => Promise<Segmentation>;
}

/** Passes on how masks are computed; refinement runs in threads that end with the job. */
export function withLabeling<E>(
  host: Host,
  {
    scales,
    flip = false,
    longSide,
    strict = false,
    ...job
  }: Pick<LabelJob, "scales" | "flip" | "longSide" | "strict" | keyof ThresholdOptions>,
  segmenter: Segmenter,
  { source: from, crf: refined }: Pick<SourceEvent, "source" | "crf">,
  use: (work: Labeling) => AsyncGenerator<E, void>,
): AsyncGenerator<E, void> {
  const thresholds = thresholdsFor(job, segmenter.model.config);
  const views = {
    flip,
    ...(scales && { scales }),
    ...(longSide && { longSide }),
    ...(thresholds && { thresholds }),
  };
  return withCrf(host, refined, ({ crf, ahead = 0 }) => {
    const { lanes } = segmenter;
    const segment: Labeling["segment"] = (image, { tags }) =>
      segmenter.label(image, tags, { from, ...views, ...(crf && { crf }) });
    const mostAhead = from === "segmentation" ? Math.max(lanes > 1 ? lanes + 1 : 0, ahead) : 0;
    return use({ segment, strict, ahead: mostAhead });
  });
}

/** The settings that the masks depend on, besides the images and their tags. */
async function dependencies(
  host: Host,
  job: LabelJob,
  { model, device, classes }: Segmenter,
  modelSetting?: typeof contentSetting,
): Promise<Readonly<Record<string, unknown>>> {
  const { from = "auto", crf = true, split, inputCommand, lowThreshold, highThreshold } = job;
  const about = { model: model.file, device, classes };
  const common = await maskSettings(host.store, job, about, modelSetting);
  return { ...common, from, lowThreshold, highThreshold, crf, split, inputCommand };
}

/** The source of the masks: the one asked for, or the one chosen by the tags. */
async function* decideSource(
  host: Host,
  segmenter: Segmenter,
  items: readonly TaggedItem[],
  { from = "auto" }: LabelJob,
  options: JobOptions,
): AsyncGenerator<MeasuringSourceEvent, SourceChoice> {
  if (from === "auto") return yield* chooseSource(host, segmenter, items, options);
  return { source: from, reason: "as asked", measured: null };
}

/** Yields and returns the source of the masks, with what it has no use for. */
function* tellSource(choice: SourceChoice, job: LabelJob): Generator<SourceEvent, SourceEvent> {
  const isSegmentation = choice.source === "segmentation";
  const unused = isSegmentation ? [] : segmentationOptions(job);
  const crf = isSegmentation && (job.crf ?? true);
  const event = { type: "source", ...choice, crf, unused } as const;
  yield event;
  return event;
}

/** The options of the segmentation that are set. */
function segmentationOptions({ scales, flip, longSide, crf }: LabelJob): SegmentationOption[] {
  const options = { scales, flip, longSide, crf };
  return (Object.keys(options) as SegmentationOption[]).filter((name) => options[name]);
}

/** A UserError for options beside a source that has no use for them. */
function checkOptions(job: LabelJob): void {
  const { from } = job;
  checkThresholds(job);
  if (from !== "affinity" && from !== "cam") return;
  const [name] = segmentationOptions(job);
  if (name === undefined) return;
  throw new UserError(
    `${name} is for masks of the segmentation; those of ${from} look at pseudo.scales and the mirror image, and are ` +
      "refined by PAR",
    {
      code: "usage",
      remedies: [
        { kind: "omit", name },
        { kind: "option", name: "from", value: "segmentation" },
      ],
    },
  );
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
