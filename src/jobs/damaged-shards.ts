import { shardCount, shardFolder, shardsFolder, type ShardPlan } from "../files/shards/plan.ts";
import { damageIn, isDamage } from "../files/shards/records.ts";
import { listNames } from "../files/text/list-names.ts";
import { basename, join } from "../files/text/path.ts";
import { ranges } from "../files/text/ranges.ts";
import { counted } from "../files/text/units.ts";
import { UserError } from "../user-error.ts";
import type { DamagedShardsEvent } from "./merge-events.ts";
import { mostRanges } from "./run-shards.ts";

/** Most shards whose damage a message tells. */
const mostReasons = 5;

/** Damaged shards of a job: all are found before they are told, so that their tasks can be run again together. */
export class DamagedShards {
  private readonly found = new Map<number, UserError>();

  constructor(
    private readonly out: string,
    private readonly plan: ShardPlan,
  ) {}

  /** Notes a shard for its error; all other errors are thrown on. */
  add(shard: number, error: unknown): void {
    if (!isDamage(error)) throw error;
    this.found.set(shard, error);
  }

  /** Notes the shard that an error names; false if it is none of this kind, or told already. */
  addNamed(error: unknown, shards: readonly number[]): boolean {
    if (!isDamage(error) || error.remedies.length > 0) return false;
    const shard = shards.find((one) => error.message.startsWith(`${shardFolder(this.out, one)}: `));
    if (shard !== undefined) this.found.set(shard, error);
    return shard !== undefined;
  }

  /** Tells the damaged shards, with a UserError; nothing if there are none. */
  *tell(): Generator<DamagedShardsEvent, void> {
    const { plan, found } = this;
    if (found.size === 0) return;
    const { tasks: ofTasks } = plan;
    const shards = [...found.keys()].sort((a, b) => a - b);
    const tasks = [...new Set(shards.map((shard) => shard % ofTasks))].sort((a, b) => a - b);
    const of = shardCount(plan);
    yield { type: "damaged", shards, of, tasks, ofTasks };
    const [first] = found.values();
    const message = found.size === 1 ? first!.message : this.inWords(shards, of);
    const again = { kind: "tasks", tasks, of: ofTasks } as const;
    throw new UserError(message, { cause: first, code: first!.code, remedies: [again] });
  }

  private inWords(shards: readonly number[], of: number): string {
    const { out, found } = this;
    const reasons = shards.slice(0, mostReasons).map((shard) => {
      const folder = shardFolder(out, shard);
      return `${basename(folder)}: ${damageIn(found.get(shard)!, folder)}`;
    });
    const more = shards.length > mostReasons ? `; and ${shards.length - mostReasons} more` : "";
    return (
      `${join(out, shardsFolder)}: ${shards.length} of ${counted(of, "shard")} are damaged: ` +
      `${listNames(ranges(shards), mostRanges)}; ${reasons.join("; ")}${more}; ` +
      "remove these folders and make the shards again"
    );
  }
}
