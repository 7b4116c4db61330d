import type { BoxRule, UnannotatedRule } from "../files/formats/boxes.ts";
import { beginsWithBackground, parseClassNames } from "../files/formats/class-names.ts";
import {
  areMaskCounts,
  LabelCounts,
  maskFindings,
  type MaskCounts,
  type MaskFinding,
} from "../files/formats/label-counts.ts";
import {
  areLedgerEntries,
  LostDetails,
  type LedgerEntry,
  type LostDetail,
} from "../files/formats/lost-details.ts";
import type { Replaced } from "../files/formats/older-files.ts";
import type { CocoShape, MaskFormat, MaskLayout } from "../files/formats/formats.ts";
import { MaskFolder, type MaskOrigin } from "../files/formats/mask-folder.ts";
import { ImageFiles, openMasks, type MaskEntry, type MaskSource } from "../files/formats/open.ts";
import { unannotatedCode } from "../files/formats/unannotated.ts";
import { dirname } from "../files/text/path.ts";
import { counted } from "../files/text/units.ts";
import type { Host } from "../host/host.ts";
import { checkMaskSize } from "../method/data/known-mask.ts";
import { ignoreIndex } from "../method/images/image.ts";
import type { InstanceKind } from "../method/images/regions.ts";
import { UserError } from "../user-error.ts";
import { fileSetting, settingsOf } from "./job-settings.ts";
import { unfinished } from "./masks.ts";
import type { JobOptions, ProgressEvent, SkippedEvent, StoppedEvent } from "./events.ts";

export interface ConvertJob {
  /** Folder or file of the masks. */
  readonly masks: string;
  readonly to: readonly MaskFormat[];
  readonly out: string;
  /** Format of the masks; recognized by default. */
  readonly from?: MaskFormat;
  /** Folder of the images that the masks belong to. */
  readonly images?: string;
  /** Class names, or a file of them. */
  readonly classes?: string;
  /** The masks have 0 and 255, and 255 is the one class. */
  readonly binary?: boolean;
  readonly instances: InstanceKind;
  /** Treatment of objects of which only the box is known; `ignore` by default. */
  readonly boxes?: BoxRule;
  /** Treatment of images without any annotation; `leave-out` by default. */
  readonly unannotated?: UnannotatedRule;
  readonly imageUrl?: string;
  /** Outlines of objects in COCO. */
  readonly shapes?: CocoShape;
  /** Tree of palette PNGs. */
  readonly layout?: MaskLayout;
  readonly overwrite?: boolean;
  /** Continue the unfinished conversion in the folder. */
  readonly resume?: boolean;
  /** Fail on the first mask that cannot be read instead of leaving it out. */
  readonly strict?: boolean;
}

/** All masks have been converted. */
export interface ConvertDoneEvent {
  readonly type: "done";
  readonly from: MaskFormat;
  readonly to: readonly MaskFormat[];
  readonly out: string;
  /** The file with the class names. */
  readonly classes: string;
  readonly masks: number;
  readonly skipped: number;
  /** Number of objects in the source, as far as its format has objects, without those of masks left out. */
  readonly objects: number;
  /** Details that the formats could not hold; empty only if every object was counted again where it was written. */
  readonly lost: readonly LostDetail[];
  /** How the source was understood, one sentence each. */
  readonly notes: readonly string[];
  /** Reasons to doubt the masks. */
  readonly warnings: readonly MaskFinding[];
  /** What became of the files of earlier jobs in the folder. */
  readonly replaced: Replaced;
}

export type ConvertEvent =
  | {
      readonly type: "started";
      readonly of: number;
      /** Masks that an earlier part of the job finished, and whether they have to be read again for a format that is one file. */
      readonly finished: number;
      readonly rereads: boolean;
    }
  | ProgressEvent
  | SkippedEvent
  | (StoppedEvent & { readonly kept: number })
  | ConvertDoneEvent;

/** Converts masks between annotation formats. A job that fails or is stopped keeps what it finished. */
export async function* convertMasks(
  host: Host,
  job: ConvertJob,
  options: JobOptions = {},
): AsyncGenerator<ConvertEvent, void> {
  const { masks: path, to, from, instances, imageUrl, shapes, layout, overwrite = false } = job;
  const { store } = host;
  const losses = new LostDetails();
  const notes: string[] = [];
  const counts = new LabelCounts();
  const codes: string[] = [];
  const root = (await store.stat(path))?.kind === "folder" ? path : dirname(path);
  const source = await openMasks(host, path, {
    images: await ImageFiles.find(store, job.images, root),
    instances,
    losses,
    tell: (note) => notes.push(note),
    ...(job.binary && { binary: true }),
    ...(job.classes !== undefined && {
      classes: await parseClassNames(store, job.classes),
      namesBackground: await beginsWithBackground(store, job.classes),
    }),
    ...(from && { from }),
    ...(job.boxes && { boxes: job.boxes }),
    ...(job.unannotated && { unannotated: job.unannotated }),
  });
  try {
    if (source.entries.length === 0) throw new UserError(`${path}: has no masks`);
    if (job.images !== undefined) {
      const note = noteOfMissingImages(source.entries, job.images);
      if (note !== undefined) notes.push(note);
    }
    const { classes: names, entries, format: readAs } = source;
    const about = {
      ...{ masks: await fileSetting(store, path), from: readAs, classes: names, to, instances },
      ...{ imageUrl, imageFolder: job.images, shapes, layout },
      ...{ boxes: job.boxes, unannotated: job.unannotated, binary: job.binary },
    };
    const folder = await MaskFolder.create(host, job.out, source.classes, {
      settings: settingsOf("convert", about, entries.map(identityOf)),
      ...(job.resume !== undefined && { resume: job.resume }),
      format: to,
      instances,
      overlays: false,
      overwrite,
      ...(imageUrl !== undefined && { imageUrl }),
      ...(shapes && { shapes }),
      ...(layout && { layout }),
    });
    const total = source.entries.length;
    const { finished, keepsMasks } = folder;
    let [masks, skipped, firstProblem] = [0, 0, ""];
    let classes: string;
    let replaced: Replaced;
    let isSettled = false;
    try {
      yield { type: "started", of: total, finished, rereads: !keepsMasks };
      const watched = { job, counts, losses, codes };
      for await (const event of convertEach(host, source, folder, watched, options)) {
        if (event.type === "progress") masks++;
        else if (skipped++ === 0) firstProblem = event.message;
        yield event;
      }
      if (masks + skipped < total) {
        const kept = await folder.stop();
        isSettled = true;
        yield { type: "stopped", done: masks + skipped, total, kept };
        return;
      }
      if (masks === 0) {
        throw new UserError(`${firstProblem}; none of the ${total} masks can be used`);
      }
      classes = await folder.finish();
      replaced = await folder.complete();
      isSettled = true;
    } catch (error) {
      const kept = isSettled ? 0 : await folder.stopAfterFailure();
      isSettled = true;
      throw unfinished(error, kept, total);
    } finally {
      // The consumer leaves.
      if (!isSettled) await folder.stop();
    }
    const lost = [...losses.list(), ...folder.losses()];
    const { format } = source;
    const warnings = maskFindings(counts, source.classes, format === "voc" ? path : undefined).map(
      (finding): MaskFinding => ({ ...finding, message: `${path}: ${finding.message}` }),
    );
    const bare = codes.filter((code) => code === unannotatedCode).length;
    if (bare > 0) warnings.push(unannotatedFinding(path, bare));
    const written = {
      out: job.out,
      classes,
      masks,
      skipped,
      objects: losses.objects,
      lost,
      notes,
      warnings,
      replaced,
    };
    yield { type: "done", from: format, to, ...written };
  } finally {
    await source.close();
  }
}

/** A sentence on images that are not in the folder that was given; a UserError if it has none of them. */
function noteOfMissingImages(entries: readonly MaskEntry[], folder: string): string | undefined {
  const missing = entries.filter(({ image }) => image === undefined);
  const [first] = missing;
  if (!first) return undefined;
  const example = first.fileName ?? first.name;
  const all = entries.length;
  if (missing.length < all) {
    const verb = missing.length === 1 ? "is" : "are";
    return `${missing.length} of the ${all} images ${verb} not in ${folder}, the first is ${example}`;
  }
  throw new UserError(
    all === 1
      ? `the only image, ${example}, is not in ${folder}`
      : `none of the ${all} images is in ${folder}, not even the first, ${example}`,
    { code: "no-images", remedies: [{ kind: "option", name: "images", instead: true }] },
  );
}

/** What was left out because the file does not tell whether anybody looked at it. */
function unannotatedFinding(path: string, images: number): MaskFinding {
  return {
    message:
      `${path}: ${counted(images, "image")} without any annotation ${images === 1 ? "was" : "were"} left out: ` +
      "they may show nothing, or nobody may have looked at them",
    remedies: [
      {
        ...{ kind: "option", name: "unannotated", value: "background" },
        purpose: "takes them for background",
      },
    ],
  };
}

/** What tells a mask from the others of its source. */
function identityOf({ name, fileName, image, where }: MaskEntry): readonly unknown[] {
  return [name, fileName, image, where];
}

async function* convertEach(
  { codec }: Pick<Host, "codec">,
  { entries, classes }: MaskSource,
  folder: MaskFolder,
  {
    job: { strict = false },
    counts,
    losses,
    codes,
  }: { job: ConvertJob; counts: LabelCounts; losses: LostDetails; codes: string[] },
  { signal }: JobOptions,
): AsyncGenerator<ProgressEvent | SkippedEvent> {
  for (const [i, entry] of entries.entries()) {
    if (signal?.aborted) return;
    const { name, fileName, image } = entry;
    const origin = {
      index: i,
      ...(fileName !== undefined && { fileName }),
      ...(image !== undefined && { source: image }),
    };
    const event = { type: "progress", done: i + 1, total: entries.length } as const;
    const kept = folder.hasFinished(i) && (await folder.takeOver(name, originFor(origin), i));
    if (kept) {
      const { read, labels } = kept.facts as ReadFacts;
      losses.repeat(read);
      counts.repeat(name, labels);
      yield event;
      continue;
    }
    let labels;
    losses.takeEntries();
    try {
      labels = await readEntry(entry, classes);
      if (image !== undefined) checkMaskSize(labels, entry.where, await codec.header(image), image);
    } catch (error) {
      if (strict || !(error instanceof UserError)) throw error;
      losses.leaveOut(name);
      codes.push(error.code);
      yield { type: "skipped", file: entry.where, message: error.message };
      continue;
    }
    const read = losses.takeEntries();
    const facts: ReadFacts = { read, labels: counts.add(name, labels.data) };
    await folder.write(name, labels, undefined, { ...origin, facts });
    yield event;
  }
}

/** What reading a mask told, for a job that takes it over without reading it. */
interface ReadFacts {
  readonly read: readonly LedgerEntry[];
  readonly labels: MaskCounts;
}

/** The origin of a mask, if the facts of a journal, which may be damaged, are those of a conversion. */
function originFor(origin: MaskOrigin): (facts: unknown) => MaskOrigin | undefined {
  return (facts) => {
    const { read, labels } = (facts ?? {}) as Partial<Record<keyof ReadFacts, unknown>>;
    return areLedgerEntries(read) && areMaskCounts(labels) ? origin : undefined;
  };
}

/** Reads the labels of a mask and checks that all of them are classes. */
async function readEntry(
  entry: MaskEntry,
  classes: readonly string[],
): ReturnType<MaskEntry["read"]> {
  const labels = await entry.read();
  const unknown = labels.data.find((label) => label > classes.length && label !== ignoreIndex);
  if (unknown === undefined) return labels;
  throw new UserError(
    `${entry.where}: mask has label ${unknown}, but there are only ${classes.length} classes: ${classes.join(", ")}`,
  );
}
