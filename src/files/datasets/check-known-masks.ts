import { checkMaskSize, classesIn, translateLabels } from "../../method/data/known-mask.ts";
import type { Sample } from "../../method/data/sample.ts";
import { ignoreIndex, type LabelMap } from "../../method/images/image.ts";
import type { FileHost } from "../../host/host.ts";
import { UserError } from "../../user-error.ts";
import { mayReadHeaders } from "./check-headers.ts";
import { trainingSamples, type KnownMasks } from "./known-masks.ts";
import type { OnProgress } from "./listing/listing.ts";
import { mapAtOnce } from "./map-at-once.ts";
import type { OpenedDataset } from "./open.ts";

/** The number of masks read at the same time. */
const atOnce = 8;

/** Facts about known masks that only their pixels tell. */
export interface CheckedMasks {
  /** Masks without a pixel of 255. */
  readonly complete: number;
  /** Images whose mask shows a class that is not among their tags. */
  readonly completed: number;
}

/**
 * Reads the known masks of all training images. Broken masks, labels that are no class, and masks of another size than
 * their image are a UserError. More than 4,000 masks are not read, unless `strict`: the result is undefined, and a broken
 * one is left out with its image when it is its turn.
 */
export async function checkKnownMasks(
  { codec }: Pick<FileHost, "codec">,
  data: Pick<OpenedDataset, "splits">,
  known: KnownMasks,
  { strict = false, onProgress }: { strict?: boolean; onProgress?: OnProgress } = {},
): Promise<CheckedMasks | undefined> {
  if (!mayReadHeaders(known.count, { strict })) return undefined;
  const masked = trainingSamples(data).filter((sample) => known.of(sample));
  let [done, complete, completed] = [0, 0, 0];
  const results = await mapAtOnce(masked, atOnce, async (sample) => {
    let problem: UserError | undefined;
    try {
      const labels = await readKnown(codec, sample, known);
      if (!labels.data.includes(ignoreIndex)) complete++;
      if (classesIn(labels).some((tag) => !sample.tags.includes(tag))) completed++;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problem = error;
    }
    onProgress?.(++done, masked.length, "masks");
    return problem;
  });
  const problems = results.filter((problem) => problem !== undefined);
  const [first] = problems;
  if (!first) return { complete, completed };
  const more = problems.length - 1;
  throw new UserError(more > 0 ? `${first.message} (and ${more} more)` : first.message);
}

async function readKnown(
  codec: FileHost["codec"],
  sample: Sample,
  known: KnownMasks,
): Promise<LabelMap> {
  const mask = known.of(sample)!;
  const labels = await (mask.read?.() ?? codec.decodeLabels(mask.where));
  checkMaskSize(labels, mask.where, await codec.header(sample.image), sample.image);
  return translateLabels(labels, mask);
}
