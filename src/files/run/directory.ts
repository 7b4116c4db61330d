import { readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import type { TrainEvent, TrainingState, ValidationEvent } from "../../method/train/events.ts";
import { UserError } from "../../user-error.ts";
import { describeFileError, writeFileAtomic } from "../../host/node/files/atomic-file.ts";
import { encodeImage } from "../../host/node/images/images.ts";
import { makeFolder, removeEmptyFolders } from "../../host/node/files/make-folder.ts";
import { safeFileName } from "../text/file-name.ts";
import { Checkpoints } from "./checkpoints.ts";
import {
  cleanTemporary,
  emptyFolder,
  inWords,
  nextFree,
  removeLaterSamples,
  sampleFile,
} from "./files.ts";
import { entriesUpTo, readLog, RunLog, type LogEntry, type StoredPanel } from "./log.ts";
import { RunLock } from "../../host/node/files/lock.ts";
import { composePanel, tileTitles } from "./panel-picture.ts";
import { summarizeScores } from "./best-scores.ts";
import { EventFile } from "./tensorboard.ts";

export interface CreateRunOptions {
  /** Folder of all runs. */
  readonly root?: string;
  /** Folder name of this run; without one the next free of exp, exp2, … */
  readonly name?: string | undefined;
  /** The resolved configuration, for config.yaml. */
  readonly config: unknown;
}

/** A run opened again, and where it stopped. */
export interface OpenedRun {
  readonly run: RunDirectory;
  /** Undefined where the run stopped before its first checkpoint: it starts from the beginning. */
  readonly state: TrainingState | undefined;
  /** The checkpoint's file, for messages. */
  readonly file: string | undefined;
  /** What was found amiss and mended, in sentences. */
  readonly messages: readonly string[];
}

/**
 * The folder of a training run. `record` writes each event to the files it belongs in: log.jsonl,
 * results.csv, TensorBoard's event file, metrics.json, samples/ and weights/. A run killed at any
 * moment can be opened again and goes on as if it had never stopped.
 */
export class RunDirectory {
  private classes: readonly string[] = [];
  private started = false;

  /** The topmost folder above it that was made for it; undefined for a run that was there before. */
  private madeFor: string | undefined;

  private constructor(
    readonly path: string,
    private readonly lock: RunLock,
    private readonly checkpoints: Checkpoints,
    private readonly log: RunLog,
    private readonly events: EventFile,
  ) {}

  /** Makes the folder of a new run; refuses one that has files. */
  static async create({
    root = "runs/train",
    name,
    config,
  }: CreateRunOptions): Promise<RunDirectory> {
    if (name !== undefined && safeFileName(name) !== name) {
      throw new UserError(`${name}: cannot be the folder name of a run; try ${safeFileName(name)}`);
    }
    const made = await makeFolder(root);
    const path =
      name === undefined ? await nextFree(root, "exp") : await emptyFolder(join(root, name));
    const lock = await RunLock.take(path).catch((error: unknown) => {
      throw inWords(path, error);
    });
    try {
      await writeFileAtomic(join(path, "config.yaml"), stringify(config));
      const run = await RunDirectory.start(path, lock, undefined);
      run.madeFor = made ?? path;
      return run;
    } catch (error) {
      await lock.release();
      await removeMade(path, made ?? path);
      throw inWords(path, error);
    }
  }

  /** Opens a run to resume it: cleans up, finds its newest whole checkpoint and takes its logs back to it. */
  static async open(path: string): Promise<OpenedRun> {
    const isFolder = await stat(path)
      .then((found) => found.isDirectory())
      .catch(() => false);
    if (!isFolder)
      throw new UserError(`${path}: no such run folder; give one as in runs/train/exp`);
    const config = await stat(join(path, "config.yaml")).catch(() => undefined);
    if (!config) {
      throw new UserError(
        `${path}: has no config.yaml, so it is no run; give one as in runs/train/exp`,
      );
    }
    const lock = await RunLock.take(path).catch((error: unknown) => {
      throw inWords(path, error);
    });
    try {
      for (const folder of [".", "weights", "samples"]) await cleanTemporary(join(path, folder));
      await makeFolder(join(path, "weights"));
      const checkpoints = new Checkpoints(join(path, "weights"));
      const found = await checkpoints.load();
      if (found && (await wasBest(path, found.state.step))) await checkpoints.markBest(found);
      const run = await RunDirectory.start(path, lock, found?.state.step);
      const none = `${path}: stopped before its first checkpoint, starting from the beginning`;
      const { state, file, messages = [none] } = found ?? {};
      return { run, state, file, messages };
    } catch (error) {
      await lock.release();
      throw inWords(path, error);
    }
  }

  /** Opens the files for adding to, with nothing in them that is later than the checkpoint of this step. */
  private static async start(
    path: string,
    lock: RunLock,
    step: number | undefined,
  ): Promise<RunDirectory> {
    for (const folder of ["weights", "samples"]) await makeFolder(join(path, folder));
    const logPath = join(path, "log.jsonl");
    const entries = entriesUpTo(await readLog(logPath), step);
    await removeLaterSamples(join(path, "samples"), entries);
    await writeScores(path, entries);
    const log = await RunLog.start(logPath, join(path, "results.csv"), entries);
    try {
      const checkpoint = entries.findLast((entry) => entry.type === "checkpoint");
      const reopened = checkpoint && (await EventFile.reopen(path, checkpoint.eventBytes));
      if (!reopened) await EventFile.removeAll(path);
      const events = reopened ?? (await EventFile.create(path, now()));
      const checkpoints = new Checkpoints(join(path, "weights"));
      const run = new RunDirectory(path, lock, checkpoints, log, events);
      const start = entries.find((entry) => entry.type === "start");
      run.classes = start?.classes ?? [];
      run.started = start !== undefined;
      return run;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  get name(): string {
    return basename(this.path);
  }

  /** The configuration as config.yaml has it, not validated. */
  async readConfig(): Promise<unknown> {
    const path = join(this.path, "config.yaml");
    try {
      return parse(await readFile(path, "utf8")) as unknown;
    } catch (error) {
      const reason = describeFileError(error).split("\n")[0];
      throw new UserError(`${path}: cannot be read: ${reason}`, { cause: error });
    }
  }

  /** Entries of log.jsonl so far. */
  async readLog(): Promise<LogEntry[]> {
    return readLog(join(this.path, "log.jsonl"));
  }

  /** Writes an event where it belongs. Wait for it before the next step: a checkpoint's tensors are live. */
  async record(event: TrainEvent): Promise<void> {
    try {
      await this.write(event);
    } catch (error) {
      throw inWords(this.path, error);
    }
  }

  private async write(event: TrainEvent): Promise<void> {
    switch (event.type) {
      case "start":
        this.classes = event.classes;
        // A resumed run has its first line from the beginning.
        if (!this.started) await this.log.append(event);
        this.started = true;
        return;
      case "step": {
        const { losses, learningRate, images, seconds } = event;
        await this.log.append(event);
        return this.scalars(event.step, {
          "loss/cls": losses.cls,
          "loss/seg": losses.seg,
          "loss/affinity": losses.affinity,
          "loss/energy": losses.energy,
          "loss/total": losses.total,
          "train/learning_rate": learningRate,
          "train/images_per_second": images / seconds.total,
        });
      }
      case "validating":
        return;
      case "validation":
        return this.writeValidation(event);
      case "checkpoint": {
        // First the line, then the file: no checkpoint exists whose place in the log is unknown.
        const { type, step, best, state } = event;
        const file = `weights/${this.checkpoints.fileName(state.step)}`;
        const eventBytes = this.events.length;
        await this.log.append({ type, step, best, file, eventBytes });
        await this.log.sync();
        await this.events.sync();
        await this.checkpoints.save(state, best);
        return;
      }
      case "done":
        await this.log.append(event);
        await this.log.sync();
        return this.events.sync();
    }
  }

  private async writeValidation(event: ValidationEvent): Promise<void> {
    const { type, step, metrics, perClass, skipped } = event;
    const panels: StoredPanel[] = [];
    for (const panel of event.panels) {
      const { image, tiles, tileWidth } = composePanel(panel);
      const file = `samples/${sampleFile(step, panel.name)}`;
      const jpeg = await encodeImage(image, "jpeg", { quality: 88 });
      await writeFileAtomic(join(this.path, file), jpeg, { durable: false });
      panels.push({ name: panel.name, file, tags: panel.tags, tiles, tileWidth });
      const small = composePanel(panel, 128);
      await this.events.image(now(), step, {
        tag: `samples/${panel.name}`,
        description: small.tiles.map((tile) => tileTitles[tile]).join(" | "),
        width: small.image.width,
        height: small.image.height,
        png: await encodeImage(small.image, "png"),
      });
    }
    await this.log.append({ type, step, metrics, perClass, skipped, panels });
    await writeScores(this.path, await this.readLog());
    const perName = perClass.seg.map((iou, c) => [`iou_seg/${this.className(c)}`, iou] as const);
    await this.scalars(step, {
      "miou/cam": metrics.cam,
      "miou/affinity_cam": metrics.affinityCam,
      "miou/seg": metrics.seg,
      "tags/f1": metrics.tagF1,
      ...Object.fromEntries(perName),
    });
  }

  /** What a phase does not compute, or there is no truth for, has no point on its curve. */
  private async scalars(step: number, values: Record<string, number | null>): Promise<void> {
    const known = Object.entries(values).filter(
      (pair): pair is [string, number] => pair[1] !== null && Number.isFinite(pair[1]),
    );
    await this.events.scalars(now(), step, Object.fromEntries(known));
  }

  /** Closes the files; the folder can be opened again. */
  async close(): Promise<void> {
    await this.log.close();
    await this.events.close();
    await this.lock.release();
  }

  /**
   * Closes a run that came to nothing and removes its folder with the empty ones made for it. One that
   * was there before is only closed.
   */
  async discard(): Promise<void> {
    await this.close();
    if (this.madeFor !== undefined) await removeMade(this.path, this.madeFor);
  }

  private className(label: number): string {
    return label === 0 ? "background" : (this.classes[label - 1] ?? `class ${label}`);
  }
}

/** TensorBoard's time, seconds since 1970. */
function now(): number {
  return Date.now() / 1000;
}

/** Removes the folder of a run, and those above it up to the topmost one made if they are empty. */
async function removeMade(path: string, topmost: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await removeEmptyFolders(dirname(path), dirname(topmost));
}

/** Whether the checkpoint of a step was the best so far when it was taken. */
async function wasBest(path: string, step: number): Promise<boolean> {
  const entries = await readLog(join(path, "log.jsonl"));
  const isOf = (entry: LogEntry): boolean => entry.type === "checkpoint" && entry.step === step;
  const own = entries.findLast(isOf);
  return own?.type === "checkpoint" && own.best;
}

/** Keeps metrics.json what the log says; without a validation there is none. */
async function writeScores(path: string, entries: readonly LogEntry[]): Promise<void> {
  const file = join(path, "metrics.json");
  const scores = summarizeScores(entries);
  if (scores) await writeFileAtomic(file, `${JSON.stringify(scores, undefined, 2)}\n`);
  else await rm(file, { force: true });
}
