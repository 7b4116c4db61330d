import { Progress, type TextStream } from "./progress.ts";

/** The streams and the clock of a command. */
export interface Terminal {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Whether stdout shows colors. */
  readonly color: boolean;
  /** A clock in milliseconds. */
  now(): number;
}

/** The output of a command: prose for a person, or with --json one JSON value a line and nothing else. */
export class Output {
  readonly progress: Progress;

  /** @param commandLine the command as the user typed it */
  constructor(
    private readonly terminal: Terminal,
    readonly json: boolean,
    readonly commandLine: string,
  ) {
    const silent = { write: () => true };
    this.progress = new Progress(json ? silent : terminal.stderr, terminal.now);
  }

  /** A result, for a person. */
  say(text: string): void {
    if (this.json) return;
    this.terminal.stdout.write(`${printable(text, this.color)}\n`);
  }

  /** Something about the way there, for a person. */
  note(text: string): void {
    this.progress.note(printable(text));
  }

  /** A note that is written with the next one, so that an error before that stands alone. */
  noteLater(text: string): void {
    this.progress.queue(printable(text));
  }

  /** A result, for a program. */
  record(value: unknown): void {
    if (this.json) this.terminal.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Milliseconds. */
  now(): number {
    return this.terminal.now();
  }

  /** Whether results may be colored. */
  get color(): boolean {
    return this.terminal.color;
  }
}

/** Makes a command's output from its options. */
export type OpenOutput = (options: { readonly json?: boolean }) => Output;

/** Whether to color what goes to a stream: a terminal that can, or wherever the user wants it. */
export function wantsColor({ isTTY }: TextStream, env: NodeJS.ProcessEnv): boolean {
  const { NO_COLOR: none = "", FORCE_COLOR: force, TERM: term } = env;
  if (none !== "") return false;
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  return isTTY === true && term !== "dumb";
}

/** Tags and file names may hold anything: no control character of theirs gets to a terminal. */
function printable(text: string, color = false): string {
  const ours = color ? "\\x1b\\[[0-9;]*m|" : "";
  const controls = new RegExp(`${ours}[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]`, "g");
  return text.replace(controls, (found) => (found.length > 1 ? found : "\ufffd"));
}

/** The process's own streams; whoever reads our output may stop reading. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    color: wantsColor(process.stdout, process.env),
    now: () => performance.now(),
  };
}
