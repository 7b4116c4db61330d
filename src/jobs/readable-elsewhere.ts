import { inputHost } from "../files/inputs/input-host.ts";
import type { InputItem } from "../files/inputs/item.ts";
import { pathOf, readItems } from "../files/shards/item-list.ts";
import { shardCount, type ShardPlan } from "../files/shards/plan.ts";
import type { Host } from "../host/host.ts";
import { UserError } from "../user-error.ts";
import { withPlaces } from "./item-places.ts";

/** Most images that are tried, of the shard and of others. */
const mostTried = 8;

/** A shard of images, and how its images are read. */
export interface ReadShard {
  readonly out: string;
  readonly plan: ShardPlan;
  readonly shard: number;
  readonly inputCommand?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether this machine can read an image of the job at all, tried with some of a shard and with the first ones of shards all over the
 * job. If so, a shard of which no image could be used has broken images, and is not the work of a machine that cannot read any.
 */
export async function canReadImages(
  machine: Host,
  { out, plan, shard, inputCommand, signal }: ReadShard,
): Promise<boolean> {
  const itemsOf = async (number: number): Promise<readonly InputItem[]> =>
    (await readItems(machine.store, out, plan, number)) as InputItem[];
  const canRead = async (stored: InputItem): Promise<boolean> => {
    const item = withPlaces(stored, inputCommand, (path) => pathOf(out, path));
    const { codec } = inputHost(machine, [item], { inputCommand, signal });
    try {
      await codec.decode(item.file);
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof UserError || error instanceof RangeError) return false;
      throw error;
    }
  };
  const own = await itemsOf(shard);
  for (const i of spread(own.length)) if (await canRead(own[i]!)) return true;
  for (const other of spread(shardCount(plan))) {
    if (other !== shard && (await canRead((await itemsOf(other))[0]!))) return true;
  }
  return false;
}

/** A few of the numbers below `count`, all over them. */
function spread(count: number): readonly number[] {
  return [
    ...new Set(Array.from({ length: mostTried }, (_, i) => Math.floor((i * count) / mostTried))),
  ];
}
