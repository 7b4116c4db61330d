/** A step of a training, as log.jsonl has it; null for losses that its phase does not compute. */
export interface LoggedStep {
  readonly type: "step";
  readonly step: number;
  readonly steps: number;
  readonly phase: string;
  readonly losses: Readonly<Record<"cls" | "seg" | "affinity" | "energy" | "total", number | null>>;
  readonly learningRate: number;
  readonly images: number;
  readonly seconds: { readonly total: number };
}

export interface LoggedPanel {
  readonly name: string;
  /** Picture with the tiles side by side, relative to the run folder. */
  readonly file: string;
  readonly tags: readonly number[];
}

/** A validation, as log.jsonl has it; null for scores that could not be computed. */
export interface LoggedValidation {
  readonly type: "validation";
  readonly step: number;
  readonly metrics: Readonly<Record<"cam" | "affinityCam" | "seg" | "tagF1", number | null>>;
  /** Background first. */
  readonly perClass: { readonly seg: readonly (number | null)[] };
  readonly panels: readonly LoggedPanel[];
}

export interface LoggedThresholds {
  readonly type: "thresholds";
  readonly step: number;
  readonly low: number;
  readonly high: number;
  readonly chosen: boolean;
}

/** What the lines of a run's log say so far. */
export interface RunLog {
  readonly steps: readonly LoggedStep[];
  readonly validations: readonly LoggedValidation[];
  readonly thresholds: LoggedThresholds | undefined;
  /** Steps with a checkpoint, the best one marked. */
  readonly checkpoints: readonly { readonly step: number; readonly best: boolean }[];
}

type Entry =
  | LoggedStep
  | LoggedValidation
  | LoggedThresholds
  | { readonly type: "checkpoint"; readonly step: number; readonly best: boolean }
  | { readonly type: "start" | "done" };

/** Collects lines, and forgets those that a resumed training has cut off. */
export class LogLines {
  private readonly entries: (Entry | undefined)[] = [];

  /** Takes a line; damaged ones count, but say nothing. */
  add(line: string): void {
    this.entries.push(parsed(line));
  }

  /** Keeps only the first lines. */
  cut(kept: number): void {
    this.entries.length = Math.min(kept, this.entries.length);
  }

  read(): RunLog {
    const of = <T extends Entry["type"]>(type: T) =>
      this.entries.filter((one): one is Extract<Entry, { type: T }> => one?.type === type);
    return {
      steps: of("step"),
      validations: of("validation"),
      thresholds: of("thresholds").at(-1),
      checkpoints: of("checkpoint"),
    };
  }
}

function parsed(line: string): Entry | undefined {
  try {
    return (JSON.parse(line) as Entry | null) ?? undefined;
  } catch {
    return undefined;
  }
}
