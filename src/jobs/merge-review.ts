import {
  confidenceHead,
  confidenceLine,
  confidenceFile,
} from "../files/report/confidence-table.ts";
import { writeOrderedSheet, type SheetEntry } from "../files/report/contact-sheet.ts";
import { compareReviewed, inReviewOrder } from "../files/report/review-order.ts";
import type { ShardImage } from "../files/shards/records.ts";
import { SortedRuns, type KeyedLine, type LineOrder } from "../files/text/merge-sorted.ts";
import { isAbsolute, join } from "../files/text/path.ts";
import type { FileHost } from "../host/host.ts";
import type { Store } from "../host/store.ts";
import { reports } from "./events.ts";
import { isStored, type StoredFacts } from "./masks.ts";
import type { MergeProgressEvent } from "./merge-events.ts";

/** What the table of confidences and the contact sheet need of a mask. */
export interface ReviewedMask
  extends Pick<ShardImage, "index" | "name" | "thumbnail">, StoredFacts {}

/** Most names of masks that lack a tag. */
const mostNames = 1000;

/** The order of the lines of masks that wait for the review. */
const inOrder: LineOrder<ReviewedMask> = {
  keyOf: (line) => JSON.parse(line) as ReviewedMask,
  compare: (a, b) => compareReviewed(a, b) || a.index - b.index,
};

/** Reads what the review needs of the record of an image; undefined if it is damaged. */
export function asReviewedMask({
  index,
  name,
  thumbnail,
  facts,
}: ShardImage): ReviewedMask | undefined {
  if (!isStored(facts)) return undefined;
  const { file, confidence, tags, missing } = facts;
  const about = { file, confidence, tags, missing };
  return { index, name, ...about, ...(thumbnail && { thumbnail }) };
}

/** The masks of shards that wait for the review. @param path of temporary files */
export function reviewRuns(store: Store, path: string): Promise<SortedRuns<ReviewedMask>> {
  return SortedRuns.create(store, path, inOrder);
}

/** The masks of a shard as lines in the order of the review. */
export function reviewLines(masks: readonly ReviewedMask[]): string[] {
  return inReviewOrder(masks).map((mask) => JSON.stringify(mask));
}

export interface Review {
  /** Paths of all files. */
  readonly files: readonly string[];
  readonly confidence: string;
  readonly sheet?: string;
  /** First names of the masks without a pixel of one of their tags, and the number of all. */
  readonly lacking: readonly string[];
  readonly lackingInAll: number;
}

/** Where the pictures of masks are, below their folder; undefined for pictures that there are none of. */
export interface Pictures {
  maskOf?: ((name: string) => string) | undefined;
  readonly overlays: boolean;
  readonly sheet: boolean;
}

/** Writes `confidence.csv` and the contact sheet of masks in the order of the review. */
export async function* writeReview(
  host: FileHost,
  out: string,
  masks: AsyncIterable<KeyedLine<ReviewedMask>>,
  about: {
    readonly total: number;
    readonly classes: readonly string[];
    readonly pictures: Pictures;
    readonly signal?: AbortSignal | undefined;
  },
): AsyncGenerator<MergeProgressEvent, Review> {
  const { total, classes, pictures, signal } = about;
  const confidence = join(out, confidenceFile);
  const files = [confidence];
  const lacking: string[] = [];
  let lackingInAll = 0;
  const table = await host.store.writeStream(confidence);
  // Both files are written in one reading of the masks.
  const entries = async function* (): AsyncGenerator<SheetEntry> {
    for await (const { key } of masks) {
      signal?.throwIfAborted();
      await table.write(confidenceLine(key));
      if (key.missing.length > 0 && lackingInAll++ < mostNames) lacking.push(key.name);
      yield entryOf(out, key, pictures);
    }
  };
  try {
    await table.write(confidenceHead);
    const hasPictures = pictures.overlays || pictures.maskOf !== undefined;
    const sheet = yield* reports<MergeProgressEvent, string | undefined>(async (report) => {
      const onProgress = (done: number): void =>
        report({ type: "progress", stage: "review", done, total });
      if (pictures.sheet && hasPictures) {
        const onFile = (path: string): void => void files.push(path);
        const ordered = { entries: entries(), total };
        return writeOrderedSheet(host, out, ordered, { classes, onProgress, onFile });
      }
      let done = 0;
      for await (const entry of entries()) if (entry) onProgress(++done);
      return undefined;
    });
    await table.finish();
    return { files, confidence, ...(sheet !== undefined && { sheet }), lacking, lackingInAll };
  } catch (error) {
    await table.discard();
    throw error;
  }
}

function entryOf(
  out: string,
  { name, file, confidence, tags, missing, thumbnail }: ReviewedMask,
  { maskOf, overlays }: Pictures,
): SheetEntry {
  const overlay = join(out, "overlays", `${name}.jpg`);
  const mask = maskOf ? join(out, maskOf(name)) : overlay;
  return {
    ...{ name, confidence, tags, missing, mask },
    image: isAbsolute(file) ? file : join(out, file),
    ...(overlays && { overlay }),
    ...(thumbnail && { thumbnail: { ...thumbnail, file: join(out, thumbnail.file) } }),
  };
}
