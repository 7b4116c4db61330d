import { shardCount, type ShardPlan } from "../files/shards/plan.ts";
import { counted } from "../files/text/units.ts";

/** Says that a result is not of all images; undefined if it is. @param done what was done with them: "measured" */
export function partOf(
  plan: ShardPlan,
  shards: number,
  images: number,
  done: string,
): string | undefined {
  const of = shardCount(plan);
  const missing = of - shards;
  if (missing === 0) return undefined;
  return (
    `only a part is ${done}: ${images} of ${counted(plan.items, "image")}; ` +
    `${missing} of ${counted(of, "shard")} ${missing === 1 ? "is" : "are"} missing`
  );
}
