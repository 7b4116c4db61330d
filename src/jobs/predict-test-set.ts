import { fileWith, type FinishedFile } from "../files/formats/finished-files.ts";
import { vocClasses } from "../method/images/classes.ts";
import type { Sample } from "../method/data/sample.ts";
import type { LabelMap } from "../method/images/image.ts";
import type { EvaluationProgress } from "../method/eval/evaluator.ts";
import { imagesAhead, overlap, type Work } from "../method/eval/overlap.ts";
import { UserError, type Remedy } from "../user-error.ts";
import type { FileHost } from "../host/host.ts";
import type { OpenedDataset } from "../files/datasets/index.ts";
import { safePath } from "../files/text/file-name.ts";
import { join } from "../files/text/path.ts";
import type { FinishedImage, JobSettings } from "../files/formats/journal.ts";
import { MaskFolder } from "../files/formats/mask-folder.ts";
import type { KeptFacts } from "../files/formats/mask-origin.ts";
import type { OutputName } from "../files/formats/output-names.ts";
import type { Replaced } from "../files/formats/older-files.ts";
import { sweepTemporary } from "../files/formats/temporary-files.ts";
import { UnfinishedJob } from "../files/formats/unfinished-job.ts";
import { checkEmpty } from "./check-free.ts";
import { releaseFolder } from "./claim-folder.ts";
import type { Segmenter, SegmentOptions } from "../method/inference/segmenter.ts";

/** Folder in which VOC's server expects segmentations by methods that may use any training data. */
export const vocTree = join("results", "VOC2012", "Segmentation", "comp6_test_cls");

/** Destination of the predictions. */
export interface TestSetFolder {
  /** The folder of the PNGs. */
  readonly path: string;
  /** Folder to pack for a server, relative to the output folder. */
  readonly top: string;
  /** Number of images that are finished and kept if the job stops. */
  readonly finished: number;
  /** Whether an earlier part of the job predicted an image; `keep` tells whether its file is still whole. */
  has(index: number): boolean;
  /** Takes an image of an earlier part over; returns whether it could. */
  keep(index: number, name: string): Promise<boolean>;
  write(index: number, name: string, labels: LabelMap): Promise<void>;
  /** The finished images in the order of the job. */
  finishedImages(): readonly FinishedImage[];
  /** Completes the folder after the last write. @param more files that were written besides */
  finish(more?: readonly FinishedFile[]): Promise<Replaced>;
  /** Leaves the folder of a job that is not complete, to be continued. */
  stop(): Promise<unknown>;
}

export interface TestSetOptions {
  /** Settings that the predictions depend on. */
  readonly settings: JobSettings;
  readonly overwrite?: boolean;
  /** Continue the unfinished job in the folder. */
  readonly resume?: boolean;
  /** Continue an unfinished job of the same settings without being asked. */
  readonly always?: boolean;
  /** The names of an image by its number, where masks are plain. */
  readonly nameOf?: (index: number) => OutputName;
}

/** How plain masks of a test set are written. */
export const plainMasks = { overlays: false, sheet: false } as const;

/** A data set whose images without truth are predicted. */
export type TestSet = Pick<OpenedDataset, "format" | "classes">;

/** Whether predictions become the tree of VOC's server; masks are plain otherwise. */
export function isForVocServer({ format, classes }: TestSet): boolean {
  return format === "voc" && JSON.stringify(classes) === JSON.stringify(vocClasses);
}

/** The folder of the PNGs in that of a test set, and the folder to pack for a server. */
export function placesOf(
  out: string,
  isTree: boolean,
): { readonly path: string; readonly top: string } {
  return isTree
    ? { path: join(out, vocTree), top: "results" }
    : { path: join(out, "masks"), top: "masks" };
}

/**
 * Creates the folder for the predictions of a data set: the tree of VOC's server for VOC's classes, plain masks for others.
 * Existing files in it are a UserError.
 */
export async function testSetFolder(
  host: FileHost,
  out: string,
  data: TestSet,
  options: TestSetOptions,
): Promise<TestSetFolder> {
  if (isForVocServer(data)) return serverTree(host, out, options);
  const folder = await MaskFolder.create(host, out, data.classes, { ...plainMasks, ...options });
  return {
    ...placesOf(out, false),
    get finished() {
      return folder.finished;
    },
    has: (index) => folder.hasFinished(index),
    keep: async (index, name) => (await folder.takeOver(name, () => ({}), index)) !== undefined,
    write: async (index, name, labels) =>
      void (await folder.write(name, labels, undefined, { index })),
    finishedImages: () => folder.finishedImages(),
    finish: async (more) => {
      await folder.finish();
      return folder.complete(more);
    },
    stop: () => folder.stop(),
  };
}

/** The tree that VOC's server takes. */
async function serverTree(
  { store, codec }: FileHost,
  out: string,
  options: TestSetOptions,
): Promise<TestSetFolder> {
  const path = join(out, vocTree);
  const topmost = await store.makeFolder(path);
  const release = (): Promise<void> => releaseFolder({ store }, { folder: path, topmost });
  let job: UnfinishedJob | undefined;
  let isBegun = false;
  try {
    job = await UnfinishedJob.claim(store, { path: out, single: false }, options);
    if (job.continues) await sweepTemporary(store, path);
    else if (options.overwrite !== true) await checkEmpty(store, path, anotherFolder);
    isBegun = true;
    await job.begin();
  } catch (error) {
    // A disk that fails may refuse this too; the first reason is the one to tell.
    await (isBegun && job?.isVoid ? job.end() : job?.leave())?.catch(() => undefined);
    await release();
    throw error;
  }
  const state = job;
  return {
    ...placesOf(out, true),
    get finished() {
      return state.finished;
    },
    has: (index) => state.has(index),
    keep: async (index, name) => (await state.intact(index, name)) !== undefined,
    write: async (index, name, labels) => {
      const data = await codec.encodeLabels(labels);
      const file = join(vocTree, `${safePath(name)}.png`);
      await store.write([{ path: join(out, file), data }], { durable: false });
      const files = [fileWith(file, data)];
      const { width, height } = labels;
      const facts: KeptFacts = { own: null, size: [width, height], ledger: [] };
      await state.add({ index, name, files, facts });
    },
    finishedImages: () => state.finishedImages(),
    finish: (more = []) => state.complete(more),
    stop: async () => {
      if (!state.isVoid) return state.leave();
      await state.end();
      await release();
    },
  };
}

const anotherFolder: readonly Remedy[] = [
  { kind: "option", name: "out", instead: true },
  { kind: "option", name: "overwrite" },
];

export interface TestSetResult {
  readonly masks: number;
  /** Images without a mask and the reason, one sentence each. */
  readonly skipped: readonly string[];
  /** What became of the files of earlier jobs; absent if the folder is not complete. */
  readonly replaced?: Replaced;
}

/**
 * Writes predictions of images without truth for the server of a benchmark, as palette PNGs whose indices are the labels.
 * Images that cannot be read are left out and named; the folder is then not complete.
 */
export async function* predictTestSet(
  host: FileHost,
  samples: readonly Sample[],
  segmenter: Segmenter,
  folder: Pick<TestSetFolder, "has" | "keep" | "write" | "finish">,
  { ahead = 4, ...options }: SegmentOptions & { readonly ahead?: number },
): AsyncGenerator<EvaluationProgress, TestSetResult> {
  const skipped: string[] = [];
  const { lanes } = segmenter;
  const predict = predictor(host, segmenter, options);
  const predictions = predictEach(samples, folder, predict);
  let done = 0;
  for await (const first of overlap(
    predictions,
    imagesAhead({ lanes, crf: !!options.crf, ahead }),
  )) {
    const index = done++;
    const sample = samples[index]!;
    let outcome = first;
    // Its file was changed or lost.
    if (outcome === "finished" && !(await folder.keep(index, sample.name))) {
      outcome = await predict(sample);
    }
    if (outcome instanceof UserError) skipped.push(outcome.message);
    else if (outcome !== "finished") await folder.write(index, sample.name, outcome);
    yield { done, total: samples.length };
  }
  const masks = samples.length - skipped.length;
  if (skipped.length > 0) return { masks, skipped };
  return { masks, skipped, replaced: await folder.finish() };
}

type Predict = (sample: Sample) => Promise<LabelMap | UserError>;

function predictor({ codec }: FileHost, segmenter: Segmenter, options: SegmentOptions): Predict {
  return async ({ image }) => {
    try {
      return await segmenter.segment(await codec.decode(image), options);
    } catch (error) {
      if (error instanceof UserError) return error;
      // Typed arrays and WebAssembly memories beyond the possible size are RangeErrors.
      if (!(error instanceof RangeError)) throw error;
      return new UserError(`${image}: no mask can be made: ${error.message}`, { cause: error });
    }
  };
}

async function* predictEach(
  samples: readonly Sample[],
  folder: Pick<TestSetFolder, "has">,
  predict: Predict,
): AsyncGenerator<Work<LabelMap | UserError | "finished">> {
  for (const [index, sample] of samples.entries()) {
    yield { finished: folder.has(index) ? Promise.resolve("finished" as const) : predict(sample) };
  }
}
