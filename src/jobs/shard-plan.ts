import type { JobSettings } from "../files/formats/journal.ts";
import { differingSettings } from "../files/formats/journal.ts";
import { fileListName } from "../files/formats/older-files.ts";
import { checkFormatOptions } from "../files/formats/mask-folder-options.ts";
import { isSingleFile } from "../files/formats/output-place.ts";
import { writeItems } from "../files/shards/item-list.ts";
import { markedResult } from "../files/shards/merge-mark.ts";
import {
  planFile,
  planText,
  readPlan,
  shardsFolder,
  type PlannedMasks,
  type ShardPlan,
} from "../files/shards/plan.ts";
import { classesName } from "../files/shards/shard-files.ts";
import { isFolder } from "../files/text/folders.ts";
import { dirname, join } from "../files/text/path.ts";
import { counted, occupants } from "../files/text/units.ts";
import type { Host } from "../host/host.ts";
import type { Lock } from "../host/store.ts";
import { UserError } from "../user-error.ts";
import type { JobOptions } from "./events.ts";
import { vocTree } from "./predict-test-set.ts";

/** How a job is divided: into shards of so many images, of which a task makes every `tasks`-th, beginning with its own number. */
export interface ShardTask {
  readonly shardSize: number;
  /** Number of this task, from 0. */
  readonly task: number;
  readonly tasks: number;
}

/** What another process does is waited for. */
export interface WaitingEvent {
  readonly type: "waiting";
  /** What for, and who does it. */
  readonly message: string;
}

/** What all tasks of a job must agree on. */
export interface WantedPlan {
  readonly job: string;
  readonly settings: JobSettings;
  readonly classes: readonly string[];
  readonly masks?: PlannedMasks;
}

/** What the first task finds out for all. */
export interface PlannedItems {
  /** Number of images. */
  readonly count: number;
  /** The images, unless every task reads their source itself. */
  readonly items?: readonly unknown[];
  readonly facts?: unknown;
}

/** What `openPlan` takes of a job whose images every task finds itself, before there is a plan. */
// eslint-disable-next-line require-yield
export async function* alreadyFound(items: PlannedItems): AsyncGenerator<never, PlannedItems> {
  return items;
}

/** Seconds between two looks at what another process does. */
export const waitSeconds = 2;

/**
 * The plan of a job: the one that is there, which must be for the same job, or a new one. One process makes it, and all others wait
 * for that. Undefined if the signal was aborted.
 * @param find finds the images, while this process alone makes the plan
 */
export async function* openPlan<E>(
  { store, machine }: Pick<Host, "store" | "machine">,
  out: string,
  { shardSize, tasks }: ShardTask,
  wanted: WantedPlan,
  find: () => AsyncGenerator<E, PlannedItems | undefined>,
  { signal }: JobOptions = {},
): AsyncGenerator<E | WaitingEvent, ShardPlan | undefined> {
  if (wanted.masks) checkMasks(out, wanted.masks);
  const folder = join(out, shardsFolder);
  for (let isTold = false; signal?.aborted !== true;) {
    const known = await readPlan(store, out);
    if (known) {
      checkPlan(out, known, { ...wanted, shardSize });
      if ((await markedResult(store, out)) !== undefined) {
        throw new UserError(`${out}: is merged already, and its shards are being removed`, {
          code: "merged",
          remedies: [{ kind: "job", name: "merge", argument: out, purpose: "ends the removal" }],
        });
      }
      return known;
    }
    const topmost = await store.makeFolder(folder);
    const lock = await lockOrOwner(store.lock(folder, { place: out, work: "writing" }));
    if (typeof lock === "string") {
      if (!isTold) yield { type: "waiting", message: `for the plan: ${lock}` };
      isTold = true;
      await machine.wait(waitSeconds);
      continue;
    }
    let isMade = false;
    try {
      // Another process may have made it just before.
      isMade = (await readPlan(store, out)) !== undefined;
      if (isMade) continue;
      await checkVacant(store, out);
      const found = yield* find();
      if (!found) return undefined;
      const { items, count, facts } = found;
      const list = items && (await writeItems(store, out, items, shardSize));
      const data = planText({ ...wanted, items: count, shardSize, tasks, ...(list && { list }), facts }); // prettier-ignore
      await lock.check();
      await store.write([{ path: planFile(out), data }]);
      isMade = true;
    } finally {
      await lock.release();
      if (!isMade && topmost !== undefined) {
        const top = dirname(store.absolute(topmost));
        await store.removeEmptyFolders(folder, top).catch(() => undefined);
      }
    }
  }
  return undefined;
}

/** A UserError for a way to write masks that must not get into a plan. */
function checkMasks(out: string, masks: PlannedMasks): void {
  const { format: formats = ["voc"] } = masks;
  checkFormatOptions(out, formats, masks);
  if (!isSingleFile(out, formats)) return;
  throw new UserError(`${out}: names a file, but shards are made and merged in a folder`, {
    code: "usage",
    remedies: [{ kind: "option", name: "out", value: "<folder>" }],
  });
}

/** A lock, or the sentence on who has it. */
async function lockOrOwner(taking: Promise<Lock>): Promise<Lock | string> {
  try {
    return await taking;
  } catch (error) {
    if (error instanceof UserError && error.code === "locked") return error.message;
    throw error;
  }
}

/** A UserError if the folder holds results, or shards of a job whose plan is lost: nobody knows what they were made with. */
async function checkVacant(store: Host["store"], out: string): Promise<void> {
  const { files, folders } = await store.list(out, { hidden: true });
  const inside = await store.list(join(out, shardsFolder), { hidden: true });
  if (inside.folders.length > 0) {
    const shards = counted(inside.folders.length, "shard");
    throw new UserError(
      `${join(out, shardsFolder)}: has ${shards} of a job whose plan, ${planFile(out)}, is gone`,
      { code: "not-empty", remedies: [{ kind: "empty-folder" }] },
    );
  }
  const others = [...folders, ...files].filter((name) => name !== shardsFolder);
  if (others.length === 0) return;
  const isOfMasks = files.includes(classesName) || (await isFolder(store, join(out, vocTree)));
  if (isOfMasks && files.includes(fileListName)) {
    throw new UserError(
      `${out}: is complete already, and has no shards: if it was merged, nothing is left to do`,
      { code: "not-empty", remedies: [{ kind: "empty-folder" }] },
    );
  }
  throw new UserError(`${out}: has ${occupants(others.length)} already`, {
    code: "not-empty",
    remedies: [{ kind: "empty-folder" }],
  });
}

/** A UserError if a plan is that of another job. */
function checkPlan(
  out: string,
  plan: ShardPlan,
  { job, settings, classes, shardSize }: WantedPlan & Pick<ShardPlan, "shardSize">,
): void {
  const values = (
    of: Pick<ShardPlan, "job" | "settings" | "classes" | "shardSize">,
  ): JobSettings => ({
    ...{ job: of.job, ...of.settings, classes: of.classes, shardSize: of.shardSize },
  });
  const now = values({ job, settings, classes, shardSize });
  const differing = differingSettings(values(plan), now);
  if (differing.length === 0) return;
  const isPath = differing.some((text) => /^(images|data) was /.test(text));
  throw new UserError(
    `${planFile(out)}: is the plan of another job: ${differing.join("; ")}${isPath ? ` (paths as seen from ${out})` : ""}; ` +
      "all tasks must have the same settings",
    { code: "other-plan", remedies: [{ kind: "option", name: "out", instead: true }] },
  );
}
