import { samplesOf, type OpenedDataset } from "../files/datasets/index.ts";
import { MaskFolder, type MaskFolderOptions } from "../files/formats/mask-folder.ts";
import type { DeviceName } from "../host/devices.ts";
import type { Host } from "../host/host.ts";
import type { Image } from "../method/images/image.ts";
import type { SourceChoice, TagMaskSource } from "../method/inference/label-source.ts";
import type { Segmentation, Segmenter } from "../method/inference/segmenter.ts";
import { UserError } from "../user-error.ts";
import type { DeviceEvent, JobOptions, NoticeEvent, ReadingEvent } from "./events.ts";
import { maskSettings, settingsOf } from "./job-settings.ts";
import { unfinished, writeMasks, type WriteMasksEvent } from "./masks.ts";
import { findTaggedInputs, type TaggedInputs } from "./inputs.ts";
import { chooseSource, type MeasuringSourceEvent } from "./choose-source.ts";
import { withCrf } from "./with-crf.ts";
import { openSegmenterInLanes, type ModelOptions } from "./segmenter-in-lanes.ts";

export interface LabelJob extends ModelOptions, MaskFolderOptions, TaggedInputs {
  /** Only the images of this split. */
  readonly split?: string;
  /** Folder of the masks, or their file if the format is a single file. */
  readonly out: string;
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
  DeviceEvent | NoticeEvent | ReadingEvent | MeasuringSourceEvent | SourceEvent | WriteMasksEvent;

/** Writes masks of the tagged images of a data set, by the branch of the model that serves them best. */
export async function* labelImages(
  machine: Host,
  job: LabelJob,
  options: JobOptions = {},
): AsyncGenerator<LabelEvent, void> {
  const { split, strict = false, scales, flip = false, longSide } = job;
  checkOptions(job);
  let segmenter = yield* openSegmenterInLanes(machine, job);
  try {
    if (job.from === "affinity" || job.from === "cam") segmenter.needActivations();
    const { config } = segmenter.model;
    const { mergeCase } = config.data;
    const seeded = { seed: config.train.seed, strict, mergeCase };
    const { data, host, itemOf } = yield* findTaggedInputs(machine, job, seeded, options);
    const all = split === undefined ? Object.values(data.splits).flat() : samplesOf(data, split);
    const samples = all.filter(({ untagged }) => !untagged);
    if (samples.length === 0) {
      throw new UserError(`${data.root}: none of the ${all.length} images has tags`, {
        remedies: [{ kind: "job", name: "segment", purpose: "needs no tags" }],
      });
    }
    const labels = matchClasses(data, segmenter.classes, job.model);
    const items = samples.map((sample) => ({
      ...itemOf(sample),
      tags: sample.tags.map((tag) => labels[tag]!),
    }));
    // Fails before the images go through the network if the folder cannot be written.
    const settings = settingsOf("label", await dependencies(host, job, segmenter), items);
    const folder = await MaskFolder.create(host, job.out, segmenter.classes, { ...job, settings });
    let chosen: SourceEvent;
    try {
      chosen = yield* decideSource(host, segmenter, items, job, options);
      if (chosen.source === "segmentation") {
        // Lanes take memory by what they compute and how many images there are, which is known only now.
        await segmenter.release();
        const device = { model: job.model, device: segmenter.device as DeviceName };
        const work = { images: items.length, scales: scales ?? [1], flip, longSide };
        segmenter = yield* openSegmenterInLanes(host, device, work);
        segmenter.warmUp();
      }
    } catch (error) {
      throw unfinished(error, await folder.stopAfterFailure(), items.length);
    }
    const { source: from, crf: refined } = chosen;
    const views = { flip, ...(scales && { scales }), ...(longSide && { longSide }) };
    yield* withCrf(host, refined, ({ crf, ahead = 0 }) => {
      const { lanes } = segmenter;
      const segment = (image: Image, { tags }: (typeof items)[number]): Promise<Segmentation> =>
        segmenter.label(image, tags, { from, ...views, ...(crf && { crf }) });
      const mostAhead = from === "segmentation" ? Math.max(lanes > 1 ? lanes + 1 : 0, ahead) : 0;
      return writeMasks(host, { items, folder, segment, strict, ahead: mostAhead }, options);
    });
  } finally {
    await segmenter.release();
  }
}

/** The settings that the masks depend on, besides the images and their tags. */
async function dependencies(
  host: Host,
  job: LabelJob,
  { model, device, classes }: Segmenter,
): Promise<Readonly<Record<string, unknown>>> {
  const { from = "auto", crf = true, split, inputCommand } = job;
  const common = await maskSettings(host.store, job, { model: model.file, device, classes });
  return { ...common, from, crf, split, inputCommand };
}

/** Yields and returns the source of the masks: the one asked for, or the one chosen by the tags. */
async function* decideSource(
  host: Host,
  segmenter: Segmenter,
  items: Parameters<typeof chooseSource>[2],
  job: LabelJob,
  options: JobOptions,
): AsyncGenerator<MeasuringSourceEvent | SourceEvent, SourceEvent> {
  const { from = "auto", crf = true } = job;
  const choice: SourceChoice =
    from === "auto"
      ? yield* chooseSource(host, segmenter, items, options)
      : { source: from, reason: "as asked", measured: null };
  const isSegmentation = choice.source === "segmentation";
  const unused = isSegmentation ? [] : segmentationOptions(job);
  const event = { type: "source", ...choice, crf: isSegmentation && crf, unused } as const;
  yield event;
  return event;
}

/** The options of the segmentation that are set. */
function segmentationOptions({ scales, flip, longSide, crf }: LabelJob): SegmentationOption[] {
  const options = { scales, flip, longSide, crf };
  return (Object.keys(options) as SegmentationOption[]).filter((name) => options[name]);
}

/** A UserError for options of the segmentation beside a source that has no use for them. */
function checkOptions(job: LabelJob): void {
  const { from } = job;
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
