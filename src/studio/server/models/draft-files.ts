import { appendFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "../../../host/store.ts";

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
}

/** What is known of all drafts of a model, in `about.json`. */
export interface AboutDrafts {
  /** Stamp of the model: drafts of other weights count for nothing. */
  readonly stamp: string;
  /** Its classes, in the order of the labels. */
  readonly classes: readonly string[];
  readonly from: "segmentation" | "affinity" | "cam";
  readonly reason: string;
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
export function draftKey(tags: readonly string[] | null, stamp: string): number {
  const text = `${tags === null ? "?" : [...tags].sort().join("\n")}\0${stamp}`;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0 || 1;
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
