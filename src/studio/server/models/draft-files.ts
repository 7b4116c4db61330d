import { appendFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../../../host/store.ts";
import type { TagMaskSource } from "../../../method/inference/label-source.ts";
import type { Thresholds } from "../../../method/labels/index.ts";
import type { Model } from "../../protocol.ts";

/** How masks of tagged images are drafted where a person asked for it: pseudo labels of these thresholds, unknown (255) in between. */
export type DraftMethod = NonNullable<Model["method"]>;

/** What is known of a draft, as a line of `facts.jsonl`. */
export interface DraftFacts {
  readonly name: string;
  /** Names of the classes that it was made with, in order; null where they were not known. */
  readonly tags: readonly string[] | null;
  /** Size and time of change of the image. */
  readonly stamp: string;
  readonly confidence: number;
  /** Names of the tags that no pixel shows. */
  readonly missing: readonly string[];
  /** How it was made where a person asked for it. */
  readonly method?: DraftMethod;
}

/** What is known of all drafts of a model, in `about.json`. */
export interface AboutDrafts {
  /** Stamp of the model: drafts of other weights count for nothing. */
  readonly stamp: string;
  /** Its classes, in the order of the labels. */
  readonly classes: readonly string[];
  readonly from: TagMaskSource;
  readonly reason: string;
  /** What a person asked for in place of `from`. */
  readonly method?: DraftMethod;
  /** Whether a person stopped them. */
  readonly isStopped?: boolean;
}

export const draftFiles = {
  about: "about.json",
  facts: "facts.jsonl",
  items: "items.jsonl",
} as const;

/** File name of a draft, whose content is that of `encodeMask`. */
export function draftFile(name: string): string {
  return `${name}.mask`;
}

export async function imageStamp(file: string): Promise<string> {
  const { size, mtimeMs } = await stat(file);
  return `${size} ${mtimeMs}`;
}

/** A number for what a draft was made with; drafts with the same one need not be made again. */
export function draftKey({
  tags,
  stamp,
  method,
}: Pick<DraftFacts, "tags" | "stamp" | "method">): number {
  const made = `${tags === null ? "?" : [...tags].sort().join("\n")}\0${stamp}`;
  const text = method ? `${made}\0${methodKey(method)}` : made;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0 || 1;
}

/** Tells methods apart; empty where the branch that fits the tags is taken. */
export function methodKey(method: DraftMethod | undefined): string {
  return method ? `${method.from} ${method.low} ${method.high}` : "";
}

/** How a model is asked for drafts: its branch, and thresholds where they are given. */
export function labeling({ from, method }: Pick<AboutDrafts, "from" | "method">): {
  readonly from: TagMaskSource;
  readonly thresholds?: Thresholds;
} {
  return method
    ? { from: method.from, thresholds: { low: method.low, high: method.high } }
    : { from };
}

/** The facts of a line; undefined for one that was cut short. */
export function parseFacts(line: string): DraftFacts | undefined {
  try {
    const facts = JSON.parse(line) as Partial<DraftFacts> | null;
    const isWhole =
      typeof facts?.name === "string" &&
      typeof facts.stamp === "string" &&
      typeof facts.confidence === "number" &&
      (facts.tags === null || Array.isArray(facts.tags)) &&
      Array.isArray(facts.missing);
    return isWhole ? (facts as DraftFacts) : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a draft, and then its line of the facts. @param mask as `encodeMask` has it */
export async function writeDraft(
  store: Store,
  folder: string,
  facts: DraftFacts,
  mask: Uint8Array,
): Promise<void> {
  const path = join(folder, draftFile(facts.name));
  await store.write([{ path, data: mask }], { durable: false });
  await appendFile(join(folder, draftFiles.facts), `${JSON.stringify(facts)}\n`);
}
