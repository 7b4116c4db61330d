import { mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DeviceName } from "../../../host/devices.ts";
import type { Host } from "../../../host/host.ts";
import { UserError } from "../../../user-error.ts";
import type { TrainJob } from "../../../jobs/train.ts";
import type { NewRun, Run } from "../../protocol.ts";
import { startModule, type FromJob, type ToJob } from "../child-process.ts";
import type { CommandWords } from "../command-words.ts";
import { conflict, notFound } from "../failure.ts";
import type { Events, Images, Masks } from "../studio.ts";
import { FollowedRun, type TrainingRecord } from "./followed-run.ts";
import { trainingFiles } from "./training-files.ts";
import type { TrainingRequest } from "./training-process.ts";

/** Milliseconds between two looks at the runs that train, and at all of them. */
const [liveEvery, allEvery] = [400, 3000];

export interface RunsOptions {
  readonly host: Host;
  readonly root: string;
  readonly folder: string;
  readonly events: Events;
  readonly images: Pick<Images, "classes" | "at">;
  readonly masks: Pick<Masks, "corrected"> & {
    /** Puts all strokes into the files of corrections. */
    flush(): Promise<void>;
  };
  readonly words: CommandWords;
}

/**
 * The trainings of a studio: each is a run folder in `runs/` and a process of its own, which goes on if the server is killed. What
 * is told of a run is read from its files, so that it does not matter who has started, stopped or resumed it.
 */
export class Runs {
  private readonly runs = new Map<string, FollowedRun>();
  private readonly shown = new Map<string, string>();
  private readonly endListeners = new Set<(run: FollowedRun) => void>();
  private timer: NodeJS.Timeout | undefined;
  private lookedAtAll = 0;
  private looking: Promise<void> | undefined;
  private isClosed = false;

  private constructor(private readonly options: RunsOptions) {}

  static async open(options: RunsOptions): Promise<Runs> {
    const runs = new Runs(options);
    await runs.lookAtAll();
    runs.plan();
    return runs;
  }

  /** Newest first. */
  all(): readonly FollowedRun[] {
    return [...this.runs.values()]
      .filter(({ exists }) => exists)
      .sort((a, b) => b.started - a.started || b.id.localeCompare(a.id, "en", { numeric: true }));
  }

  list(): Run[] {
    return this.all().map(({ run }) => run);
  }

  /** The run of this id; a 404 if there is none. */
  get(id: string): FollowedRun {
    const run = this.runs.get(id);
    if (!run?.exists) throw notFound(`There is no run ${id}.`);
    return run;
  }

  /** Calls after each run that has ended, however. @returns ends that */
  onEnd(listen: (run: FollowedRun) => void): () => void {
    this.endListeners.add(listen);
    return () => void this.endListeners.delete(listen);
  }

  /** Starts a training on the data of the studio. */
  async start(asked: NewRun): Promise<Run> {
    this.refuseSecond();
    await this.forgetFailedStarts();
    const run = await this.claim();
    const { useCorrections = true, from } = asked;
    const corrections = useCorrections ? this.trainedCorrections() : 0;
    if (corrections > 0) await this.options.masks.flush();
    const record: TrainingRecord = {
      preset: asked.preset,
      from: from ?? null,
      corrections,
      started: Date.now(),
    };
    const { store } = this.options.host;
    const file = join(run.folder, trainingFiles.record);
    await store.write([{ path: file, data: JSON.stringify(record) }]);
    run.record = record;
    const job = this.jobOf(asked, run, corrections > 0);
    const report = this.report(this.options.words.train(job));
    await this.spawn(run, { kind: "start", folder: run.folder, job: { ...job, report } });
    return run.run;
  }

  /** Lets a training go on where it stopped. */
  async resume(id: string): Promise<Run> {
    const run = this.get(id);
    await run.look();
    if (run.isAlive) throw conflict("This training runs already.", { run: run.run });
    if (!run.run.resumable) throw conflict("This run cannot be resumed.", { run: run.run });
    this.refuseSecond();
    await mkdir(run.folder, { recursive: true });
    await rm(join(run.folder, trainingFiles.failure), { force: true });
    const report = this.report(this.options.words.resume({ run: run.path }));
    const job = { run: run.path, report };
    await this.spawn(run, { kind: "resume", folder: run.folder, job });
    return run.run;
  }

  /** Stops a training after the step under way, with a checkpoint, whoever started it. */
  async stop(id: string): Promise<Run> {
    const run = this.get(id);
    await run.look();
    if (!run.isAlive) throw conflict("This training does not run.", { run: run.run });
    const { holder } = run;
    if (holder.state === "running" && holder.elsewhere !== undefined) {
      throw conflict(`This training runs on ${holder.elsewhere}; stop it there.`);
    }
    // A second signal would end it at once.
    if (run.isStopping) return run.run;
    run.isStopping = true;
    if (holder.state === "running") signal(holder.pid);
    else this.children.get(id)?.();
    this.publish(run);
    return run.run;
  }

  /** Stops all trainings in order, and waits for them. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.looking;
    const own = [...this.runs.values()].filter(
      ({ isAlive, holder }) => isAlive && !(holder.state === "running" && holder.elsewhere),
    );
    for (const run of own) {
      while (run.isAlive) {
        if (!run.isStopping) await this.stop(run.id).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 50));
        await run.look();
      }
    }
  }

  /** Functions that stop the processes of this server, by run, until these hold a lock. */
  private readonly children = new Map<string, () => void>();

  private async spawn(run: FollowedRun, request: TrainingRequest): Promise<void> {
    const errors = await open(join(run.folder, trainingFiles.errors), "w");
    run.isStarting = true;
    run.isStopping = false;
    run.preparing = null;
    const child = startModule(new URL("./training-process", import.meta.url), {
      errors: errors.fd,
    });
    await errors.close();
    const send = (message: ToJob): void => void child.send(message, () => undefined);
    this.children.set(run.id, () => send({ type: "stop" }));
    child.on("message", (message: FromJob) => {
      if (message.type !== "event") return;
      const { type } = message.event as { readonly type: string };
      run.preparing = type === "started" ? null : type;
    });
    const end = (): void => {
      if (!this.children.delete(run.id)) return;
      run.isEnding = true;
      run.isStarting = false;
      run.isStopping = false;
      void this.lookAt(run, true);
    };
    child.once("exit", end).once("error", end);
    // The training must not keep the server from ending.
    child.unref();
    child.channel?.unref();
    send({ type: "job", request });
    this.publish(run);
    this.plan();
  }

  private jobOf(
    { preset, weights, device = "auto", steps, batch, crop, seed, from, set = {} }: NewRun,
    { path }: FollowedRun,
    useCorrections: boolean,
  ): Omit<TrainJob, "report"> {
    const { root, folder, images } = this.options;
    const source = from === undefined ? undefined : this.get(from);
    if (source && !source.hasWeights) {
      throw new UserError(`${from}: has no weights yet to begin with`, { code: "not-found" });
    }
    const backbone = set["model.backbone"] === undefined ? source?.facts?.backbone : undefined;
    const begin = source?.path ?? weights;
    const known = source?.summary.classes;
    const given = Object.entries({ weights: begin, backbone, steps, batch, crop, seed });
    const corrections = join(folder, "corrections");
    return {
      ...{ data: root, out: path, preset, device: device as DeviceName, set },
      ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
      ...(known && known.join("\n") !== images.classes.join("\n") && { resetHeads: true }),
      ...(useCorrections && { masks: folder === join(root, ".tag2mask") ? true : corrections }),
    };
  }

  private report(command: string): TrainJob["report"] {
    const versions = { tag2mask: this.options.host.version, "Node.js": process.versions.node };
    return { command, versions };
  }

  /** Corrections of images that are trained on; where the data names no splits, of all that may be. */
  private trainedCorrections(): number {
    const { images, masks } = this.options;
    return masks.corrected().filter((id) => {
      const image = images.at(id);
      return image !== undefined && ["train", ""].includes(image.split) && !image.untagged;
    }).length;
  }

  /** Two trainings at a time would take twice as long each, and twice the memory. */
  private refuseSecond(): void {
    const running = this.all().find(({ isAlive }) => isAlive);
    if (running) {
      throw conflict(`${running.id} is training; stop it first, or wait for it.`, {
        run: running.run,
      });
    }
  }

  /** The next free id, with the folder of what the studio knows of it. */
  private async claim(): Promise<FollowedRun> {
    const { folder } = this.options;
    const trainings = join(folder, "trainings");
    await mkdir(trainings, { recursive: true });
    const names = [...this.runs.keys(), ...(await readdir(trainings))];
    const last = Math.max(0, ...names.map((name) => Number(/^run-(\d+)$/.exec(name)?.[1] ?? 0)));
    const id = `run-${last + 1}`;
    await mkdir(join(trainings, id));
    return this.follow(id);
  }

  /** Removes what is known of trainings that ended before they had a run folder. */
  private async forgetFailedStarts(): Promise<void> {
    for (const run of [...this.runs.values()]) {
      if (run.isAlive || run.facts !== undefined) continue;
      await rm(run.folder, { recursive: true, force: true });
      this.runs.delete(run.id);
    }
  }

  private follow(id: string): FollowedRun {
    const { folder, words } = this.options;
    const run =
      this.runs.get(id) ??
      new FollowedRun(id, join(folder, "runs", id), join(folder, "trainings", id), words);
    this.runs.set(id, run);
    return run;
  }

  private plan(): void {
    clearTimeout(this.timer);
    if (this.isClosed) return;
    const isLive = [...this.runs.values()].some(({ isAlive }) => isAlive);
    this.timer = setTimeout(() => void this.turn(), isLive ? liveEvery : allEvery).unref();
  }

  private async turn(): Promise<void> {
    const isDue = Date.now() - this.lookedAtAll >= allEvery - liveEvery;
    this.looking = isDue ? this.lookAtAll() : this.lookAtLive();
    await this.looking;
    this.plan();
  }

  private async lookAtLive(): Promise<void> {
    for (const run of this.runs.values()) if (run.isAlive) await this.lookAt(run);
  }

  private async lookAtAll(): Promise<void> {
    this.lookedAtAll = Date.now();
    for (const folder of ["runs", "trainings"]) {
      const entries = await readdir(join(this.options.folder, folder), {
        withFileTypes: true,
      }).catch(() => []);
      for (const entry of entries) if (entry.isDirectory()) this.follow(entry.name);
    }
    for (const run of this.runs.values()) await this.lookAt(run);
  }

  private async lookAt(run: FollowedRun, hasEnded = false): Promise<void> {
    const wasAlive = run.isAlive || hasEnded;
    await run.look();
    if (!run.isAlive) run.isStopping = false;
    if (hasEnded) run.isEnding = false;
    this.publish(run);
    if (!wasAlive || run.isAlive) return;
    for (const listen of this.endListeners) listen(run);
  }

  private publish(run: FollowedRun): void {
    const before = this.shown.get(run.id);
    // One that was stopped before it began leaves nothing, which is told once.
    if (!run.exists && before === undefined) return;
    const text = JSON.stringify(run.run);
    if (before === text) return;
    if (run.exists) this.shown.set(run.id, text);
    else this.shown.delete(run.id);
    if (before !== undefined || run.isAlive) {
      this.options.events.publish({ type: "run", run: run.run });
    }
  }
}

/** Asks a process to stop; one that has just ended needs not be asked. */
function signal(pid: number): void {
  try {
    process.kill(pid, "SIGINT");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
