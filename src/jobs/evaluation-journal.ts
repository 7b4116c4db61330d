import * as z from "zod/mini";
import { areMaskCounts, LabelCounts, type MaskCounts } from "../files/formats/label-counts.ts";
import type { UnfinishedJob } from "../files/formats/unfinished-job.ts";
import type { MeasuredImage, WorstImage, WorstImages } from "../files/report/worst-images.ts";
import type { EvaluationProgress, MeasuredSample } from "../method/eval/evaluator.ts";
import type { ImageScores, KnownScores } from "../method/eval/tally.ts";

/** What an evaluation keeps of an image in its journal. */
export interface ImageFacts {
  readonly scores: ImageScores;
  /** Values of its true mask. */
  readonly truth?: MaskCounts;
  /** Its place among the worst; the pictures are files. */
  readonly worst?: Pick<WorstImage, "meanIou" | "labels"> & { readonly titles: readonly string[] };
}

/** A step of an evaluation; without a result, masks alone are compared. */
export interface MeasuringStep extends EvaluationProgress {
  readonly image?: MeasuredImage;
}

/** Takes the number of an image and the values of its true mask. */
type OnTruth = (index: number, truth: MaskCounts) => void;

const whole = z.int().check(z.nonnegative());

/** Its shape, for a journal that may be damaged. */
export const imageFacts = z.object({
  scores: z.object({
    tagF1: z.optional(z.number()),
    pixels: z.optional(z.record(z.string(), z.array(whole))),
  }),
  truth: z.optional(z.custom(areMaskCounts)),
  worst: z.optional(
    z.object({ meanIou: z.number(), labels: z.array(whole), titles: z.array(z.string()) }),
  ),
});

/**
 * What an evaluation has measured so far: in memory, and in the journal of its folder if there is one. An evaluation that goes on
 * takes over what was measured, image by image and in their order, so that every sum and the choice of the worst are the same.
 */
export class EvaluationJournal {
  /** Values of the true masks. */
  readonly truth = new LabelCounts();

  private constructor(
    private readonly job: UnfinishedJob | undefined,
    private readonly worst: WorstImages,
    private readonly facts: ReadonlyMap<number, ImageFacts>,
    private readonly onTruth: OnTruth | undefined,
  ) {}

  /**
   * @param names the names of the images, in their order
   * @param onTruth takes the values of each true mask
   */
  static async open(
    job: UnfinishedJob | undefined,
    worst: WorstImages,
    names: readonly string[],
    onTruth?: OnTruth,
  ): Promise<EvaluationJournal> {
    const facts = new Map<number, ImageFacts>();
    for (const [index, name] of names.entries()) {
      const image = job?.has(index) ? await job.intact(index, name) : undefined;
      if (imageFacts.safeParse(image?.facts).success) facts.set(index, image!.facts as ImageFacts);
    }
    return new EvaluationJournal(job, worst, facts, onTruth);
  }

  /** The scores of the images that were measured before. */
  readonly known: KnownScores = (index) => this.facts.get(index)?.scores;

  /** Number of images that stay measured if the evaluation stops; undefined without a folder. */
  get kept(): number | undefined {
    return this.job?.finished;
  }

  /** Enters the image of a step, if it could be measured. */
  async enter({ measured, result, image }: MeasuringStep): Promise<void> {
    if (!measured) return;
    await this.record(measured, image ?? (result && { ...result, name: measured.name }));
  }

  /** @param image its pixels, if it has a true mask and was not known before */
  private async record(
    { index, name, scores, known }: MeasuredSample,
    image?: MeasuredImage,
  ): Promise<void> {
    if (known) return this.repeat(index, name);
    const truth = image && this.truth.add(name, image.truth.data);
    if (truth) this.onTruth?.(index, truth);
    const shown = image && (await this.worst.add({ ...image, name }));
    if (!this.job) return;
    const files = [];
    for (const [k, { jpeg }] of (shown?.tiles ?? []).entries()) {
      files.push(await this.job.keep(tileName(index, k), jpeg));
    }
    const worst = shown && {
      meanIou: shown.meanIou,
      labels: shown.labels,
      titles: shown.tiles.map(({ title }) => title),
    };
    const facts: ImageFacts = { scores, ...(truth && { truth }), ...(worst && { worst }) };
    await this.job.add({ index, name, files, facts });
  }

  private async repeat(index: number, name: string): Promise<void> {
    const { truth, worst } = this.facts.get(index)!;
    if (truth) {
      this.truth.repeat(name, truth);
      this.onTruth?.(index, truth);
    }
    if (!worst) return;
    const { titles, ...about } = worst;
    const tiles = [];
    for (const [k, title] of titles.entries()) {
      tiles.push({ title, jpeg: await this.job!.readKept(tileName(index, k)) });
    }
    this.worst.place({ name, ...about, tiles });
  }
}

/** Name of a picture in the hidden folder of the job. */
export function tileName(index: number, tile: number): string {
  return `worst/${index}-${tile}.jpg`;
}
