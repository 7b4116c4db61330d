import { excerpt } from "../../user-error.ts";
import type { Sample } from "../../method/data/sample.ts";
import type { ImageCodec } from "../../host/codec.ts";
import type { Host } from "../../host/host.ts";
import { LabelCounts, maskFindings, type MaskCounts } from "../formats/label-counts.ts";
import { dirname } from "../text/path.ts";
import { counted } from "../text/units.ts";
import { assemble, checkClasses, inReadingOrder, type Assembled } from "./assemble.ts";
import { messageWithoutPath } from "./check-headers.ts";
import { pathOf } from "./listing/entry.ts";
import { judge, type Judgment } from "./judgment.ts";
import { MaskOrder } from "./mask-order.ts";
import { mapAtOnce } from "./map-at-once.ts";
import { listDataset } from "./layouts/detect.ts";
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
  const { seed = 0, valFraction = 0.2, strict = false, decode = true, signal } = options;
  const { mergeCase = false } = options;
  // Progress is told after every step that takes a while, so these are the places to stop.
  const onProgress: OnProgress = (...progress) => {
    signal?.throwIfAborted();
    options.onProgress?.(...progress);
  };
  const listing = await listDataset(host, root, onProgress);
  const assembled = await assemble(host, listing, {
    seed,
    valFraction,
    strict,
    mergeCase,
    headers: true,
    onProgress,
  });
  const dataset = describe(host, root, listing, assembled);
  if (options.tagsTo !== undefined) await writeTags(host.store, options.tagsTo, dataset);
  const problems = [...dataset.problems, ...classesNotTrained(dataset)];
  const counts = new LabelCounts();
  const order = new MaskOrder();

  if (decode) {
    const samples = Object.values(dataset.splits).flat();
    let done = 0;
    const decoded = await mapAtOnce(samples, host.machine.cores + 1, async (sample) => {
      const facts = await decodeFully(host.codec, sample, assembled, dataset);
      onProgress(++done, samples.length, "images");
      return facts;
    });
    // In the order of the images, whichever of them is decoded first.
    for (const [i, { labels }] of decoded.entries()) {
      if (!labels) continue;
      const { name, tags, untagged = false } = samples[i]!;
      counts.repeat(name, labels);
      if (!untagged) order.add(tags, labels.map(([label]) => label), dataset.classes.length); // prettier-ignore
    }
    const reported = new Set(problems.map(({ file }) => file));
    const otherOrder = dataset.maskClasses ? undefined : order.finding(dataset.classes);
    const found = decoded.flatMap(({ problems: own, ofTags }) =>
      ofTags && !otherOrder ? [...own, ofTags] : own,
    );
    for (const problem of found.filter(({ file }) => !reported.has(file))) {
      problems.push(strict && problem.leftOut ? { ...problem, severity: "error" } : problem);
    }
    problems.push(...maskProblems(dataset, counts));
    if (otherOrder) problems.push({ severity: "warning", file: root, ...otherOrder });
  }

  let [low, high] = [0, 0];
  for (const { width, height } of assembled.sizes.values()) {
    low = Math.min(low || width, width, height);
    high = Math.max(high, width, height);
  }
  const obstacle = obstacleTo(dataset, problems);
  return {
    root,
    format: dataset.format,
    classes: dataset.classes,
    heldOut: dataset.heldOut,
    counts: dataset.counts,
    ...(dataset.sources ? { sources: dataset.sources } : {}),
    problems: problems.sort(inReadingOrder),
    sides: [low, high],
    maskPixels: ["background", ...dataset.classes].map((_, label) => counts.of(label)),
    ...(counts.masks > 0 && { ignoredShare: counts.ignoredShare }),
    trainable: obstacle === undefined,
    judgment: judge(dataset),
    ...(obstacle === undefined ? {} : { obstacle }),
  };
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

/** What decoding an image and its mask shows: a matter of the two alone. */
interface DecodedFacts {
  readonly problems: readonly Problem[];
  /** Apart from the others, that the mask shows more than the tags. */
  readonly ofTags?: Problem;
  /** The pixels of a mask that has the size of its image. */
  readonly labels?: MaskCounts;
}

/** Problems that only decoding shows: broken pixels, labels out of range, masks that contradict the tags. */
async function decodeFully(
  codec: ImageCodec,
  sample: Sample,
  { origins, sizes }: Assembled,
  { classes, reader }: OpenedDataset,
): Promise<DecodedFacts> {
  const path = pathOf(origins.get(sample)!);
  const { mask } = sample;
  const problems: Problem[] = [];
  try {
    // Its pixels are only looked at for damage.
    await codec.decode(path, { largeSide: 1024 });
  } catch (error) {
    const message = `${messageWithoutPath(error, path)}; it will be skipped`;
    problems.push({ severity: "warning", file: path, message, leftOut: true });
  }
  if (mask === undefined) return { problems };
  try {
    const map = await reader.readMask(sample);
    // A mask of another size is reported already, and its pixels say nothing about this image.
    const { width, height } = sizes.get(sample)!;
    if (map.width !== width || map.height !== height) return { problems };
    const labels = new LabelCounts().add(sample.name, map.data);
    const present = new Set(labels.map(([label]) => label));
    const untagged = classes.filter((_, i) => present.has(i + 1) && !sample.tags.includes(i));
    if (untagged.length === 0) return { problems, labels };
    const names = excerpt(untagged.map((name) => `"${name}"`).join(", "));
    const message = `mask shows ${names}, which the image is not tagged with`;
    return { problems, labels, ofTags: { severity: "warning", file: mask, message } };
  } catch (error) {
    problems.push({ severity: "error", file: mask, message: messageWithoutPath(error, mask) });
  }
  return { problems };
}
