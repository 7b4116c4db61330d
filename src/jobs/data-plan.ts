import * as z from "zod/mini";
import { listDatasetImages, type ListedDataset } from "../files/datasets/look.ts";
import type { JobSettings } from "../files/formats/journal.ts";
import { pathOf, storedPath } from "../files/shards/item-list.ts";
import type { FileHost } from "../host/host.ts";
import type { Store } from "../host/store.ts";
import { reports, type JobOptions, type ReadingEvent } from "./events.ts";
import { itemsSetting, withoutMissing } from "./job-settings.ts";

/** The job that inspects a data set, as a plan names it. */
export const inspection = "data";

/** How a data set is inspected. */
export interface InspectionSettings {
  readonly decode: boolean;
  readonly seed: number;
  readonly mergeCase: boolean;
}

/** What the plan of an inspection in shards says. */
export interface PlannedInspection extends InspectionSettings {
  /** Folder of the data set as the first task was given it, and as it is stored. */
  readonly data: string;
  readonly place: string;
}

const planned = z.object({
  ...{ data: z.string(), place: z.string() },
  ...{ decode: z.boolean(), seed: z.int(), mergeCase: z.boolean() },
});

/** The facts of a plan, which may be damaged; undefined if they are none of an inspection. */
export function plannedInspection(facts: unknown): PlannedInspection | undefined {
  return planned.safeParse(facts).data;
}

/** The folder of the data set: as it was given if it is found there, so that reports name it alike. */
export function rootOf(store: Store, out: string, { data, place }: PlannedInspection): string {
  const path = pathOf(out, place);
  return store.absolute(data) === store.absolute(path) ? data : path;
}

/** What all tasks must agree on: how the data set is inspected, and what its names and tags are. */
export function inspectionSettings(
  store: Store,
  out: string,
  listed: ListedDataset,
  { decode, seed, mergeCase }: InspectionSettings,
): JobSettings {
  const place = (path: string): string => storedPath(store, out, path);
  return withoutMissing({
    ...{ data: place(listed.root), decode, seed, mergeCase },
    maskLabels: listed.maskClasses?.labels,
    images: itemsSetting(itemsOf(listed, place)),
  });
}

function* itemsOf(
  { images, samples }: ListedDataset,
  place: (path: string) => string,
): Generator<unknown> {
  for (const [i, { name, image, mask, tags, untagged = false }] of samples.entries()) {
    const { maskSize, split } = images.at(i);
    const masked = mask === undefined ? null : [place(mask), maskSize ?? null];
    yield [name, place(image), masked, tags, untagged, split ?? null];
  }
}

/** Lists the images of a data set and reports the progress. Throws the reason of an aborted signal. */
export function readNames(
  host: FileHost,
  root: string,
  { mergeCase }: Pick<InspectionSettings, "mergeCase">,
  { signal }: JobOptions = {},
): AsyncGenerator<ReadingEvent, ListedDataset> {
  return reports((report) =>
    listDatasetImages(host, root, {
      mergeCase,
      onProgress: (done, total, what) => {
        signal?.throwIfAborted();
        report({ type: "reading", done, total, what });
      },
    }),
  );
}
