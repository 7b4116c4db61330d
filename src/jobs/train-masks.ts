import { checkKnownMasks } from "../files/datasets/check-known-masks.ts";
import type { OpenedDataset } from "../files/datasets/index.ts";
import {
  correctionsFolder,
  KnownMasks,
  trainingSamples,
  type KnownMasksOptions,
} from "../files/datasets/known-masks.ts";
import type { MasksOrigin } from "../files/run/settings.ts";
import { isFolder } from "../files/text/folders.ts";
import { counted } from "../files/text/units.ts";
import type { FileHost } from "../host/host.ts";
import { UserError } from "../user-error.ts";
import { reports, type NoticeEvent, type ReadingEvent } from "./events.ts";

/** Masks will train along with the tags. */
export interface KnownMasksEvent {
  readonly type: "known-masks";
  /** Training images with a mask, and all of them. */
  readonly masks: number;
  readonly images: number;
  /** The number of corrections among the masks. */
  readonly corrections: number;
  /** Masks in the folder, or corrections, whose images are not trained on. */
  readonly unused: number;
  /** Masks without unknown pixels; undefined if there are too many to read in advance. */
  readonly complete: number | undefined;
  /** Images that get tags of classes that only their mask shows; undefined as above. */
  readonly completed: number | undefined;
}

/** Training images have masks, which are not used. */
export interface IgnoredMasksEvent {
  readonly type: "ignored-masks";
  /** Folder of the data set. */
  readonly folder: string;
  readonly masks: number;
}

/** Presets of published benchmarks, whose point is to learn from tags alone. */
const benchmarks: readonly string[] = ["voc", "coco"];

/** Finds and reads the masks that a training is to learn from. */
export async function* prepareMasks(
  host: FileHost,
  data: OpenedDataset,
  { strict, ...options }: KnownMasksOptions & { readonly strict: boolean },
): AsyncGenerator<ReadingEvent | KnownMasksEvent, KnownMasks> {
  const known = await KnownMasks.find(host, data, options);
  known.requireAny();
  const checked = yield* reports((report) =>
    checkKnownMasks(host, data, known, {
      strict,
      onProgress: (done, total, what) => report({ type: "reading", done, total, what } as const),
    }),
  );
  const { count: masks, corrections, unused } = known;
  const images = trainingSamples(data).length;
  const { complete, completed } = checked ?? {};
  yield { type: "known-masks", masks, images, corrections, unused, complete, completed };
  return known;
}

/** Tells of masks that a training could learn from, unless its preset is that of a benchmark. */
export async function* offerMasks(
  host: FileHost,
  data: OpenedDataset,
  preset: string,
): AsyncGenerator<IgnoredMasksEvent, void> {
  if (benchmarks.includes(preset)) return;
  const { count } = await KnownMasks.find(host, data).catch((error: unknown) => {
    // Corrections that cannot be understood are no obstacle to a training that does not use them.
    if (error instanceof UserError) return KnownMasks.find(host, data, { corrections: false });
    throw error;
  });
  if (count > 0) yield { type: "ignored-masks", folder: data.root, masks: count };
}

/** The masks of a new run as its folder records them. */
export function masksOrigin({ count, corrections, folder }: KnownMasks): MasksOrigin {
  return { count, corrections, ...(folder !== undefined && { folder }) };
}

/**
 * The masks that a run was started with, for its resumption.
 * @param moved folder to which those in a folder of their own were moved
 */
export async function* reopenMasks(
  host: FileHost,
  run: string,
  data: OpenedDataset,
  origin: MasksOrigin | undefined,
  { moved, strict }: { readonly moved: string | undefined; readonly strict: boolean },
): AsyncGenerator<ReadingEvent | KnownMasksEvent | NoticeEvent, KnownMasks> {
  if (moved !== undefined && origin?.folder === undefined) throw startedWithout(run);
  const folder = moved ?? origin?.folder;
  if (folder !== undefined && !(await isFolder(host.store, folder))) {
    throw new UserError(
      `${folder}: no such folder, but ${run} was started with the masks in it; put it back`,
      {
        code: "no-masks",
        remedies: [
          { kind: "option", name: "useMasks", value: "<folder>", purpose: "names its new place" },
        ],
      },
    );
  }
  const options = { folder, corrections: origin?.corrections !== 0 };
  const found = await KnownMasks.find(host, data, options);
  if (origin && origin.corrections > 0 && found.corrections === 0) {
    throw new UserError(
      `${data.root}: has no corrections of training images in ${correctionsFolder}, but ${run} was started with ` +
        `${origin.corrections}; put them back`,
      { code: "no-masks" },
    );
  }
  const known = yield* prepareMasks(host, data, { ...options, strict });
  if (origin && !isSame(origin, known)) {
    const message = `${run}: was started with ${described(origin)} to train on, now there are ${described(known)}`;
    yield { type: "notice", message };
  }
  return known;
}

type Counts = Pick<MasksOrigin, "count" | "corrections">;

function isSame(a: Counts, b: Counts): boolean {
  return a.count === b.count && a.corrections === b.corrections;
}

function described({ count, corrections }: Counts): string {
  const among = corrections > 0 ? ` (${counted(corrections, "correction")})` : "";
  return `${counted(count, "mask")}${among}`;
}

/** The error for a folder of masks at the resumption of a run that has none. */
export function startedWithout(run: string): UserError {
  return new UserError(
    `${run}: was started without a folder of masks, so it cannot be resumed with one`,
    {
      remedies: [{ kind: "omit", name: "useMasks" }],
    },
  );
}
