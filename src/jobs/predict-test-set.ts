import { vocClasses } from "../method/images/classes.ts";
import type { Sample } from "../method/data/sample.ts";
import type { LabelMap } from "../method/images/image.ts";
import type { EvaluationProgress } from "../method/eval/evaluator.ts";
import { imagesAhead, overlap, type Work } from "../method/eval/overlap.ts";
import { UserError } from "../user-error.ts";
import type { FileHost } from "../host/host.ts";
import type { OpenedDataset } from "../files/datasets/index.ts";
import { safePath } from "../files/text/file-name.ts";
import { join } from "../files/text/path.ts";
import { MaskFolder } from "../files/formats/mask-folder.ts";
import type { Segmenter, SegmentOptions } from "../method/inference/segmenter.ts";

/** Folder in which VOC's server expects segmentations by methods that may use any training data. */
const vocTree = join("results", "VOC2012", "Segmentation", "comp6_test_cls");

/** Destination of the predictions. */
export interface TestSetFolder {
  /** The folder of the PNGs. */
  readonly path: string;
  /** Folder to pack for a server, relative to the output folder. */
  readonly top: string;
  write(name: string, labels: LabelMap): Promise<void>;
  /** Completes the folder after the last write. */
  finish(): Promise<void>;
}

/**
 * Creates the folder for the predictions of a data set: the tree of VOC's server for VOC's classes, plain masks for others.
 * Existing files in it are a UserError.
 */
export async function testSetFolder(
  host: FileHost,
  out: string,
  { format, classes }: Pick<OpenedDataset, "format" | "classes">,
  { overwrite = false }: { overwrite?: boolean } = {},
): Promise<TestSetFolder> {
  if (format !== "voc" || JSON.stringify(classes) !== JSON.stringify(vocClasses)) {
    const folder = await MaskFolder.create(host, out, classes, {
      overlays: false,
      sheet: false,
      overwrite,
    });
    return {
      path: join(out, "masks"),
      top: "masks",
      write: async (name, labels) => void (await folder.write(name, labels)),
      finish: async () => void (await folder.finish()),
    };
  }
  const { store, codec } = host;
  const path = join(out, vocTree);
  await store.makeFolder(path);
  const { files, folders } = await store.list(path, { hidden: true });
  const count = files.length + folders.length;
  if (count > 0 && !overwrite) {
    throw new UserError(`${path}: has ${count} file(s) already`, {
      code: "not-empty",
      remedies: [
        { kind: "option", name: "out", instead: true },
        { kind: "option", name: "overwrite" },
      ],
    });
  }
  return {
    path,
    top: "results",
    write: async (name, labels) => {
      const data = await codec.encodeLabels(labels);
      await store.write([{ path: join(path, `${safePath(name)}.png`), data }], { durable: false });
    },
    finish: async () => undefined,
  };
}

export interface TestSetResult {
  readonly masks: number;
  /** Images without a mask and the reason, one sentence each. */
  readonly skipped: readonly string[];
}

/**
 * Writes predictions of images without truth for the server of a benchmark, as palette PNGs whose indices are the labels.
 * Images that cannot be read are left out and named.
 */
export async function* predictTestSet(
  host: FileHost,
  samples: readonly Sample[],
  segmenter: Segmenter,
  folder: Pick<TestSetFolder, "write" | "finish">,
  { ahead = 4, ...options }: SegmentOptions & { readonly ahead?: number },
): AsyncGenerator<EvaluationProgress, TestSetResult> {
  const skipped: string[] = [];
  const { lanes } = segmenter;
  let done = 0;
  const predictions = predictEach(host, samples, segmenter, options);
  for await (const outcome of overlap(
    predictions,
    imagesAhead({ lanes, crf: !!options.crf, ahead }),
  )) {
    if (outcome instanceof UserError) skipped.push(outcome.message);
    else await folder.write(outcome.name, outcome.labels);
    yield { done: ++done, total: samples.length };
  }
  if (skipped.length === 0) await folder.finish();
  return { masks: samples.length - skipped.length, skipped };
}

async function* predictEach(
  { codec }: FileHost,
  samples: readonly Sample[],
  segmenter: Segmenter,
  options: SegmentOptions,
): AsyncGenerator<Work<{ name: string; labels: LabelMap } | UserError>> {
  for (const { name, image } of samples) {
    const predict = async (): Promise<{ name: string; labels: LabelMap } | UserError> => {
      try {
        return { name, labels: await segmenter.segment(await codec.decode(image), options) };
      } catch (error) {
        if (error instanceof UserError) return error;
        // Typed arrays and WebAssembly memories beyond the possible size are RangeErrors.
        if (!(error instanceof RangeError)) throw error;
        return new UserError(`${image}: no mask can be made: ${error.message}`, { cause: error });
      }
    };
    yield { finished: predict() };
  }
}
