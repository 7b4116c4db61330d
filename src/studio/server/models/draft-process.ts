import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DeviceName } from "../../../host/devices.ts";
import { nodeHost } from "../../../host/node/host.ts";
import { draftMasks, type DraftItem } from "../../../jobs/draft-masks.ts";
import type { JobOptions } from "../../../jobs/events.ts";
import type { TagMaskSource } from "../../../method/inference/label-source.ts";
import { encodeMask } from "../../patches.ts";
import { answerJob } from "../answer-job.ts";
import {
  draftFiles,
  draftKey,
  imageStamp,
  labeling,
  parseFacts,
  writeDraft,
} from "./draft-files.ts";
import type { DraftFacts, DraftMethod } from "./draft-files.ts";

export interface DraftRequest {
  /** Folder of the drafts, with the list of images. */
  readonly folder: string;
  readonly model: string;
  readonly device: DeviceName;
  readonly from: TagMaskSource;
  readonly method?: DraftMethod;
}

export type DraftProgress =
  | { readonly type: "draft"; readonly facts: DraftFacts }
  /** Images that had a draft already, or of which none can be made. */
  | { readonly type: "passed"; readonly images: number };

interface StampedItem extends DraftItem {
  readonly stamp: string;
}

/** Makes the drafts that are missing, each a file and a line of the facts. */
async function* makeDrafts(
  { folder, model, device, from: chosen, method }: DraftRequest,
  options: JobOptions,
): AsyncGenerator<DraftProgress, void> {
  const made = new Map<string, number>();
  const facts = join(folder, draftFiles.facts);
  for (const line of await linesOf(facts)) {
    const one = parseFacts(line);
    if (one) made.set(one.name, draftKey(one));
  }
  const asked = method && { method };
  const isMade = ({ name, tags }: DraftItem, stamp: string): boolean =>
    made.get(name) === draftKey({ tags, stamp, ...asked });
  const items: StampedItem[] = [];
  let passed = 0;
  for (const line of await linesOf(join(folder, draftFiles.items))) {
    const item = JSON.parse(line) as DraftItem;
    const stamp = await imageStamp(item.file).catch(() => undefined);
    if (stamp === undefined || isMade(item, stamp)) passed++;
    else items.push({ ...item, stamp });
  }
  made.clear();
  yield { type: "passed", images: passed };
  if (items.length === 0) return;
  // A line that was cut short must not take the next one with it.
  await appendFile(facts, "\n");
  const { from, thresholds } = labeling({ from: chosen, ...asked });
  const job = {
    ...{ items, model, device, from },
    ...(thresholds && { lowThreshold: thresholds.low, highThreshold: thresholds.high }),
  };
  for await (const event of draftMasks(nodeHost, job, options)) {
    if (event.type === "skipped") yield { type: "passed", images: 1 };
    if (event.type !== "draft") continue;
    const { item, labels, confidence, missing } = event;
    const { name, tags, stamp } = item;
    const told = { name, tags, stamp, confidence, missing, ...asked };
    await writeDraft(nodeHost.store, folder, told, encodeMask(labels));
    yield { type: "draft", facts: told };
  }
}

async function linesOf(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}

answerJob(makeDrafts);
