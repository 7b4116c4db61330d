import { open, readFile, type FileHandle } from "node:fs/promises";
import type {
  CheckpointEvent,
  DoneEvent,
  StartEvent,
  StepEvent,
  ValidationEvent,
} from "../../method/train/events.ts";
import { writeFileAtomic } from "../../host/node/files/atomic-file.ts";
import type { TileName } from "./panel-picture.ts";

/** Where the panel of a validation image was stored. */
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
  /** Length of the TensorBoard file when the checkpoint was taken. */
  readonly eventBytes: number;
};

/** One line of log.jsonl: an event without its bulk. Numbers that are not finite become null there. */
export type LogEntry = StartEvent | StepEvent | ValidationEntry | CheckpointEntry | DoneEvent;

/** Entries of a log file; lines that are torn, no JSON or lack what their type has are left out. No file is an empty log. */
export async function readLog(path: string): Promise<LogEntry[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return text.split("\n").flatMap((line) => {
    try {
      const entry = JSON.parse(line) as LogEntry | null;
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
  return type !== "validation" || has("metrics", "perClass");
}

/** A validation whose line names no panels has none. */
function withPanels(entry: LogEntry): LogEntry {
  if (entry.type !== "validation") return entry;
  const panels: unknown = entry.panels;
  const known = Array.isArray(panels) ? (panels as Partial<StoredPanel>[]) : [];
  const whole = known.filter(
    ({ file, tiles }) => typeof file === "string" && Array.isArray(tiles),
  ) as StoredPanel[];
  return { ...entry, panels: whole };
}

/**
 * The entries a run at this checkpoint has written: those up to the checkpoint's own. Without a line
 * for it, those up to its step; for no checkpoint none.
 */
export function entriesUpTo(entries: readonly LogEntry[], step: number | undefined): LogEntry[] {
  if (step === undefined) return [];
  const own = entries.findLastIndex((entry) => entry.type === "checkpoint" && entry.step === step);
  return own >= 0 ? entries.slice(0, own + 1) : entries.filter((entry) => entry.step <= step);
}

/** log.jsonl and results.csv of a run, open for adding to. */
export class RunLog {
  private constructor(
    private readonly jsonl: FileHandle,
    private readonly csv: FileHandle,
  ) {}

  /** Rewrites both files to hold these entries alone and opens them. */
  static async start(
    jsonlPath: string,
    csvPath: string,
    entries: readonly LogEntry[],
  ): Promise<RunLog> {
    await writeFileAtomic(jsonlPath, entries.map(jsonLine).join(""));
    await writeFileAtomic(csvPath, [csvHeader, ...entries.flatMap(csvLine)].join(""));
    const jsonl = await open(jsonlPath, "a");
    try {
      return new RunLog(jsonl, await open(csvPath, "a"));
    } catch (error) {
      await jsonl.close();
      throw error;
    }
  }

  async append(entry: LogEntry): Promise<void> {
    await this.jsonl.writeFile(jsonLine(entry));
    for (const line of csvLine(entry)) await this.csv.writeFile(line);
  }

  /** Waits until the disk has it all. */
  async sync(): Promise<void> {
    await this.jsonl.datasync();
    await this.csv.datasync();
  }

  async close(): Promise<void> {
    await this.jsonl.close();
    await this.csv.close();
  }
}

function jsonLine(entry: LogEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

const csvHeader =
  "step,phase,loss_cls,loss_seg,loss_affinity,loss_energy,loss_total,learning_rate,seconds," +
  "miou_cam,miou_affinity_cam,miou_seg,tag_f1\n";

/** A line of losses for a step, of scores for a validation, none for other entries. */
function csvLine(entry: LogEntry): string[] {
  if (entry.type === "step") {
    const { step, phase, losses, learningRate, seconds } = entry;
    // Logs of older versions say nothing of the energy.
    const { cls, seg, affinity, energy = null, total } = losses;
    const numbers = [cls, seg, affinity, energy, total, learningRate];
    return [`${[step, phase, ...[...numbers, seconds.total].map(csvNumber)].join(",")},,,,\n`];
  }
  if (entry.type === "validation") {
    const { cam, affinityCam, seg, tagF1 } = entry.metrics;
    return [`${entry.step},,,,,,,,,${[cam, affinityCam, seg, tagF1].map(csvNumber).join(",")}\n`];
  }
  return [];
}

/** Empty where a number is not finite, which is null when it comes from the log. */
function csvNumber(value: number | null): string {
  return value !== null && Number.isFinite(value) ? String(value) : "";
}
