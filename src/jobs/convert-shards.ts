import { isSingleFile } from "../files/formats/output-place.ts";
import { MaskFolder } from "../files/formats/mask-folder.ts";
import { unannotatedCode } from "../files/formats/unannotated.ts";
import { storedPath } from "../files/shards/item-list.ts";
import { shardItems, type ShardPlan } from "../files/shards/plan.ts";
import type { ShardSkip } from "../files/shards/records.ts";
import { storedText, type StoredText } from "../files/shards/stored-text.ts";
import { writeRecords } from "../files/shards/write-records.ts";
import { dirname } from "../files/text/path.ts";
import type { Host } from "../host/host.ts";
import type { Store } from "../host/store.ts";
import { UserError } from "../user-error.ts";
import type { PlannedConversion } from "./conversion-totals.ts";
import { convertEach } from "./convert-each.ts";
import type { ConvertEvent, ConvertJob } from "./convert-job.ts";
import { dependencies, openConversion, writingOptions } from "./convert-source.ts";
import type { OpenConversion } from "./convert-source.ts";
import type { JobOptions, ProgressEvent, SkippedEvent } from "./events.ts";
import { contentSetting, itemsSetting, withoutMissing } from "./job-settings.ts";
import { plannedMasks } from "./mask-shards.ts";
import { runShards, type ShardEnd } from "./run-shards.ts";
import { alreadyFound, openPlan, type ShardTask } from "./shard-plan.ts";
import { publishShard, takenOver, takeShard } from "./shard-folder.ts";

/** Makes the shards of a task. Every task opens the masks itself, and all must find the same ones. */
export async function* convertShards(
  host: Host,
  job: ConvertJob,
  task: ShardTask,
  options: JobOptions,
): AsyncGenerator<ConvertEvent, void> {
  const { out, to } = job;
  const how = writingOptions(job);
  if (isSingleFile(out, to)) {
    throw new UserError(
      `${out}: several tasks write into a folder of shards, not into a file; name a folder`,
      { code: "usage", remedies: [{ kind: "option", name: "out", instead: true }] },
    );
  }
  const conversion = await openConversion(host, job);
  try {
    const { source } = conversion;
    const settings = await settingsOf(host.store, job, conversion);
    const wanted = { job: "convert", settings, classes: source.classes, masks: plannedMasks(how) };
    const find = () =>
      alreadyFound({
        count: source.entries.length,
        facts: plannedFacts(host.store, job, conversion),
      });
    const plan = yield* openPlan(host, out, task, wanted, find, options);
    if (plan) yield* makeShards(host, job, { plan, task, conversion }, options);
    else yield { type: "stopped", done: 0, total: 0, out };
  } finally {
    await conversion.source.close();
  }
}

/** What the merge is to know of the source. */
function plannedFacts(
  store: Store,
  { out, masks, images, classes }: ConvertJob,
  { source, notes, opened }: OpenConversion,
): PlannedConversion {
  const paths = [masks, dirname(masks), images, classes].filter((path) => path !== undefined);
  const stored = (text: string): StoredText =>
    storedText(text, paths, (path) => storedPath(store, out, path));
  const hasImages = images !== undefined;
  return { masks: stored(masks), from: source.format, hasImages, notes: notes.map(stored), opened };
}

/** What all tasks must agree on. Copies of the masks on other machines are the same; the time of their change is none of it. */
async function settingsOf(
  store: Store,
  job: ConvertJob,
  { source }: OpenConversion,
): Promise<Readonly<Record<string, unknown>>> {
  const { out, masks, images } = job;
  const place = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : storedPath(store, out, path);
  const isFile = (await store.stat(masks))?.kind === "file";
  return withoutMissing({
    ...dependencies(job, source),
    masks: place(masks),
    content: isFile ? await contentSetting(store, masks) : undefined,
    imageFolder: place(images),
    entries: itemsSetting(
      source.entries.map(({ name, fileName, image }) => [name, fileName, place(image)]),
    ),
  });
}

interface Shards {
  readonly plan: ShardPlan;
  readonly task: ShardTask;
  readonly conversion: OpenConversion;
}

/** Makes the shards that are not complete, with the number of masks done in all of them. */
async function* makeShards(
  host: Host,
  job: ConvertJob,
  { plan, task, conversion }: Shards,
  options: JobOptions,
): AsyncGenerator<ConvertEvent, void> {
  const { out } = job;
  let [done, total] = [0, 0];
  const make = async function* (
    shard: number,
  ): AsyncGenerator<ProgressEvent | SkippedEvent, ShardEnd> {
    const taken = await takeShard(host.store, out, shard, {
      open: (path) =>
        MaskFolder.create(host, path, plan.classes, {
          ...plan.masks,
          settings: { ...plan.settings, shard },
          nameOf: (index) => conversion.names[index]!,
          always: true,
        }),
      leave: (folder) => folder.stop(),
    });
    if ("end" in taken) return taken;
    const { folder } = taken;
    const skips: ShardSkip[] = [];
    try {
      for await (const event of makeShard(
        host,
        job,
        { plan, shard, conversion, folder, skips },
        options,
      )) {
        // prettier-ignore
        if (event === "stopped") return { end: "stopped" };
        done++;
        yield event ?? { type: "progress", done, total };
      }
    } catch (error) {
      return takenOver(error);
    }
    const unused = skips.length === shardItems(plan, shard) ? firstProblem(skips) : undefined;
    const end = await publishShard(host.store, out, shard);
    return { ...end, ...(unused !== undefined && { unused }) };
  };
  const begin = (images: number): ConvertEvent => {
    total = images;
    return { type: "started", of: total, finished: 0, rereads: false };
  };
  const isWhole = yield* runShards<ConvertEvent>(host, out, plan, task, make, {
    ...options,
    begin,
  });
  if (!isWhole) yield { type: "stopped", done, total, out };
}

/** Why the first mask was left out that was not to be; undefined if there is none. */
function firstProblem(skips: readonly ShardSkip[]): string | undefined {
  return skips.find(({ code }) => code !== unannotatedCode)?.error;
}

/** Converts the masks of a shard. Yields undefined for each one that is written. */
async function* makeShard(
  host: Host,
  { strict = false }: ConvertJob,
  {
    plan,
    shard,
    conversion,
    folder,
    skips,
  }: Omit<Shards, "task"> & {
    readonly shard: number;
    readonly folder: MaskFolder;
    /** Receives the masks that are left out. */
    readonly skips: ShardSkip[];
  },
  options: JobOptions,
): AsyncGenerator<SkippedEvent | undefined | "stopped", void> {
  const first = shard * plan.shardSize;
  const end = first + shardItems(plan, shard);
  let done = 0;
  let isSettled = false;
  try {
    const part = { folder, first, end, strict };
    for await (const event of convertEach(host, conversion, part, options)) {
      done++;
      if (event.type === "converted") {
        yield undefined;
        continue;
      }
      const { type, file, message, index, code } = event;
      skips.push({ index, error: message, code });
      yield { type, file, message };
    }
    if (first + done < end) {
      await folder.stop();
      isSettled = true;
      yield "stopped";
      return;
    }
    await folder.finish();
    await folder.complete([await writeRecords(host.store, folder, skips, (facts) => facts)]);
    isSettled = true;
  } catch (error) {
    if (!isSettled) await folder.stopAfterFailure();
    isSettled = true;
    throw error;
  } finally {
    // The consumer leaves.
    if (!isSettled) await folder.stop();
  }
}
