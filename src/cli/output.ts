import { describeFileError } from "../host/node/files/file-error.ts";
import { UserError } from "../user-error.ts";
import { Progress, type TextStream } from "./progress.ts";

/** The streams and the clock of a command. */
export interface Terminal {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Whether stdout shows colors. */
  readonly color: boolean;
  /** A clock in milliseconds. */
  now(): number;
  /** The reason why stdout can no longer be written, such as a full disk; undefined while it can. */
  failure?(): Error | undefined;
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
    if (!this.json) this.write(`${printable(text, this.color)}\n`);
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
    if (this.json) this.write(`${JSON.stringify(value)}\n`);
  }

  private write(text: string): void {
    const failure = this.terminal.failure?.();
    if (failure) throw outputFailure(failure);
    this.terminal.stdout.write(text);
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

/**
 * The streams of this process. A reader that stops reading, such as `head`, and a terminal that was closed are no errors. Nor are
 * notes that cannot be written: the work does not depend on them.
 */
export function processTerminal(): Terminal {
  let failure: Error | undefined;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    const isClosed = error.code === "EPIPE" || (error.code === "EIO" && process.stdout.isTTY);
    if (!isClosed) failure ??= error;
  });
  process.stderr.on("error", () => undefined);
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    color: wantsColor(process.stdout, process.env),
    now: () => performance.now(),
    failure: () => failure,
  };
}

/** The error of a command whose results cannot be written. */
export function outputFailure(cause: Error): UserError {
  return new UserError(`standard output: cannot be written: ${describeFileError(cause)}`, {
    cause,
    code: "unwritable",
  });
}
