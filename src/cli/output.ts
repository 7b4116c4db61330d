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

/** The output of a command: text for people, or with --json one JSON value per line and nothing else. */
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

  /** Prints a result, for people. */
  say(text: string): void {
    if (this.json) return;
    this.terminal.stdout.write(`${printable(text, this.color)}\n`);
  }

  /** Prints a remark about the work, for people. */
  note(text: string): void {
    this.progress.note(printable(text));
  }

  /** Holds a note back until the next output, so that an error before it stands alone. */
  noteLater(text: string): void {
    this.progress.queue(printable(text));
  }

  /** Prints a result, for programs. */
  record(value: unknown): void {
    if (this.json) this.terminal.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Current time, in milliseconds. */
  now(): number {
    return this.terminal.now();
  }

  /** Whether results may be colored. */
  get color(): boolean {
    return this.terminal.color;
  }
}

/** Opens the output of a command as its options ask for. */
export type OpenOutput = (options: { readonly json?: boolean }) => Output;

/** Whether to color the text on a stream: on terminals other than TERM=dumb, unless NO_COLOR or FORCE_COLOR decides. */
export function wantsColor({ isTTY }: TextStream, env: NodeJS.ProcessEnv): boolean {
  const { NO_COLOR: plain = "", FORCE_COLOR: force, TERM: term } = env;
  if (plain !== "") return false;
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  return isTTY === true && term !== "dumb";
}

/** Text for a terminal: without control characters, which tags and file names may contain. */
function printable(text: string, color = false): string {
  const colorCodes = color ? "\\x1b\\[[0-9;]*m|" : "";
  const controls = new RegExp(`${colorCodes}[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]`, "g");
  return text.replace(controls, (match) => (match.length > 1 ? match : "\ufffd"));
}

/** The streams of this process. A reader that stops reading, such as `head`, is no error. */
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
