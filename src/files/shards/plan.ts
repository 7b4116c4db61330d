import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import type { MaskFolderOptions } from "../formats/mask-folder-options.ts";
import type { JobSettings } from "../formats/journal.ts";
import { parseJson } from "../text/parse-json.ts";
import { join } from "../text/path.ts";

/** Folder of the shards inside that of the results. */
export const shardsFolder = "shards";

const planName = "plan.json";

const version = 1;

/**
 * `shards/plan.json`: what all tasks of a job agree on. It is made once, by the first task; all others must have the same
 * settings, and take their images from it.
 */
export interface ShardPlan {
  readonly version: typeof version;
  /** The command: "label", "segment", … */
  readonly job: string;
  /** What the results depend on, besides the images. */
  readonly settings: JobSettings;
  /** How masks are written; undefined for jobs that write none. */
  readonly masks?: PlannedMasks;
  /** Foreground class names. */
  readonly classes: readonly string[];
  /** Number of images of all shards. */
  readonly items: number;
  /** Images of a shard; the last one may have fewer. */
  readonly shardSize: number;
  /** Number of tasks that the planning task knew of. Others may divide the shards differently. */
  readonly tasks: number;
  /**
   * Where the lines of each shard begin in `items.jsonl`, in bytes, with the end of the last one, and their checksums (CRC-32C).
   * Undefined if every task reads the source of the images itself.
   */
  readonly list?: { readonly offsets: readonly number[]; readonly checksums: readonly number[] };
  /** Facts that the planning task found out for all. */
  readonly facts?: unknown;
}

export type PlannedMasks = Pick<
  MaskFolderOptions,
  "format" | "instances" | "imageUrl" | "shapes" | "layout" | "overlays" | "sheet"
>;

/** Folder of a complete shard. */
export function shardFolder(out: string, shard: number): string {
  return join(out, shardsFolder, `shard-${shardNumber(shard)}`);
}

/** Folder of a shard that is being made. */
export function openShardFolder(out: string, shard: number): string {
  return join(out, shardsFolder, `.shard-${shardNumber(shard)}`);
}

/** Five digits sort like numbers as long as a job has at most 100,000 shards; more digits follow after that. */
function shardNumber(shard: number): string {
  return String(shard).padStart(5, "0");
}

export function planFile(out: string): string {
  return join(out, shardsFolder, planName);
}

/** Number of shards of a plan. */
export function shardCount({ items, shardSize }: Pick<ShardPlan, "items" | "shardSize">): number {
  return Math.ceil(items / shardSize);
}

/** Number of images of a shard. */
export function shardItems(
  { items, shardSize }: Pick<ShardPlan, "items" | "shardSize">,
  shard: number,
): number {
  return Math.min(shardSize, items - shard * shardSize);
}

/** The text of `plan.json`. */
export function planText(plan: Omit<ShardPlan, "version">): string {
  return `${JSON.stringify({ version, ...plan }, undefined, 2)}\n`;
}

/** Reads the plan of a folder; undefined if there is none, a UserError if it is not readable. */
export async function readPlan(store: Store, out: string): Promise<ShardPlan | undefined> {
  const path = planFile(out);
  if ((await store.stat(path))?.kind !== "file") return undefined;
  let plan: Partial<ShardPlan> | null;
  try {
    plan = parseJson(await store.readText(path)) as Partial<ShardPlan> | null;
  } catch (error) {
    if (error instanceof UserError) throw error;
    plan = null;
  }
  if (plan?.version !== undefined && plan.version !== version) {
    throw new UserError(
      `${path}: is of version ${plan.version}, this tag2mask reads version ${version}; use the one that began the job`,
      { code: "plan-version" },
    );
  }
  if (!isPlan(plan))
    throw new UserError(`${path}: is damaged; begin the job again in an empty folder`);
  return plan;
}

function isPlan(plan: Partial<ShardPlan> | null): plan is ShardPlan {
  const { job, settings, classes, items, shardSize, tasks, list } = plan ?? {};
  const areCounts = [items, shardSize, tasks].every(
    (count) => Number.isSafeInteger(count) && count! > 0,
  );
  if (!areCounts || typeof job !== "string") return false;
  if (typeof settings !== "object" || settings === null || !Array.isArray(classes)) return false;
  if (list === undefined) return true;
  const shards = shardCount({ items: items!, shardSize: shardSize! });
  const areNumbers = (values: unknown, length: number): boolean =>
    Array.isArray(values) && values.length === length && values.every(Number.isSafeInteger);
  return areNumbers(list?.offsets, shards + 1) && areNumbers(list?.checksums, shards);
}

/** Numbers of the shards that are not complete, in order. */
export async function missingShards(
  store: Store,
  out: string,
  plan: ShardPlan,
): Promise<readonly number[]> {
  const { folders } = await store.list(join(out, shardsFolder), { sorted: false });
  const complete = new Set(folders);
  const numbers = Array.from({ length: shardCount(plan) }, (_, shard) => shard);
  return numbers.filter((shard) => !complete.has(`shard-${shardNumber(shard)}`));
}
