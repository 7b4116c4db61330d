import type { FinishedFile } from "../files/formats/finished-files.ts";
import { shardItems, type PlannedMasks, type ShardPlan } from "../files/shards/plan.ts";
import type { ShardImage } from "../files/shards/records.ts";

/** What is merged, and where. */
export interface MaskMerge {
  readonly out: string;
  readonly plan: ShardPlan;
  readonly masks: PlannedMasks;
  /** Numbers of the shards, in order. */
  readonly shards: readonly number[];
  /** A folder for temporary files. */
  readonly temporary: string;
  /** Most images of a format that is one file. */
  readonly mostInOneFile: number;
  /** Number of images whose files are linked so far. */
  readonly taken: { images: number };
  readonly signal: AbortSignal | undefined;
  /** Whether the folder has a `classes.json`, which is its last file then; true by default. */
  readonly hasClasses?: boolean;
}

/** Takes the record of an image; a UserError if it is damaged. @param folder of the shard */
export type TakesRecord = (folder: string, record: ShardImage) => void;

/** Number of images in the shards of a merge. */
export function imagesOf({ plan, shards }: Pick<MaskMerge, "plan" | "shards">): number {
  return shards.reduce((sum, shard) => sum + shardItems(plan, shard), 0);
}

/** The files of an image. Labels that the job kept for itself are hidden. */
export function filesOf({ files }: ShardImage): FinishedFile[] {
  return files.filter(({ path }) => !path.startsWith("."));
}
