import type { StepEvent } from "../method/train/events.ts";

/** A destination of text: a terminal, a pipe, a log file. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Milliseconds between two lines in a log, and between two updates of the line on a terminal. */
const logInterval = 10_000;
const drawInterval = 100;

/** Progress of a long job: a line that is redrawn in place on a terminal, elsewhere a new line now and then. */
export class Progress {
  private drawn = false;
  private queued: string[] = [];
  private latest = "";
  private lastTime: number;

  /** @param now a clock in milliseconds */
  constructor(
    private readonly stream: TextStream,
    private readonly now: () => number,
  ) {
    this.lastTime = now();
  }

  /** Shows the current state; with `always` also shortly after the previous one. */
  update(line: string, always = false): void {
    const time = this.now();
    this.flush();
    this.latest = line;
    const interval = this.stream.isTTY ? drawInterval : logInterval;
    if (!always && time - this.lastTime < interval) return;
    this.lastTime = time;
    if (this.stream.isTTY) this.draw();
    else this.stream.write(`${line}\n`);
    if (!this.stream.isTTY) this.latest = "";
  }

  /** Holds a line back until the next output; it is never shown if an error ends the command before that. */
  queue(line: string): void {
    this.queued.push(line);
  }

  /** Writes a line that stays. */
  note(line: string): void {
    this.flush();
    this.erase();
    this.stream.write(`${line}\n`);
    if (this.stream.isTTY && this.latest !== "") this.draw();
  }

  /** Removes the line of progress. */
  clear(): void {
    this.erase();
    this.latest = "";
  }

  /** Ends the line of progress and leaves its last state on the screen. */
  finish(): void {
    if (this.latest !== "") {
      this.erase();
      this.stream.write(`${this.latest}\n`);
    }
    this.latest = "";
    this.drawn = false;
  }

  private flush(): void {
    for (const line of this.queued.splice(0)) this.note(line);
  }

  private draw(): void {
    // One column is left free: a full line would wrap and could not be rewritten.
    const width = (this.stream.columns || 80) - 1;
    this.stream.write(`\r\x1b[2K${this.latest.slice(0, width)}`);
    this.drawn = true;
  }

  private erase(): void {
    if (this.drawn) this.stream.write("\r\x1b[2K");
    this.drawn = false;
  }
}

/** Turns training steps into lines with speed and time left. */
export class StepMeter {
  private lastTime = 0;
  /** Moving mean over about twenty steps; phases differ in cost. */
  private secondsPerStep = 0;
  private stepInPhase = 0;
  private phase = "";

  /** @param now a clock in milliseconds */
  constructor(private readonly now: () => number) {}

  /** The line for a step, and whether it begins a phase or ends the run. */
  read(event: StepEvent): { line: string; milestone: boolean } {
    const { steps, phase, losses, images, seconds } = event;
    const step = event.step + 1;
    const time = this.now();
    const newPhase = phase !== this.phase;
    this.stepInPhase = newPhase ? 0 : this.stepInPhase + 1;
    // The first step of a phase also compiles its graph: its time would mislead.
    if (this.stepInPhase > 0) {
      const share = Math.max(0.05, 1 / this.stepInPhase);
      this.secondsPerStep += share * ((time - this.lastTime) / 1000 - this.secondsPerStep);
    }
    this.lastTime = time;
    this.phase = phase;
    const milestone = newPhase || step >= steps;
    const parts = [`step ${step}/${steps}`, phase];
    for (const name of ["cls", "seg", "affinity", "total"] as const) {
      const loss = losses[name];
      if (loss !== null) parts.push(`${name} ${loss.toFixed(4)}`);
    }
    if (losses.energy !== null) parts.push(`energy ${losses.energy.toExponential(2)}`);
    if (this.secondsPerStep > 0) {
      parts.push(`${(images / this.secondsPerStep).toFixed(1)} images/s`);
      parts.push(`ETA ${duration((steps - step) * this.secondsPerStep)}`);
    }
    if (seconds.exchange !== undefined && seconds.total > 0)
      parts.push(`exchange ${Math.round((100 * seconds.exchange) / seconds.total)} %`);
    return { line: parts.join("  "), milestone };
  }
}

/** Turns the number of finished items into lines with speed and time left. */
export class CountMeter {
  private readonly start: number;

  /** @param now a clock in milliseconds */
  constructor(
    private readonly items: string,
    private readonly now: () => number,
  ) {
    this.start = now();
  }

  read(done: number, total: number): string {
    const seconds = (this.now() - this.start) / 1000;
    const line = `${this.items} ${done}/${total}`;
    if (done === 0 || seconds === 0) return line;
    return `${line}  ${(done / seconds).toFixed(1)}/s  ETA ${duration(((total - done) * seconds) / done)}`;
  }
}

/** A duration in seconds as text: 48 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
