import type { AppendFile, Store } from "../../host/store.ts";
import type {
  CheckpointEvent,
  DoneEvent,
  StartEvent,
  StepEvent,
  ThresholdsEvent,
  ValidationEvent,
} from "../../method/train/events.ts";
import type { TileName } from "./panel-picture.ts";
import { parseJson } from "../text/parse-json.ts";

/** The stored panel of a validation image. */
export interface StoredPanel {
  readonly name: string;
  /** Relative to the run folder, with `/`. */
  readonly file: string;
  /** 0-based class indices. */
  readonly tags: readonly number[];
  /** From left to right. */
  readonly tiles: readonly TileName[];
  readonly tileWidth: number;
}

export type ValidationEntry = Omit<ValidationEvent, "panels"> & {
  readonly panels: readonly StoredPanel[];
};

export type CheckpointEntry = Omit<CheckpointEvent, "state"> & {
  readonly file: string;
  /** Length of the TensorBoard file when the checkpoint was saved. */
  readonly eventBytes: number;
};

/** One line of log.jsonl: an event without its tensors and images. Numbers that are not finite become null. */
export type LogEntry =
  StartEvent | StepEvent | ThresholdsEvent | ValidationEntry | CheckpointEntry | DoneEvent;

/**
 * Reads the entries of a log file, none if it does not exist. Leaves out lines that are cut short, are not JSON or lack
 * fields of their type.
 */
export async function readLog(store: Store, path: string): Promise<LogEntry[]> {
  if ((await store.stat(path)) === undefined) return [];
  const text = await store.readText(path);
  return text.split("\n").flatMap((line) => {
    try {
      const entry = parseJson(line) as LogEntry | null;
      return entry !== null && isWhole(entry) ? [withPanels(entry)] : [];
    } catch {
      return [];
    }
  });
}

function isWhole(entry: LogEntry): boolean {
  const { type, step }: Partial<LogEntry> = entry;
  if (typeof type !== "string" || !Number.isInteger(step)) return false;
  const has = (...keys: string[]): boolean =>
    keys.every((key) => typeof (entry as unknown as Record<string, unknown>)[key] === "object");
  if (type === "step") return has("losses", "seconds");
  if (type === "thresholds") return has("areas");
  return type !== "validation" || (has("metrics", "perClass") && hasClassScores(entry as object));
}

/** Whether the scores of a validation's classes are lists. */
function hasClassScores({ perClass, camAreas }: Partial<ValidationEntry>): boolean {
  const lists = [perClass?.cam, perClass?.affinityCam, perClass?.seg, camAreas ?? []];
  return lists.every((list) => Array.isArray(list));
}

/** The entry, its panels reduced to the complete ones. */
function withPanels(entry: LogEntry): LogEntry {
  if (entry.type !== "validation") return entry;
  const panels: unknown = entry.panels;
  const list = Array.isArray(panels) ? (panels as Partial<StoredPanel>[]) : [];
  const complete = list.filter(
    ({ file, tiles }) => typeof file === "string" && Array.isArray(tiles),
  ) as StoredPanel[];
  return { ...entry, panels: complete };
}

/**
 * The entries that a run had written when it saved the checkpoint of a step: all up to the checkpoint's own line, or up
 * to its step if the log has no such line. None if `step` is undefined.
 */
export function entriesUpTo(entries: readonly LogEntry[], step: number | undefined): LogEntry[] {
  if (step === undefined) return [];
  const end = entries.findLastIndex((entry) => entry.type === "checkpoint" && entry.step === step);
  return end >= 0 ? entries.slice(0, end + 1) : entries.filter((entry) => entry.step <= step);
}

/** log.jsonl and results.csv of a run, open for appending. */
export class RunLog {
  private constructor(
    private readonly jsonl: AppendFile,
    private readonly csv: AppendFile,
  ) {}

  /** Rewrites both files with exactly these entries and opens them. */
  static async start(
    store: Store,
    jsonlPath: string,
    csvPath: string,
    entries: readonly LogEntry[],
  ): Promise<RunLog> {
    await store.write([{ path: jsonlPath, data: entries.map(jsonLine).join("") }]);
    await store.write([{ path: csvPath, data: [csvHeader, ...entries.flatMap(csvLine)].join("") }]);
    const jsonl = await store.append(jsonlPath);
    try {
      return new RunLog(jsonl, await store.append(csvPath));
    } catch (error) {
      await jsonl.close().catch(() => undefined);
      throw error;
    }
  }

  async append(entry: LogEntry): Promise<void> {
    await this.jsonl.append(jsonLine(entry));
    for (const line of csvLine(entry)) await this.csv.append(line);
  }

  /** Waits until the disk holds everything appended. */
  async sync(): Promise<void> {
    await this.jsonl.sync();
    await this.csv.sync();
  }

  async close(): Promise<void> {
    try {
      await this.jsonl.close();
    } finally {
      await this.csv.close();
    }
  }
}

function jsonLine(entry: LogEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

const csvHeader =
  "step,phase,loss_cls,loss_seg,loss_affinity,loss_energy,loss_total,learning_rate,seconds," +
  "miou_cam,miou_affinity_cam,miou_seg,tag_f1,cam_areas\n";

/** The losses of a step or the scores of a validation as one line; nothing for other entries. */
function csvLine(entry: LogEntry): string[] {
  if (entry.type === "step") {
    const { step, phase, losses, learningRate, seconds } = entry;
    // Logs of older versions have no energy loss.
    const { cls, seg, affinity, energy = null, total } = losses;
    const numbers = [cls, seg, affinity, energy, total, learningRate, seconds.total];
    return [`${step},${phase},${numbers.map(csvNumber).join(",")},,,,,\n`];
  }
  if (entry.type === "validation") {
    const { cam, affinityCam, seg, tagF1 } = entry.metrics;
    const scores = [cam, affinityCam, seg, tagF1].map(csvNumber).join(",");
    // One field for all: the header is written before the number of classes is known.
    const areas = (entry.camAreas ?? []).map(csvNumber).join(";");
    return [`${entry.step},,,,,,,,,${scores},${areas}\n`];
  }
  return [];
}

/** Empty for a number that is not finite, or null, as the log stores such numbers. */
function csvNumber(value: number | null): string {
  return value !== null && Number.isFinite(value) ? String(value) : "";
}
