import type { LogEntry, StoredPanel } from "../../../files/run/log.ts";

/** Steps whose time tells how long the others take. */
const mostTimed = 20;

/** What the lines of a run's log come to. */
export class LogSummary {
  step = 0;
  steps = 0;
  classes: readonly string[] = [];
  phase: string | null = null;
  /** Best mIoU of the validations; null without. */
  meanIou: number | null = null;
  isDone = false;
  /** Steps of the newest checkpoint, and of the best one. */
  checkpoint: number | null = null;
  best: number | null = null;
  /** Files of the samples, relative to the run folder. */
  readonly samples = new Set<string>();
  private readonly seconds: number[] = [];

  /** Seconds left at the present speed. */
  get eta(): number | null {
    if (this.seconds.length === 0 || this.steps === 0) return null;
    const mean = this.seconds.reduce((sum, value) => sum + value, 0) / this.seconds.length;
    return mean * Math.max(0, this.steps - this.step);
  }

  add(line: string): void {
    const entry = parsed(line);
    if (!entry) return;
    switch (entry.type) {
      case "start":
        this.steps = entry.steps;
        this.classes = entry.classes;
        break;
      case "step":
        if (entry.phase !== this.phase) this.seconds.length = 0;
        this.phase = entry.phase;
        this.step = entry.step;
        this.steps = entry.steps;
        this.seconds.push(entry.seconds.total);
        if (this.seconds.length > mostTimed) this.seconds.shift();
        break;
      case "validation": {
        const { seg } = entry.metrics;
        // Numbers that are not finite stand as null in a log.
        if (typeof seg === "number") this.meanIou = Math.max(this.meanIou ?? 0, seg);
        for (const { file } of entry.panels as Partial<StoredPanel>[]) {
          if (typeof file === "string") this.samples.add(file);
        }
        break;
      }
      case "checkpoint":
        this.checkpoint = entry.step;
        if (entry.best) this.best = entry.step;
        break;
      case "done":
        this.isDone = true;
        this.step = entry.step;
    }
  }
}

/** The entry of a line; undefined for a damaged one. */
function parsed(line: string): LogEntry | undefined {
  try {
    const entry = JSON.parse(line) as LogEntry | null;
    return isWhole(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function isWhole(entry: LogEntry | null): entry is LogEntry {
  if (typeof entry?.step !== "number") return false;
  if (entry.type === "step") return typeof entry.seconds?.total === "number";
  if (entry.type === "start") return Array.isArray(entry.classes);
  return entry.type !== "validation" || (Array.isArray(entry.panels) && Boolean(entry.metrics));
}
