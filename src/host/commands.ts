/** The part of an AbortSignal that the running of a command takes. */
export interface CommandSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface CommandOptions {
  /** Ends the command, whose run then fails with the signal's reason. */
  readonly signal?: CommandSignal | undefined;
  /** Most bytes of standard output; more are a UserError. */
  readonly limit: number;
  /** Milliseconds without output after which the command is ended with a UserError. */
  readonly silence: number;
}

/** A command that has ended by itself. */
export interface CommandResult {
  readonly stdout: Uint8Array;
  /** The exit code, or the name of the signal that ended it. */
  readonly exit: number | string;
  /** First line of its standard error; empty if there is none. */
  readonly complaint: string;
}

/** Runs programs of the machine. */
export interface Commands {
  /**
   * Runs a program with these arguments, as they are: no shell reads them. A program that is missing, is silent for too long or
   * writes too much is a UserError.
   */
  run(args: readonly string[], options: CommandOptions): Promise<CommandResult>;
}
