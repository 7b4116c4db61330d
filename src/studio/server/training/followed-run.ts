import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseYaml } from "../../../files/text/yaml.ts";
import type { Run } from "../../protocol.ts";
import type { SentError } from "../child-process.ts";
import type { CommandWords } from "../command-words.ts";
import { holderOf, type Holder } from "./holder.ts";
import { LogSummary } from "./log-summary.ts";
import { LogTail } from "./log-tail.ts";
import { trainingFiles } from "./training-files.ts";

/** What the studio wrote down when it started a training. */
export interface TrainingRecord {
  readonly preset: string;
  readonly from: string | null;
  readonly corrections: number;
  /** Milliseconds since 1970. */
  readonly started: number;
}

/** Facts of a run's config.yaml, which never changes. */
interface RunFacts {
  readonly backbone: string | undefined;
  readonly device: string | null;
  readonly corrections: number;
  readonly steps: number;
  readonly started: number;
}

/** A run as its files and processes show it, whoever started or goes on with it. */
export class FollowedRun {
  readonly tail: LogTail;
  summary = new LogSummary();
  record: TrainingRecord | undefined;
  facts: RunFacts | undefined;
  /** A process of this server that has not told its end yet. */
  isStarting = false;
  isStopping = false;
  /** Its process has ended, and what it left is not read yet. */
  isEnding = false;
  /** Who trains in it. */
  holder: Holder = { state: "none" };
  /** What the preparation is at, such as `download`. */
  preparing: string | null = null;
  private failure: string | null = null;
  /** Lines of the log in `summary`. */
  private counted = 0;
  private reading: Promise<void> = Promise.resolve();
  private queued: Promise<void> | undefined;
  private readonly listeners = new Set<(kept: number) => void>();

  /**
   * @param path folder of the run
   * @param folder folder of what the studio knows of it
   */
  constructor(
    readonly id: string,
    readonly path: string,
    readonly folder: string,
    private readonly words: CommandWords,
  ) {
    this.tail = new LogTail(join(path, "log.jsonl"));
  }

  get isAlive(): boolean {
    return this.isStarting || this.holder.state === "running";
  }

  /** Whether there are weights to make masks with. */
  get hasWeights(): boolean {
    return this.summary.checkpoint !== null;
  }

  /** Whether there is anything to show. */
  get exists(): boolean {
    return this.isAlive || this.isEnding || this.facts !== undefined || this.failure !== null;
  }

  get started(): number {
    return this.record?.started ?? this.facts?.started ?? 0;
  }

  /** The present state. */
  get run(): Run {
    const { summary, record, facts, words, path } = this;
    const state = this.state();
    return {
      id: this.id,
      path,
      state,
      step: summary.step,
      steps: summary.steps || (facts?.steps ?? 0),
      phase: this.isAlive && summary.steps === 0 ? this.preparing : summary.phase,
      eta: state === "running" ? summary.eta : null,
      device: facts?.device ?? null,
      preset: record?.preset ?? null,
      corrections: facts?.corrections ?? record?.corrections ?? 0,
      meanIou: summary.meanIou,
      error: state === "failed" ? this.failure : null,
      resumable: !this.isAlive && facts !== undefined && !summary.isDone,
      resumeCommand: words.resume({ run: path }),
      from: record?.from ?? null,
    };
  }

  /** Calls with the number of lines that are kept whenever the log or the state may have changed. */
  follow(listen: (kept: number) => void): () => void {
    this.listeners.add(listen);
    return () => void this.listeners.delete(listen);
  }

  /** Reads what has changed, since this call at least. */
  look(): Promise<void> {
    this.queued ??= this.reading
      .catch(() => undefined)
      .then(() => {
        this.queued = undefined;
        return (this.reading = this.read());
      });
    return this.queued;
  }

  private async read(): Promise<void> {
    this.holder = await this.findHolder();
    this.facts ??= await this.readFacts();
    this.record ??= await readJson<TrainingRecord>(join(this.folder, trainingFiles.record));
    const { kept, added } = await this.tail.look();
    if (this.counted > kept) await this.countAgain(kept);
    for (const line of added) this.summary.add(line);
    this.counted = this.tail.lines;
    this.failure = this.isAlive ? null : await this.readFailure();
    for (const listen of this.listeners) listen(kept);
  }

  private async countAgain(lines: number): Promise<void> {
    this.summary = new LogSummary();
    let left = lines;
    for await (const piece of this.tail.from(1)) {
      for (const line of piece.lines.slice(0, left)) this.summary.add(line);
      left -= piece.lines.length;
      if (left <= 0) return;
    }
  }

  private state(): Run["state"] {
    if (this.isAlive || this.isEnding) {
      if (this.isStopping) return "stopping";
      return this.summary.steps > 0 && this.holder.state === "running" ? "running" : "starting";
    }
    if (this.summary.isDone) return "done";
    return this.failure === null ? "stopped" : "failed";
  }

  private async findHolder(): Promise<Holder> {
    const run = await holderOf(join(this.path, "run.lock"));
    if (run.state === "running") return run;
    const training = await holderOf(join(this.folder, trainingFiles.lock));
    if (training.state === "running") return training;
    return run.state === "dead" || training.state === "dead"
      ? { state: "dead" }
      : { state: "none" };
  }

  /** Why the training ended before its time; null if it was stopped in order. */
  private async readFailure(): Promise<string | null> {
    if (this.summary.isDone) return null;
    const failure = await readJson<SentError & { time: number }>(
      join(this.folder, trainingFiles.failure),
    );
    const log = await stat(this.tail.path).catch(() => undefined);
    // One from before the run went on counts no more.
    if (failure && !(log && log.mtimeMs > failure.time + 1000)) {
      const remedies = this.words.remedies(failure.remedies ?? []);
      return remedies === "" ? failure.message : `${failure.message}; ${remedies}`;
    }
    if (this.holder.state !== "dead") return null;
    const text = await readFile(join(this.folder, trainingFiles.errors), "utf8").catch(() => "");
    const last = text.trim().split("\n").slice(-5).join("; ").slice(-1000);
    const kept = this.summary.checkpoint;
    const left = kept === null ? "" : `; the checkpoint of step ${kept} is intact`;
    const said = last === "" ? "" : `; its last words: ${last}`;
    return `The training's process ended unexpectedly, as if it was killed${left}${said}`;
  }

  private async readFacts(): Promise<RunFacts | undefined> {
    const file = join(this.path, "config.yaml");
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    const { mtimeMs: started } = await stat(file);
    return { ...(await configFacts(text)), started };
  }
}

type Section = Partial<Record<string, unknown>>;
type Sections = Partial<Record<"model" | "train" | "run", Section>>;

async function parsedConfig(text: string): Promise<Sections> {
  try {
    return ((await parseYaml(text)) ?? {}) as Sections;
  } catch {
    // Opening the run says what is wrong.
    return {};
  }
}

/** What a run's config.yaml says, as far as it can be read. */
async function configFacts(text: string): Promise<Omit<RunFacts, "started">> {
  const { model, train, run } = await parsedConfig(text);
  const { corrections } = (run?.["masks"] ?? {}) as { corrections?: unknown };
  const [backbone, steps, device] = [model?.["backbone"], train?.["steps"], run?.["device"]];
  return {
    backbone: typeof backbone === "string" ? backbone : undefined,
    device: typeof device === "string" ? device : null,
    steps: typeof steps === "number" ? steps : 0,
    corrections: typeof corrections === "number" ? corrections : 0,
  };
}

/** The content of a JSON file; undefined if there is none or it is damaged. */
async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}
