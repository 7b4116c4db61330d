import type { MaskFolderOptions } from "../files/formats/mask-folder-options.ts";
import { MaskFolder } from "../files/formats/mask-folder.ts";
import { nameOutputs, type OutputName } from "../files/formats/output-names.ts";
import { pathOf, readItems, storedPath } from "../files/shards/item-list.ts";
import { openShardFolder, shardFolder, type PlannedMasks } from "../files/shards/plan.ts";
import type { ShardPlan } from "../files/shards/plan.ts";
import { join, relative } from "../files/text/path.ts";
import { counted } from "../files/text/units.ts";
import type { Host } from "../host/host.ts";
import type { Store } from "../host/store.ts";
import { UserError } from "../user-error.ts";
import type { JobOptions, StoppedEvent } from "./events.ts";
import { withoutMissing } from "./job-settings.ts";
import { inputHost } from "../files/inputs/input-host.ts";
import type { InputItem } from "../files/inputs/item.ts";
import type { MaskEvent, MaskItem, MaskJob, WriteMasksEvent } from "./masks.ts";
import { withPlaces } from "./item-places.ts";
import { canReadImages } from "./readable-elsewhere.ts";
import { runShards, type ShardEnd, type ShardEvent, type TaskDoneEvent, type TaskEvent } from "./run-shards.ts"; // prettier-ignore
import { checkThere, publishShard, takenOver, takeShard } from "./shard-folder.ts";
import type { ShardTask, WaitingEvent } from "./shard-plan.ts";

/** An image in the list of a plan: with the names of its results, which depend on all images. */
type PlannedItem<T> = T & { readonly output: OutputName };

/** Names the results of all images of a job; the names are got by the numbers of the images. */
export function nameItems(items: readonly MaskItem[]): (index: number) => OutputName {
  const names = nameOutputs(items.map(({ name, file }) => ({ name, source: file })));
  return (index) => names[index]!;
}

/** The images of a job as its plan lists them. @param inputCommand the command that gives images which are no files */
export function plannedItems<T extends InputItem>(
  store: Store,
  out: string,
  items: readonly T[],
  inputCommand: string | undefined,
): PlannedItem<T>[] {
  const nameOf = nameItems(items);
  const place = (path: string): string => storedPath(store, out, path);
  return items.map((item, i) => ({
    ...withPlaces(item, inputCommand, place),
    output: nameOf(i),
  }));
}

/** Options of a job that say how masks are written, as its plan stores them. */
export function plannedMasks(options: MaskFolderOptions): PlannedMasks {
  const { format, instances, imageUrl, shapes, layout, overlays, sheet } = options;
  return withoutMissing({ format, instances, imageUrl, shapes, layout, overlays, sheet });
}

/** A shard that a task begins to make. */
export interface OpenShard<T> extends Pick<MaskJob<MaskItem>, "folder" | "part"> {
  /** The host that reads the images where they are. */
  readonly host: Host;
  readonly items: readonly T[];
}

/** A task of a job that writes masks. */
export interface MaskTask {
  readonly out: string;
  readonly plan: ShardPlan;
  readonly task: ShardTask;
  /** Command that gives images which are no files. */
  readonly inputCommand?: string | undefined;
}

/** Events of a task: those of its shards, counted over the whole task. */
export type MaskShardsEvent =
  | Exclude<WriteMasksEvent, { readonly type: "part-done" | "done" | "stopped" | "sheet" }>
  | TaskEvent
  | ShardEvent
  | WaitingEvent
  | TaskDoneEvent
  | (StoppedEvent & { readonly out: string });

type MadeEvent = Exclude<MaskShardsEvent, { readonly type: "stopped" }>;

/**
 * Makes the shards of a task in a folder of masks.
 * @param write writes the masks of a shard, as the part of a job
 */
export async function* makeMaskShards<T extends InputItem>(
  machine: Host,
  { out, plan, task, inputCommand }: MaskTask,
  write: (shard: OpenShard<T>) => AsyncGenerator<WriteMasksEvent, void>,
  options: JobOptions = {},
): AsyncGenerator<MaskShardsEvent, void> {
  const { store } = machine;
  let [before, total] = [0, 0];
  const make = async function* (shard: number): AsyncGenerator<MadeEvent, ShardEnd> {
    const planned = (await readItems(store, out, plan, shard)) as PlannedItem<T>[];
    const place = (path: string): string => pathOf(out, path);
    const items = planned.map((item) => withPlaces(item, inputCommand, place));
    const host = inputHost(machine, items, { inputCommand, signal: options.signal });
    const first = shard * plan.shardSize;
    const nameOf = (index: number): OutputName => planned[index - first]!.output;
    if (inputCommand === undefined) {
      const files = items.map(({ file, at }) => at?.tar ?? file);
      await checkThere(store, files, shard);
    }
    const settings = { ...plan.settings, shard, list: plan.list?.checksums[shard] ?? null };
    const taken = await takeShard(store, out, shard, {
      open: (path) =>
        MaskFolder.create(host, path, plan.classes, {
          ...plan.masks,
          ...{ settings, always: true, nameOf },
        }),
      leave: (folder) => folder.stop(),
    });
    if ("end" in taken) return taken;
    const { folder } = taken;
    const failures: string[] = [];
    const part = { first, storedPath: (path: string) => storedPath(store, out, path) };
    try {
      for await (const event of write({ host, items, folder, part })) {
        switch (event.type) {
          case "image":
            yield { ...named(event, out, shard), index: before++, of: total };
            break;
          case "skipped":
            before++;
            failures.push(event.message);
            yield event;
            break;
          case "stopped":
            return { end: "stopped" };
        }
      }
    } catch (error) {
      return takenOver(error);
    }
    if (failures.length < items.length) return publishShard(store, out, shard);
    // Without this, the shard would count as complete wherever a decoder is missing, a login has expired or a server is down.
    const about = { out, plan, shard, inputCommand, signal: options.signal };
    if (!(await canReadImages(machine, about))) {
      await store.remove(openShardFolder(out, shard));
      throw unreadableHere(failures[0]!, items.length, shard, inputCommand);
    }
    return { ...(await publishShard(store, out, shard)), unused: failures[0]! };
  };
  const begin = (images: number): MadeEvent => {
    total = images;
    return { type: "started", of: total };
  };
  const isWhole = yield* runShards(machine, out, plan, task, make, { ...options, begin });
  if (!isWhole) yield { type: "stopped", done: before, total, out };
}

/** The error for a shard of which no image can be used, on a machine that can read no other of the job either. */
function unreadableHere(
  reason: string,
  images: number,
  shard: number,
  inputCommand: string | undefined,
): UserError {
  const count = `none of the ${counted(images, "image")} of shard ${shard}`;
  return new UserError(
    inputCommand === undefined
      ? `${reason}; ${count} can be used, and no other image of the job that was tried can be read here; the shard is not kept`
      : `${reason}; the command gives ${count}, which is not kept`,
    { code: "no-image" },
  );
}

/** An image with the paths that its files have once the shard has its name. */
function named(event: MaskEvent, out: string, shard: number): MaskEvent {
  const [from, to] = [openShardFolder(out, shard), shardFolder(out, shard)];
  const place = (path: string): string => join(to, relative(from, path));
  const { mask, overlay, thumbnail } = event;
  return {
    ...event,
    ...(mask !== undefined && { mask: place(mask) }),
    ...(overlay !== undefined && { overlay: place(overlay) }),
    ...(thumbnail && { thumbnail: { ...thumbnail, file: place(thumbnail.file) } }),
  };
}
