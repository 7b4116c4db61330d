import { inspectListed, type DatasetReport } from "../files/datasets/inspect.ts";
import type { ListedDataset, LookedAt } from "../files/datasets/look.ts";
import { differingSettings } from "../files/formats/journal.ts";
import { planFile, shardFolder, shardItems, type ShardPlan } from "../files/shards/plan.ts";
import { join } from "../files/text/path.ts";
import type { FileHost } from "../host/host.ts";
import type { Store } from "../host/store.ts";
import { UserError } from "../user-error.ts";
import {
  inspectionSettings,
  plannedInspection,
  readNames,
  rootOf,
  type PlannedInspection,
} from "./data-plan.ts";
import { readInspected } from "./data-records.ts";
import type { ReadingEvent } from "./events.ts";
import type { MergedInspection, MergeProgressEvent } from "./merge-events.ts";
import { partOf } from "./merged-part.ts";

/** The report of a data set for programs, as one line of JSON. */
export const reportFile = "report.json";

interface MergeInspectionOptions {
  readonly out: string;
  readonly plan: ShardPlan;
  /** The shards that are there. */
  readonly shards: readonly number[];
  readonly taken: { images: number };
  /** A .csv file to write the tags into. */
  readonly tagsTo: string | undefined;
  /** Called before the report is written. */
  readonly check: () => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes the report of one inspection without shards. The data set is listed once more; what its files show is taken from the shards,
 * and no image is opened.
 */
export async function* mergeInspection(
  host: FileHost,
  { out, plan, shards, taken, tagsTo, check, signal }: MergeInspectionOptions,
): AsyncGenerator<MergeProgressEvent | ReadingEvent, MergedInspection> {
  const { store } = host;
  const planned = plannedInspection(plan.facts);
  if (!planned) {
    throw new UserError(`${planFile(out)}: is damaged, it does not say what is inspected`);
  }
  const root = rootOf(store, out, planned);
  const listed = yield* readNames(host, root, planned, signal ? { signal } : {});
  checkSame(store, out, plan, planned, listed);
  const seen = new Array<LookedAt | undefined>(plan.items);
  const total = shards.reduce((sum, shard) => sum + shardItems(plan, shard), 0);
  for (const shard of shards) {
    const images = { first: shard * plan.shardSize, count: shardItems(plan, shard) };
    const records = readInspected(store, shardFolder(out, shard), images, root);
    for await (const { index, ...facts } of records) {
      signal?.throwIfAborted();
      seen[index] = facts;
      taken.images++;
    }
    yield { type: "progress", stage: "images", done: taken.images, total };
  }
  const looks = {
    headers: (index: number) => Promise.resolve(seen[index]?.headers),
    pixels: (index: number) => Promise.resolve(seen[index]?.pixels),
  };
  const { decode, seed } = planned;
  const warning = partOf(plan, shards.length, total, "inspected");
  const how = { decode, seed, tagsTo, signal, warning, lanes: 1 };
  const report: DatasetReport = await inspectListed(host, listed, looks, how);
  await check();
  const file = join(out, reportFile);
  await store.write([{ path: file, data: `${JSON.stringify(report)}\n` }]);
  return { report, file, ...(tagsTo !== undefined && { tagsTo }) };
}

/** A UserError if the data set is not the one that the tasks have looked at. */
function checkSame(
  store: Store,
  out: string,
  { settings, classes }: ShardPlan,
  planned: PlannedInspection,
  listed: ListedDataset,
): void {
  const now = inspectionSettings(store, out, listed, planned);
  const differing = differingSettings(
    { ...settings, classes },
    { ...now, classes: listed.classes },
  );
  if (differing.length === 0) return;
  throw new UserError(
    `${listed.root}: is not the data set that the tasks have inspected: ${differing.join("; ")}; begin the job again in an empty folder`,
    { code: "other-data" },
  );
}
