import { listNames } from "../files/text/list-names.ts";
import { ranges } from "../files/text/ranges.ts";

/** The warning on shards none of whose images could be used: a machine that cannot read their kind leaves the same. */
export function unusedShards(out: string, shards: readonly number[], images?: number): string {
  const isOne = shards.length === 1;
  const count = images === undefined ? "" : `${images} `;
  return (
    `warning: none of the ${count}images of ${isOne ? "shard" : "shards"} ${listNames(ranges(shards))} could be used; if they ` +
    `are good, remove ${isOne ? "its folder" : "their folders"} in ${out}/shards and make ${isOne ? "it" : "them"} again`
  );
}
