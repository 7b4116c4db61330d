import { missingShards, shardCount, shardFolder, shardItems } from "../files/shards/plan.ts";
import type { ShardPlan } from "../files/shards/plan.ts";
import { isFolder } from "../files/text/folders.ts";
import type { Host } from "../host/host.ts";
import { listNames } from "../files/text/list-names.ts";
import { ranges } from "../files/text/ranges.ts";
import { UserError } from "../user-error.ts";
import type { JobOptions } from "./events.ts";
import { waitSeconds, type ShardTask, type WaitingEvent } from "./shard-plan.ts";

/** A task begins. */
export interface TaskEvent {
  readonly type: "task";
  readonly task: number;
  readonly tasks: number;
  /** Shards of the whole job. */
  readonly of: number;
  /** Number of shards of this task, and how many of them are complete. */
  readonly shards: number;
  readonly complete: number;
  /** Images in the shards that it has yet to make. */
  readonly images: number;
}

/** A shard is complete. */
export interface ShardEvent {
  readonly type: "shard";
  readonly shard: number;
  readonly folder: string;
  /** Why its first image could not be used, if none of them could. */
  readonly unused?: string;
}

/** All shards of a task are complete. */
export interface TaskDoneEvent {
  readonly type: "task-done";
  readonly out: string;
  readonly task: number;
  readonly tasks: number;
  /** Number of its shards. */
  readonly shards: number;
  /** Number of shards of the whole job that are not complete. */
  readonly missing: number;
  /** Those that were made now of which no image could be used, and the number of their images. */
  readonly unused: { readonly shards: readonly number[]; readonly images: number };
}

/** How the making of a shard ends: `held` if another process makes it, `incomplete` if it lacks images that it must have. */
export interface ShardEnd {
  readonly end: "complete" | "stopped" | "held" | "incomplete";
  /** Who makes it. */
  readonly owner?: string;
  /** Why its first image could not be used, if none of them could. */
  readonly unused?: string;
}

export interface RunShardsOptions<E> extends JobOptions {
  /** The event with which work on so many images begins. */
  readonly begin?: (images: number) => E;
  /** The error for shards that stay incomplete; it is thrown once the others are made. */
  readonly incomplete?: (shards: readonly number[]) => Error;
}

/**
 * Makes the shards of a task, one after the other. Those that another process makes come last: they are waited for, and made here if
 * that process ends without completing them. Returns false if the signal was aborted.
 */
export async function* runShards<E>(
  { store, machine }: Pick<Host, "store" | "machine">,
  out: string,
  plan: ShardPlan,
  { task, tasks }: Pick<ShardTask, "task" | "tasks">,
  make: (shard: number) => AsyncGenerator<E, ShardEnd>,
  { signal, begin, incomplete = lacking }: RunShardsOptions<E> = {},
): AsyncGenerator<E | TaskEvent | ShardEvent | WaitingEvent | TaskDoneEvent, boolean> {
  const of = shardCount(plan);
  const own = (numbers: readonly number[]): number[] => numbers.filter((k) => k % tasks === task);
  const shards = own(Array.from({ length: of }, (_, shard) => shard)).length;
  let open = own(await missingShards(store, out, plan));
  const images = open.reduce((sum, shard) => sum + shardItems(plan, shard), 0);
  yield { ...{ type: "task", task, tasks, of, shards }, complete: shards - open.length, images };
  if (begin) yield begin(images);
  const told = new Set<number>();
  const unfinished: number[] = [];
  const withoutUse: number[] = [];
  while (open.length > 0) {
    const held: number[] = [];
    for (const shard of open) {
      if (signal?.aborted) return false;
      const folder = shardFolder(out, shard);
      let owner: string | undefined;
      let unused: string | undefined;
      if (!(await isFolder(store, folder))) {
        const made = yield* make(shard);
        if (made.end === "stopped") return false;
        if (made.end === "incomplete") {
          unfinished.push(shard);
          continue;
        }
        unused = made.unused;
        if (unused !== undefined) withoutUse.push(shard);
        if (made.end === "held") {
          held.push(shard);
          owner = made.owner;
        }
      }
      if (owner === undefined) {
        yield { type: "shard", shard, folder, ...(unused !== undefined && { unused }) };
      } else if (held.length === open.length && !told.has(shard)) {
        // Once, as the sentence on the owner changes with every look at it.
        told.add(shard);
        yield { type: "waiting", message: `for shard ${shard}: ${owner}` };
      }
    }
    if (held.length === open.length) await machine.wait(waitSeconds);
    open = held;
  }
  if (unfinished.length > 0) throw incomplete(unfinished);
  const missing = (await missingShards(store, out, plan)).length;
  const ofThem = withoutUse.reduce((sum, shard) => sum + shardItems(plan, shard), 0);
  const unused = { shards: withoutUse, images: ofThem };
  yield { type: "task-done", out, task, tasks, shards, missing, unused };
  return true;
}

function lacking(shards: readonly number[]): UserError {
  return new UserError(`${shardsInWords(shards)} not complete; start the task again`, {
    code: "incomplete-shards",
  });
}

/** Shards as the beginning of a sentence on them: "shards 1, 4-6 are". */
export function shardsInWords(shards: readonly number[]): string {
  const numbers = listNames(ranges(shards), mostRanges);
  return shards.length === 1 ? `shard ${numbers} is` : `shards ${numbers} are`;
}

/** Most ranges of shards that a message names. */
export const mostRanges = 12;
