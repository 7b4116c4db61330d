import { beginsWithBackground, parseClassNames } from "../files/formats/class-names.ts";
import { LostDetails, type LedgerEntry } from "../files/formats/lost-details.ts";
import type { MaskFolderOptions } from "../files/formats/mask-folder.ts";
import { ImageFiles, openMasks, type MaskEntry, type MaskSource } from "../files/formats/open.ts";
import { nameOutputs, type OutputName } from "../files/formats/output-names.ts";
import { dirname } from "../files/text/path.ts";
import type { Host } from "../host/host.ts";
import { UserError } from "../user-error.ts";
import type { ConvertJob } from "./convert-job.ts";

/** The masks to convert, and what opening them told. */
export interface OpenConversion {
  readonly source: MaskSource;
  /** The ledger of objects that the reader of a mask makes entries in. */
  readonly ledger: LostDetails;
  /** Entries that opening the source made. */
  readonly opened: readonly LedgerEntry[];
  /** How the source was understood, one sentence each. */
  readonly notes: readonly string[];
  /** The names of the results of each mask. */
  readonly names: readonly OutputName[];
}

/** Opens the masks of a conversion; a UserError if there are none. */
export async function openConversion(host: Host, job: ConvertJob): Promise<OpenConversion> {
  const { masks: path, from, instances } = job;
  const { store } = host;
  const ledger = new LostDetails();
  const notes: string[] = [];
  const root = (await store.stat(path))?.kind === "folder" ? path : dirname(path);
  const source = await openMasks(host, path, {
    images: await ImageFiles.find(store, job.images, root),
    instances,
    losses: ledger,
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
    const { entries } = source;
    if (entries.length === 0) throw new UserError(`${path}: has no masks`);
    if (job.images !== undefined) {
      const note = noteOfMissingImages(entries, job.images);
      if (note !== undefined) notes.push(note);
    }
    const names = nameOutputs(entries.map(({ image, ...entry }) => ({ ...entry, ...(image !== undefined && { source: image }) }))); // prettier-ignore
    return { source, ledger, opened: ledger.takeEntries(), notes, names };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** How the masks are written. */
export function writingOptions(job: ConvertJob): MaskFolderOptions {
  const { to, instances, imageUrl, shapes, layout } = job;
  return {
    ...{ format: to, instances, overlays: false },
    ...(imageUrl !== undefined && { imageUrl }),
    ...(shapes && { shapes }),
    ...(layout && { layout }),
  };
}

/** What the masks depend on, besides those of the source. */
export function dependencies(
  job: ConvertJob,
  { format: from, classes }: MaskSource,
): Readonly<Record<string, unknown>> {
  const { to, instances, imageUrl, shapes, layout, boxes, unannotated, binary } = job;
  const how = { from, classes, to, instances, imageUrl, imageFolder: job.images, shapes, layout };
  return { ...how, boxes, unannotated, binary };
}

/** A sentence on images that are not in the folder that was given; a UserError if it has none of them. */
function noteOfMissingImages(entries: readonly MaskEntry[], folder: string): string | undefined {
  const missing = entries.filter(({ image }) => image === undefined);
  const [first] = missing;
  if (!first) return undefined;
  const example = first.fileName ?? first.name;
  const all = entries.length;
  if (missing.length < all) {
    return `${folder}: lacks ${missing.length} of the ${all} images, the first is ${example}`;
  }
  throw new UserError(
    all === 1
      ? `the only image, ${example}, is not in ${folder}`
      : `none of the ${all} images is in ${folder}, not even the first, ${example}`,
    { code: "no-images", remedies: [{ kind: "option", name: "images", instead: true }] },
  );
}
