import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { vocClasses } from "../method/images/classes.ts";
import type { Sample } from "../method/data/sample.ts";
import type { LabelMap } from "../method/images/image.ts";
import type { EvaluationProgress } from "../method/eval/evaluator.ts";
import { imagesAhead, overlap, type Begun } from "../method/eval/overlap.ts";
import { UserError } from "../user-error.ts";
import { nodeHost } from "../host/node/host.ts";
import { readImage, writeMask } from "../host/node/images/images.ts";
import type { OpenedDataset } from "../files/datasets/index.ts";
import { makeFolder } from "../host/node/files/make-folder.ts";
import { safePath } from "../files/text/file-name.ts";
import { MaskFolder } from "../files/formats/mask-folder.ts";
import type { Segmenter, SegmentOptions } from "../method/inference/segmenter.ts";

/** Where VOC's server looks for segmentations by methods that may use any training data. */
const vocTree = join("results", "VOC2012", "Segmentation", "comp6_test_cls");

/** Where predictions go. */
export interface TestSetFolder {
  /** The folder of the PNGs. */
  readonly path: string;
  /** What a server takes, from the folder that was asked for. */
  readonly top: string;
  write(name: string, labels: LabelMap): Promise<void>;
  /** Called when all are written. */
  finish(): Promise<void>;
}

/**
 * Makes the folder for the predictions of a data set: the tree of VOC's server for VOC's classes, plain
 * masks for others. A UserError where there are files already.
 */
export async function testSetFolder(
  out: string,
  { format, classes }: Pick<OpenedDataset, "format" | "classes">,
  { overwrite = false }: { overwrite?: boolean } = {},
): Promise<TestSetFolder> {
  if (format !== "voc" || JSON.stringify(classes) !== JSON.stringify(vocClasses)) {
    const folder = await MaskFolder.create(nodeHost, out, classes, {
      overlays: false,
      sheet: false,
      overwrite,
    });
    return {
      ...{ path: join(out, "masks"), top: "masks" },
      write: async (name, labels) => void (await folder.write(name, labels)),
      finish: async () => void (await folder.finish()),
    };
  }
  const path = join(out, vocTree);
  await makeFolder(path);
  const there = await readdir(path);
  if (there.length > 0 && !overwrite) {
    throw new UserError(
      `${path}: has ${there.length} file(s) already; give another --out, or --overwrite to write over them`,
    );
  }
  return {
    ...{ path, top: "results" },
    write: (name, labels) =>
      writeMask(join(path, `${safePath(name)}.png`), labels, { durable: false }),
    finish: async () => undefined,
  };
}

export interface TestSetResult {
  readonly masks: number;
  /** What is wrong with the images that have none, one sentence each. */
  readonly skipped: readonly string[];
}

/**
 * Writes the predictions of images that have no truth here, as palette PNGs whose indices are the
 * labels: what the server of a benchmark scores. Images that cannot be read are left out and told.
 */
export async function* predictTestSet(
  samples: readonly Sample[],
  segmenter: Segmenter,
  folder: Pick<TestSetFolder, "write" | "finish">,
  { ahead = 4, ...options }: SegmentOptions & { readonly ahead?: number },
): AsyncGenerator<EvaluationProgress, TestSetResult> {
  const skipped: string[] = [];
  const { lanes } = segmenter;
  let done = 0;
  const begun = beginEach(samples, segmenter, options);
  for await (const made of overlap(begun, imagesAhead({ lanes, crf: !!options.crf, ahead }))) {
    if (made instanceof UserError) skipped.push(made.message);
    else await folder.write(made.name, made.labels);
    yield { done: ++done, total: samples.length };
  }
  if (skipped.length === 0) await folder.finish();
  return { masks: samples.length - skipped.length, skipped };
}

async function* beginEach(
  samples: readonly Sample[],
  segmenter: Segmenter,
  options: SegmentOptions,
): AsyncGenerator<Begun<{ name: string; labels: LabelMap } | UserError>> {
  for (const { name, image } of samples) {
    const make = async (): Promise<{ name: string; labels: LabelMap } | UserError> => {
      try {
        return { name, labels: await segmenter.segment(await readImage(image), options) };
      } catch (error) {
        if (error instanceof UserError) return error;
        // Memories beyond what there can be.
        if (!(error instanceof RangeError)) throw error;
        return new UserError(`${image}: no mask can be made: ${error.message}`, { cause: error });
      }
    };
    yield { finished: make() };
  }
}
