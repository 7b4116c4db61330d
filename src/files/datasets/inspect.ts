import type { FileHost, Host } from "../../host/host.ts";
import { LabelCounts, maskFindings } from "../formats/label-counts.ts";
import { dirname } from "../text/path.ts";
import { counted } from "../text/units.ts";
import { checkArranged, checkClasses, inReadingOrder } from "./assemble.ts";
import { messageWithoutPath } from "./check-headers.ts";
import { pixelProblems } from "./check-pixels.ts";
import { pathOf } from "./listing/entry.ts";
import { judge, type Judgment } from "./judgment.ts";
import { listDatasetImages, looksAt, type ListedDataset, type Looks } from "./look.ts";
import { MaskOrder } from "./mask-order.ts";
import { mapAtOnce } from "./map-at-once.ts";
import type { OnProgress, Problem } from "./listing/listing.ts";
import { classesNotTrained, describe, requireTrainable, type OpenedDataset } from "./open.ts";
import { writeTags } from "./tags/write.ts";

export interface InspectOptions {
  readonly seed?: number;
  readonly valFraction?: number;
  readonly strict?: boolean;
  /** Whether tags that differ only in letter case are one class; otherwise they are an error. */
  readonly mergeCase?: boolean | undefined;
  /** Decode every image and mask; otherwise only their headers are read. True by default. */
  readonly decode?: boolean;
  /** A .csv file to write the tags to. */
  readonly tagsTo?: string | undefined;
  readonly onProgress?: OnProgress;
  /** Rejects with its reason soon after it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** The content of a data set folder and its problems. */
export interface DatasetReport extends Pick<
  OpenedDataset,
  "root" | "format" | "classes" | "heldOut" | "problems" | "counts" | "sources"
> {
  /** Least and greatest side of the images, in pixels; 0 if there are none. */
  readonly sides: readonly [number, number];
  /** Pixels of each label over all masks, `[background, classes...]`; 255 is not counted. */
  readonly maskPixels: readonly number[];
  /** Share of the pixels of all masks that are ignored (255), 0..1; absent without masks that were read. */
  readonly ignoredShare?: number;
  /** Whether a training can start on it. */
  readonly trainable: boolean;
  /** What a training can give. */
  readonly judgment: Judgment;
  /** The reason why not. */
  readonly obstacle?: string;
}

/** Checks everything in a data set folder and goes on after errors, to report all of them. */
export async function inspectDataset(
  host: Pick<Host, "store" | "codec" | "machine">,
  root: string,
  options: InspectOptions = {},
): Promise<DatasetReport> {
  const listed = await listDatasetImages(host, root, stoppable(options));
  const lanes = host.machine.cores + 1;
  return inspectListed(host, listed, looksAt(host, listed), { ...options, lanes });
}

export interface InspectListedOptions extends Omit<InspectOptions, "mergeCase"> {
  /** Number of images decoded at the same time. */
  readonly lanes: number;
  /** A warning on the inspection itself. */
  readonly warning?: string | undefined;
}

/** Checks everything in a data set whose images are listed. */
export async function inspectListed(
  host: FileHost,
  listed: ListedDataset,
  looks: Looks,
  { lanes, warning, ...options }: InspectListedOptions,
): Promise<DatasetReport> {
  const { seed = 0, valFraction = 0.2, strict = false, decode = true } = options;
  const { onProgress } = stoppable(options);
  const { root, images } = listed;
  const checks = { seed, valFraction, strict, onProgress };
  const assembled = await checkArranged(listed, checks, looks.headers);
  const { sizes, places } = assembled;
  const dataset = describe(host, root, listed.listing, assembled);
  const { classes } = dataset;
  if (options.tagsTo !== undefined) await writeTags(host.store, options.tagsTo, dataset);
  const problems = [...dataset.problems, ...classesNotTrained(dataset)];
  if (warning !== undefined) problems.push({ severity: "warning", file: root, message: warning });
  const counts = new LabelCounts();
  const order = new MaskOrder();

  if (decode) {
    const samples = Object.values(dataset.splits).flat();
    let done = 0;
    const decoded = await mapAtOnce(samples, lanes, async (sample) => {
      const size = sizes.get(sample);
      const facts = size && (await looks.pixels(places.get(sample)!, size));
      onProgress(++done, samples.length, "images");
      return facts;
    });
    // In the order of the images, whichever of them is decoded first.
    for (const [i, facts] of decoded.entries()) {
      const labels = facts?.mask;
      if (labels === undefined || typeof labels === "string") continue;
      const { name, tags, untagged = false } = samples[i]!;
      counts.repeat(name, labels);
      if (!untagged) order.add(tags, labels.map(([label]) => label), classes.length); // prettier-ignore
    }
    const reported = new Set(problems.map(({ file }) => file));
    const otherOrder = dataset.maskClasses ? undefined : order.finding(classes);
    const found = decoded.flatMap((facts, i) => {
      if (!facts) return [];
      const sample = samples[i]!;
      const path = pathOf(images.at(places.get(sample)!));
      return pixelProblems(facts, sample, { path, classes, ofTags: !otherOrder });
    });
    for (const problem of found.filter(({ file }) => !reported.has(file))) {
      problems.push(strict && problem.leftOut ? { ...problem, severity: "error" } : problem);
    }
    problems.push(...maskProblems(dataset, counts));
    if (otherOrder) problems.push({ severity: "warning", file: root, ...otherOrder });
  }

  let [low, high] = [0, 0];
  for (const { width, height } of sizes.values()) {
    low = Math.min(low || width, width, height);
    high = Math.max(high, width, height);
  }
  const obstacle = obstacleTo(dataset, problems);
  return {
    root,
    format: dataset.format,
    classes,
    heldOut: dataset.heldOut,
    counts: dataset.counts,
    ...(dataset.sources ? { sources: dataset.sources } : {}),
    problems: problems.sort(inReadingOrder),
    sides: [low, high],
    maskPixels: ["background", ...classes].map((_, label) => counts.of(label)),
    ...(counts.masks > 0 && { ignoredShare: counts.ignoredShare }),
    trainable: obstacle === undefined,
    judgment: judge(dataset),
    ...(obstacle === undefined ? {} : { obstacle }),
  };
}

/** The options with a progress that ends the work once its signal is aborted: it is told after every step that takes a while. */
function stoppable<T extends Pick<InspectOptions, "onProgress" | "signal">>(
  options: T,
): T & { readonly onProgress: OnProgress } {
  const onProgress: OnProgress = (...progress) => {
    options.signal?.throwIfAborted();
    options.onProgress?.(...progress);
  };
  return { ...options, onProgress };
}

/** The reason why a data set cannot be trained on; undefined if it can. */
function obstacleTo(dataset: OpenedDataset, problems: readonly Problem[]): string | undefined {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  if (errors > 0) return `${errors} error${errors === 1 ? "" : "s"}`;
  try {
    if (dataset.counts.all.images > 0) checkClasses(dataset.root, dataset.classes);
    requireTrainable(dataset);
  } catch (error) {
    return messageWithoutPath(error, dataset.root);
  }
}

/** What all masks together show: binary masks, ignored ones, classes that are tagged but nowhere drawn. */
function maskProblems(
  { root, classes, splits, drawsMasks }: OpenedDataset,
  counts: LabelCounts,
): Problem[] {
  const masked = Object.values(splits)
    .flat()
    .filter(({ mask }) => mask !== undefined);
  const [first] = masked;
  if (!first || counts.masks === 0) return [];
  const file = dirname(first.mask!.replace(/#[^#/]*$/, ""));
  const problems: Problem[] = maskFindings(counts, classes, drawsMasks ? undefined : file).map(
    (finding) => ({ severity: "warning", file, ...finding }),
  );
  const absent = classes.flatMap((name, i) => {
    const images = masked.filter(({ tags }) => tags.includes(i)).length;
    return images > 0 && counts.of(i + 1) === 0
      ? [`${name} (tagged in ${counted(images, "image")} with masks)`]
      : [];
  });
  // A mask that could not be read may show it.
  if (absent.length > 0 && counts.masks === masked.length) {
    const message = `no mask shows ${absent.join(", ")}; scores say nothing about ${absent.length === 1 ? "it" : "them"}`;
    problems.push({ severity: "warning", file: root, message });
  }
  return problems;
}
