import type { Host } from "../../host/host.ts";
import type { Lock, Store } from "../../host/store.ts";
import type { TrainEvent, TrainingState, ValidationEvent } from "../../method/train/events.ts";
import type { InitialWeights } from "../../method/inference/initial-weights.ts";
import { UserError } from "../../user-error.ts";
import {
  initialWeightsKey,
  initialWeightsMetadata,
  readInitialWeights,
} from "../weights/initial-weights.ts";
import { safeFileName } from "../text/file-name.ts";
import { basename, join } from "../text/path.ts";
import { yamlOf } from "../text/yaml.ts";
import { Checkpoints } from "./checkpoints.ts";
import {
  claimRun,
  hasOnlyLeftovers,
  removeLaterSamples,
  removeRun,
  removeTemporary,
  sampleFile,
} from "./files.ts";
import { entriesUpTo, readLog, RunLog, type LogEntry, type StoredPanel } from "./log.ts";
import { composePanel, tileTitles } from "./panel-picture.ts";
import { summarizeScores } from "./best-scores.ts";
import { readYaml } from "./settings.ts";
import { EventFile } from "./tensorboard.ts";

/** Services of a host that a run folder uses. */
export type RunHost = Pick<Host, "store" | "codec" | "machine">;

export interface CreateRunOptions {
  /** Folder of all runs; runs/train by default. */
  readonly root?: string;
  /** Folder name of this run; by default the first of exp, exp2, … that does not exist. */
  readonly name?: string | undefined;
  /** The resolved configuration, for config.yaml. */
  readonly config: unknown;
  /** Origin of the first weights, for the metadata of checkpoints. */
  readonly initialWeights?: InitialWeights | undefined;
}

/** A reopened run and the checkpoint to resume it from. */
export interface OpenedRun {
  readonly run: RunDirectory;
  /** Undefined if the run stopped before its first checkpoint: it starts from the beginning. */
  readonly state: TrainingState | undefined;
  /** The checkpoint's file, for messages. */
  readonly file: string | undefined;
  /** Sentences about damage that was repaired. */
  readonly messages: readonly string[];
}

/**
 * The folder of a training run. `record` writes each event to its files: log.jsonl, results.csv, TensorBoard's event
 * file, metrics.json, samples/ and weights/. A run killed at any moment can be reopened and resumes as if it had never
 * stopped.
 */
export class RunDirectory {
  private classes: readonly string[] = [];
  private started = false;

  /** The topmost folder that was made together with the run; undefined for a reopened run. */
  private topmostNew: string | undefined;

  private constructor(
    private readonly host: RunHost,
    readonly path: string,
    private readonly lock: Lock,
    private readonly checkpoints: Checkpoints,
    private readonly log: RunLog,
    private readonly events: EventFile,
  ) {}

  /** Makes the folder of a new run; a UserError if it already has files other than the leftovers of a killed start. */
  static async create(
    host: RunHost,
    { root = "runs/train", name, config, initialWeights }: CreateRunOptions,
  ): Promise<RunDirectory> {
    const { store } = host;
    if (name !== undefined && safeFileName(name) !== name) {
      throw new UserError(`${name}: cannot be the folder name of a run; try ${safeFileName(name)}`);
    }
    const { path, topmost, lock } = await claimRun(store, root, name);
    try {
      await removeTemporary(store, path);
      await store.write([{ path: join(path, "config.yaml"), data: await yamlOf(config) }]);
      const run = await RunDirectory.start(host, path, lock, undefined, initialWeights);
      run.topmostNew = topmost;
      return run;
    } catch (error) {
      // A disk that fails may refuse this too; the first reason is the one to tell.
      await removeRun(store, path, { topmost, lock }).catch(() => undefined);
      throw error;
    }
  }

  /** Opens a run to resume it: removes unfinished files, loads the newest complete checkpoint, cuts the logs to it. */
  static async open(host: RunHost, path: string): Promise<OpenedRun> {
    const { store } = host;
    if ((await store.stat(path))?.kind !== "folder") {
      throw new UserError(`${path}: no such run folder; give one as in runs/train/exp`, {
        code: "not-found",
      });
    }
    if ((await store.stat(join(path, "config.yaml"))) === undefined) {
      if (await hasOnlyLeftovers(store, path)) {
        throw new UserError(
          `${path}: was stopped before its settings were written, so there is nothing to resume; ` +
            "start the training again, into this folder if you like",
          { code: "not-started" },
        );
      }
      throw new UserError(
        `${path}: has no config.yaml, so it is not a run; give a run folder as in runs/train/exp`,
      );
    }
    const lock = await store.lock(path);
    try {
      const subfolders = [".", "weights", "samples"];
      for (const folder of subfolders) await removeTemporary(store, join(path, folder));
      await store.makeFolder(join(path, "weights"));
      const checkpoints = new Checkpoints(store, join(path, "weights"));
      const loaded = await checkpoints.load();
      if (loaded && (await wasBest(store, path, loaded.state.step))) {
        await checkpoints.markBest(loaded);
      }
      const origin = await storedOrigin(store, join(path, "config.yaml"));
      const run = await RunDirectory.start(host, path, lock, loaded?.state.step, origin);
      const restart = `${path}: stopped before its first checkpoint; starting from the beginning`;
      const { state, file, messages = [restart] } = loaded ?? {};
      return { run, state, file, messages };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Opens the files for appending, cut back to the checkpoint of a step; empty if there is none. */
  private static async start(
    host: RunHost,
    path: string,
    lock: Lock,
    step: number | undefined,
    initialWeights: InitialWeights | undefined,
  ): Promise<RunDirectory> {
    const { store, machine } = host;
    for (const folder of ["weights", "samples"]) await store.makeFolder(join(path, folder));
    const logPath = join(path, "log.jsonl");
    const entries = entriesUpTo(await readLog(store, logPath), step);
    await removeLaterSamples(store, join(path, "samples"), entries);
    await writeScores(store, path, entries);
    const log = await RunLog.start(store, logPath, join(path, "results.csv"), entries);
    try {
      const checkpoint = entries.findLast((entry) => entry.type === "checkpoint");
      const reopened = checkpoint && (await EventFile.reopen(store, path, checkpoint.eventBytes));
      if (!reopened) await EventFile.removeAll(store, path);
      const events = reopened ?? (await EventFile.create(host, path, machine.time()));
      const metadata = initialWeightsMetadata(initialWeights);
      const checkpoints = new Checkpoints(store, join(path, "weights"), metadata);
      const run = new RunDirectory(host, path, lock, checkpoints, log, events);
      const start = entries.find((entry) => entry.type === "start");
      run.classes = start?.classes ?? [];
      run.started = start !== undefined;
      return run;
    } catch (error) {
      await log.close().catch(() => undefined);
      throw error;
    }
  }

  get name(): string {
    return basename(this.path);
  }

  /** Reads config.yaml without validating it. */
  async readConfig(): Promise<unknown> {
    return readYaml(this.host.store, join(this.path, "config.yaml"));
  }

  /** Entries of log.jsonl so far. */
  async readLog(): Promise<LogEntry[]> {
    return readLog(this.host.store, join(this.path, "log.jsonl"));
  }

  /**
   * Writes an event to its files. Await it before the next step, which changes the tensors of a checkpoint event. A UserError if
   * the folder was removed or another process has taken it over; nothing is written then.
   */
  async record(event: TrainEvent): Promise<void> {
    await this.lock.check();
    switch (event.type) {
      case "start":
        this.classes = event.classes;
        // A resumed run has its start line already.
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
          ...(seconds.exchange !== undefined && {
            "train/exchange_share": seconds.exchange / seconds.total,
          }),
        });
      }
      case "thresholds":
        return this.log.append(event);
      case "validating":
        return;
      case "validation":
        return this.writeValidation(event);
      case "checkpoint": {
        // The log comes first, so that every checkpoint has a line in it.
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
    const { type, step, metrics, perClass, camAreas, skipped } = event;
    const { store, codec, machine } = this.host;
    const panels: StoredPanel[] = [];
    for (const panel of event.panels) {
      const { image, tiles, tileWidth } = composePanel(panel);
      const file = `samples/${sampleFile(step, panel.name)}`;
      const jpeg = await codec.encode(image, "jpeg", { quality: 88 });
      await store.write([{ path: join(this.path, file), data: jpeg }]);
      panels.push({ name: panel.name, file, tags: panel.tags, tiles, tileWidth });
      const small = composePanel(panel, 128);
      await this.events.image(machine.time(), step, {
        tag: `samples/${panel.name}`,
        description: small.tiles.map((tile) => tileTitles[tile]).join(" | "),
        width: small.image.width,
        height: small.image.height,
        png: await codec.encode(small.image, "png"),
      });
    }
    await this.log.append({
      type,
      step,
      metrics,
      perClass,
      ...(camAreas && { camAreas }),
      skipped,
      panels,
    });
    await writeScores(store, this.path, await this.readLog());
    const perName = perClass.seg.map((iou, c) => [`iou_seg/${this.className(c)}`, iou] as const);
    await this.scalars(step, {
      "miou/cam": metrics.cam,
      "miou/affinity_cam": metrics.affinityCam,
      "miou/seg": metrics.seg,
      "tags/f1": metrics.tagF1,
      ...Object.fromEntries(perName),
      ...Object.fromEntries(
        (camAreas ?? []).map((area, c) => [`area_cam/${this.className(c)}`, area] as const),
      ),
    });
  }

  /** Adds a point to each curve; values that were not computed (null, NaN) have none. */
  private async scalars(step: number, values: Record<string, number | null>): Promise<void> {
    const computed = Object.entries(values).filter(
      (pair): pair is [string, number] => pair[1] !== null && Number.isFinite(pair[1]),
    );
    await this.events.scalars(this.host.machine.time(), step, Object.fromEntries(computed));
  }

  /** Closes the files and releases the lock; the folder can then be opened again. */
  async close(): Promise<void> {
    try {
      await this.closeFiles();
    } finally {
      await this.lock.release();
    }
  }

  /**
   * Closes the run. If it is new and has no checkpoint, also removes its folder, and those above that were made for it and are
   * empty.
   */
  async discard(): Promise<void> {
    const topmost = this.topmostNew;
    if (topmost === undefined || (await this.checkpoints.mayExist())) return this.close();
    try {
      await this.closeFiles();
    } finally {
      await removeRun(this.host.store, this.path, { topmost, lock: this.lock });
    }
  }

  private async closeFiles(): Promise<void> {
    try {
      await this.log.close();
    } finally {
      await this.events.close();
    }
  }

  private className(label: number): string {
    return label === 0 ? "background" : (this.classes[label - 1] ?? `class ${label}`);
  }
}

/** Origin of the first weights in a run's config.yaml; undefined if it has none or cannot be read, which shows elsewhere. */
async function storedOrigin(store: Store, path: string): Promise<InitialWeights | undefined> {
  const stored = await readYaml(store, path).catch(() => undefined);
  const { run } = (stored ?? {}) as { run?: Readonly<Record<string, unknown>> };
  return readInitialWeights(run?.[initialWeightsKey]);
}

/** Whether the checkpoint of a step was the best one when it was saved. */
async function wasBest(store: Store, path: string, step: number): Promise<boolean> {
  const entries = await readLog(store, join(path, "log.jsonl"));
  const entry = entries.findLast(
    (candidate) => candidate.type === "checkpoint" && candidate.step === step,
  );
  return entry?.type === "checkpoint" && entry.best;
}

/** Writes metrics.json from the log; removes it where there is no validation. */
async function writeScores(
  store: Store,
  path: string,
  entries: readonly LogEntry[],
): Promise<void> {
  const file = join(path, "metrics.json");
  const scores = summarizeScores(entries);
  if (scores) {
    await store.write([{ path: file, data: `${JSON.stringify(scores, undefined, 2)}\n` }]);
  } else {
    await store.remove(file);
  }
}
