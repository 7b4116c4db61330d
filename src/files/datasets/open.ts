import type { Dataset, Sample, SampleReader } from "../../method/data/sample.ts";
import { UserError, withExcerpts, type Remedy } from "../../user-error.ts";
import type { FileHost } from "../../host/host.ts";
import { counted } from "../text/units.ts";
import { assemble, checkClasses, type Assembled } from "./assemble.ts";
import { mayReadHeaders } from "./check-headers.ts";
import { listDataset } from "./layouts/detect.ts";
import {
  formatProblem,
  type LayoutName,
  type Listing,
  type OnProgress,
  type Problem,
  type Sources,
} from "./listing/listing.ts";
import type { MaskClasses } from "./mask-order.ts";
import { datasetReader } from "./reader.ts";

export interface OpenOptions {
  /** Decides which images are held out for validation where the data set names no splits. */
  readonly seed?: number;
  /** Share of the images to hold out then. */
  readonly valFraction?: number;
  /** Refuse data sets with unusable images instead of leaving these out. */
  readonly strict?: boolean;
  /** Whether tags that differ only in letter case are one class; otherwise they are an error. */
  readonly mergeCase?: boolean;
  /** A split that must exist and have images. */
  readonly split?: string;
  /** Refuse data sets that cannot be trained on, see `requireTrainable`. */
  readonly training?: boolean;
  /** Called with the progress of reading a large data set. */
  readonly onProgress?: OnProgress;
}

export interface SplitCounts {
  readonly images: number;
  readonly masks: number;
  /** Images whose tags are unknown, as in a test split. */
  readonly untagged: number;
  /** Images with each class. */
  readonly perClass: readonly number[];
}

export interface OpenedDataset extends Dataset {
  readonly root: string;
  readonly format: LayoutName;
  /** Whether the splits were held out by seed, because the data set names none. */
  readonly heldOut: boolean;
  readonly problems: readonly Problem[];
  /** The sources of lists, tags and masks, in layouts that leave a choice. */
  readonly sources?: Sources;
  /** Counts of all images and of each split. */
  readonly counts: {
    readonly all: SplitCounts;
    readonly splits: Readonly<Record<string, SplitCounts>>;
  };
  readonly reader: SampleReader;
  /** How the mask files number the classes, if names came with them; otherwise as the data set does. */
  readonly maskClasses?: MaskClasses;
  /** Whether masks are drawn from outlines and only `reader` can read them; otherwise they are PNG files. */
  readonly drawsMasks?: boolean;
}

/**
 * Opens a data set folder of any layout. Where it names no splits, `valFraction` of the images become `val`, if possible
 * ones with masks, and the rest `train`. Images that cannot be read are left out and listed in `problems`; anything worse
 * is a UserError that names file and line. With more than 4,000 images only the names are compared with the disk, unless
 * `strict`: a broken image is then noticed when it is read.
 */
export async function openDataset(
  host: FileHost,
  root: string,
  options: OpenOptions = {},
): Promise<OpenedDataset> {
  const listing = await listDataset(host, root, options.onProgress);
  const headers = mayReadHeaders(listing.images.length, { strict: options.strict ?? false });
  return openListing(host, root, listing, { ...options, headers });
}

/** Opens the data set of a listing, see `openDataset`. */
export async function openListing(
  host: FileHost,
  root: string,
  listing: Listing,
  options: OpenOptions & { readonly headers: boolean },
): Promise<OpenedDataset> {
  const { seed = 0, valFraction = 0.2, strict = false, mergeCase = false, onProgress } = options;
  const { headers } = options;
  const assembled = await assemble(host, listing, {
    seed,
    valFraction,
    strict,
    mergeCase,
    headers,
    onProgress,
  });
  const errors = assembled.problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    const [first] = errors as [Problem];
    const more = errors.length - 1;
    // Other jobs take the classes of their model, and have no such option.
    const remedies = (first.remedies ?? []).filter(
      (remedy) => options.training || !(remedy.kind === "option" && remedy.name === "mergeCase"),
    );
    if (more === 0) throw new UserError(formatProblem(first), { remedies });
    const isFolder = listing.format !== "tars" && listing.format !== "names";
    throw new UserError(`${formatProblem(first)} (and ${more} more)`, {
      remedies: isFolder ? [...remedies, listingJob(root, mergeCase)] : remedies,
    });
  }
  const dataset = describe(host, root, listing, assembled);
  if (dataset.counts.all.images === 0) {
    const first = dataset.problems.find(({ leftOut }) => leftOut);
    throw new UserError(`${root}: no usable image${first ? `; ${formatProblem(first)}` : ""}`);
  }
  checkClasses(root, dataset.classes);
  if (options.split !== undefined) samplesOf(dataset, options.split);
  if (!options.training) return dataset;
  requireTrainable(dataset);
  return { ...dataset, problems: [...dataset.problems, ...classesNotTrained(dataset)] };
}

/** The job that lists all problems of a data set. */
export function listingJob(argument: string, mergeCase: boolean): Remedy {
  const options = mergeCase && { options: { mergeCase: true } as const };
  return { kind: "job", name: "data", argument, ...options, purpose: "lists all of them" };
}

/** The data set of a listing, with all problems of both. */
export function describe(
  { codec }: FileHost,
  root: string,
  listing: Listing,
  assembled: Assembled,
): OpenedDataset {
  const { classes, splits, heldOut, problems, maskClasses } = assembled;
  const counts = Object.entries(splits).map(
    ([split, samples]) => [split, count([samples], classes.length)] as const,
  );
  return {
    root,
    format: listing.format,
    classes,
    splits,
    heldOut,
    problems,
    counts: {
      all: count(Object.values(splits), classes.length),
      splits: Object.fromEntries(counts),
    },
    ...(listing.sources ? { sources: listing.sources } : {}),
    ...(maskClasses && { maskClasses }),
    reader: datasetReader(codec, classes.length, listing.readMask, maskClasses?.labels),
    drawsMasks: listing.readMask !== undefined,
  };
}

/** Counts the samples of several splits together. */
function count(splits: readonly (readonly Sample[])[], classCount: number): SplitCounts {
  const perClass = new Array<number>(classCount).fill(0);
  let [images, masks, unknown] = [0, 0, 0];
  for (const samples of splits) {
    images += samples.length;
    for (const { tags, mask, untagged } of samples) {
      for (const tag of tags) perClass[tag]!++;
      if (mask !== undefined) masks++;
      if (untagged) unknown++;
    }
  }
  return { images, masks, untagged: unknown, perClass };
}

/** The samples of a split; a UserError lists the existing splits if it has none. */
export function samplesOf(
  dataset: Dataset & { readonly root?: string },
  split: string,
): readonly Sample[] {
  const samples = Object.hasOwn(dataset.splits, split) ? dataset.splits[split] : undefined;
  if (samples && samples.length > 0) return samples;
  const existing = Object.entries(dataset.splits).map(
    ([name, list]) => `${name} (${counted(list.length, "image")})`,
  );
  const where = dataset.root === undefined ? "data set" : dataset.root;
  throw new UserError(
    `${where}: no images in the split "${split}"; the splits are ${existing.join(", ")}`,
  );
}

/** Throws a UserError unless there are training images with tags. What else is missing only gets a warning. */
export function requireTrainable(
  dataset: Dataset & { readonly root?: string } & Partial<Pick<OpenedDataset, "counts">>,
): void {
  const { classes, root = "data set", counts } = dataset;
  const samples = samplesOf(dataset, "train");
  const train = (counts?.splits["train"] ?? count([samples], classes.length)).perClass;
  if (train.every((images) => images === 0)) {
    throw new UserError(`${root}: no training image has a tag; there is nothing to learn`);
  }
}

/** Warnings of classes that only images of other splits have; classes without any image are told when they are read. */
export function classesNotTrained({
  root,
  classes,
  counts,
}: Pick<OpenedDataset, "root" | "classes" | "counts">): Problem[] {
  const train = counts.splits["train"]?.perClass;
  if (!train) return [];
  return classes.flatMap((name, i) => {
    const elsewhere = counts.all.perClass[i]!;
    if (train[i]! > 0 || elsewhere === 0) return [];
    const message =
      `no training image is tagged "${name}", but ${elsewhere} in other splits ${elsewhere === 1 ? "is" : "are"}: it is never ` +
      'learned; move some to the split "train" or remove the tag';
    return [{ severity: "warning" as const, file: root, message: withExcerpts(message) }];
  });
}
