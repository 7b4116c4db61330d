import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { parseCommand } from "../inputs/command.ts";
import { parseJson } from "../text/parse-json.ts";
import { join } from "../text/path.ts";
import { isFinishedFile, readJsonLines, type FinishedFile } from "./finished-files.ts";

/** An image whose files are complete: a line of the journal. */
export interface FinishedImage {
  /** Number of the image among those of the job, from 0. */
  readonly index: number;
  /** Name of its files, without ending. */
  readonly name: string;
  readonly files: readonly FinishedFile[];
  /** Facts that the job needs about the image at its end. */
  readonly facts: unknown;
}

/** Settings that the results of a job depend on, by name: values that JSON can hold. */
export type JobSettings = Readonly<Record<string, unknown>>;

/** The settings in which two jobs differ, with both values. */
export function differingSettings(before: JobSettings, now: JobSettings): string[] {
  const text = (value: unknown): string => {
    const json = JSON.stringify(value ?? null);
    return json.length > 100 ? `${json.slice(0, 100)}…` : json;
  };
  const valueOf = (settings: JobSettings, name: string): unknown =>
    (Object.hasOwn(settings, name) ? settings[name] : null) ?? null;
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => meaning(name, valueOf(before, name)) !== meaning(name, valueOf(now, name)))
    .map((name) => `${name} was ${text(valueOf(before, name))}, is ${text(valueOf(now, name))}`);
}

/** A setting as it is compared: a command by its arguments, however they are quoted and spaced. */
function meaning(name: string, value: unknown): string {
  if (name !== "inputCommand" || typeof value !== "string") return JSON.stringify(value);
  try {
    return JSON.stringify(parseCommand(value));
  } catch {
    return JSON.stringify(value);
  }
}

/** `job.json`: the settings of an unfinished job. */
export interface JobFile {
  readonly version: number;
  readonly settings: JobSettings;
  /** Whether the job was allowed to replace files that were there before. */
  readonly overwrite?: boolean;
}

const version = 1;

/** The text of `job.json`. */
export function jobText(job: Omit<JobFile, "version">): string {
  return `${JSON.stringify({ version, ...job }, undefined, 2)}\n`;
}

/** Reads `job.json`; undefined if there is none, or none of this version. */
export async function readJob(store: Store, path: string): Promise<JobFile | undefined> {
  if ((await store.stat(path))?.kind !== "file") return undefined;
  let job: Partial<JobFile> | null;
  try {
    job = parseJson(await store.readText(path)) as Partial<JobFile> | null;
  } catch (error) {
    if (error instanceof UserError) throw error;
    return undefined;
  }
  if (job?.version !== version || typeof job.settings !== "object" || !job.settings)
    return undefined;
  return job as JobFile;
}

/** Name of the journal in the hidden folder of a job. */
export const journalName = "journal.jsonl";

/** The images of a journal up to the first line that is not whole, and the bytes that they take. */
export async function readJournal(
  store: Store,
  folder: string,
): Promise<{ readonly images: Map<number, FinishedImage>; readonly bytes: number }> {
  const { lines, bytes } = await readJsonLines(store, join(folder, journalName), asImage);
  return { images: new Map(lines.map((image) => [image.index, image])), bytes };
}

function asImage(value: unknown): FinishedImage | undefined {
  const image = (value ?? {}) as Partial<FinishedImage>;
  const { index, name, files } = image;
  if (!Number.isInteger(index) || typeof name !== "string" || !Array.isArray(files)) {
    return undefined;
  }
  return files.every(isFinishedFile) ? (image as FinishedImage) : undefined;
}
