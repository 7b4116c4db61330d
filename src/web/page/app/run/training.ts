import type {
  Failure,
  SeenImage,
  TrainInput,
  TrainNews,
  TrainOutcome,
  Validation,
} from "../../protocol.ts";
import type { StepEvent } from "../../../../method/train/events.ts";
import { desk, failureIn, WorkerClient } from "../client.ts";
import { Store } from "../store.ts";

/** What is known of the training of this tab. */
export interface TrainingState {
  readonly run: string;
  readonly stage: "preparing" | "training" | "stopping" | "ended";
  /** What is being read, copied or checked now. */
  readonly now?:
    { readonly what: string; readonly done: number; readonly total: number } | undefined;
  readonly device?: string;
  readonly notices: readonly string[];
  readonly steps: readonly StepEvent[];
  readonly validations: readonly Validation[];
  readonly seen?: { readonly step: number; readonly images: readonly SeenImage[] };
  readonly isLooking: boolean;
  readonly lookFailure?: Failure | undefined;
  /** Whether pictures are made after every checkpoint. */
  readonly looks: boolean;
  readonly outcome?: TrainOutcome;
  readonly failure?: Failure;
}

/** Steps whose mean tells how long the next ones take. */
const lastSteps = 10;

/** A training in a worker of its own, with another one that looks at what the network sees. */
export class Training extends Store<TrainingState> {
  private readonly worker = new WorkerClient("training");
  private readonly lookout = new WorkerClient("lookout");
  private readonly ending = new AbortController();
  private wakeLock: { release(): Promise<void> } | undefined;

  constructor(run: string) {
    super({ run, stage: "preparing", notices: [], steps: [], validations: [], isLooking: false, looks: true }); // prettier-ignore
  }

  get isActive(): boolean {
    return this.state.stage !== "ended";
  }

  start(input: TrainInput): Promise<void> {
    return this.follow((options) => this.worker.ask("train", input, options));
  }

  goOn(): Promise<void> {
    return this.follow(async (options) => {
      const { log, validations, step } = await desk.ask("readRun", this.state.run);
      this.set({ steps: log.filter((one) => one.step < step), validations: validations.filter((one) => one.step <= step) }); // prettier-ignore
      return this.worker.ask("resume", this.state.run, options);
    });
  }

  /** Ends it after the step under way, with a checkpoint. */
  stop(): void {
    if (!this.isActive) return;
    this.set({ stage: "stopping" });
    this.ending.abort();
  }

  setLooks(looks: boolean): void {
    this.set({ looks });
  }

  private async follow(
    begin: (options: {
      readonly tell: (news: TrainNews) => void;
      readonly signal: AbortSignal;
    }) => Promise<TrainOutcome>,
  ): Promise<void> {
    const { signal } = this.ending;
    void navigator.storage?.persist?.().catch(() => false);
    const keepAwake = (): void => void this.keepAwake();
    document.addEventListener("visibilitychange", keepAwake);
    keepAwake();
    try {
      const outcome = await begin({ tell: (news) => this.take(news), signal });
      this.set({ outcome });
    } catch (error) {
      this.set({ failure: failureIn(error) });
    } finally {
      this.set({ stage: "ended", now: undefined });
      document.removeEventListener("visibilitychange", keepAwake);
      await this.wakeLock?.release().catch(() => undefined);
      this.worker.close();
      if (!this.state.isLooking) this.lookout.close();
    }
  }

  private take(news: TrainNews): void {
    const { steps, validations, notices, stage } = this.state;
    switch (news.type) {
      case "reading":
        return this.set({ now: news });
      case "validating":
        return this.set({ now: { what: "validating", done: news.done, total: news.total } });
      case "notice":
      case "skipped":
        return this.set({ notices: [...notices, news.message] });
      case "device":
        return this.set({ device: news.note ?? `device ${news.device}` });
      case "started":
        return this.set({ stage: stage === "stopping" ? stage : "training", now: undefined });
      case "step":
        return this.set({ steps: [...steps, news], now: undefined });
      case "validation":
        return this.set({ validations: [...validations, news], now: undefined });
      case "checkpoint":
        return void this.look(news.step);
      case "thresholds":
        return;
    }
  }

  /** Has the lookout look at the weights of a step, unless it still does at those of another. */
  async look(step: number): Promise<void> {
    const { run, isLooking, looks } = this.state;
    if (isLooking || !looks) return;
    this.set({ isLooking: true });
    try {
      const images = await this.lookout.ask("look", { run, step });
      this.set({ seen: { step, images }, lookFailure: undefined });
    } catch (error) {
      // The training goes on; newer weights may have replaced these.
      this.set({ lookFailure: failureIn(error) });
    } finally {
      this.set({ isLooking: false });
      if (!this.isActive) this.lookout.close();
    }
  }

  /** Asks the screen to stay on; the browser forgets it when the tab is hidden. */
  private async keepAwake(): Promise<void> {
    if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
    this.wakeLock = await navigator.wakeLock.request("screen").catch(() => undefined);
  }
}

/** Seconds of a step lately; undefined before the first one. */
export function secondsPerStep(steps: readonly StepEvent[]): number | undefined {
  const last = steps.slice(-lastSteps);
  if (last.length === 0) return undefined;
  return last.reduce((sum, { seconds }) => sum + seconds.total, 0) / last.length;
}

/** The training of this tab; it goes on while other parts of the page are shown. */
export const tab = new Store<{ readonly training?: Training }>({});

/** Starts a training, unless one is running. */
export function begin(run: string, work: (training: Training) => Promise<void>): void {
  if (tab.state.training?.isActive) return;
  const training = new Training(run);
  tab.set({ training });
  void work(training);
}
