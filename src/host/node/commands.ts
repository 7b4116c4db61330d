import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { UserError } from "../../user-error.ts";
import type { CommandOptions, CommandResult, Commands } from "../commands.ts";

/** Bytes of standard error that are kept, for its first line. */
const complaintBytes = 4096;

const isWindows = process.platform === "win32";

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Commands that run; they end with this process. */
const running = new Set<Child>();

/** Programs of this machine through Node. */
export const nodeCommands: Commands = { run };

async function run(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { signal } = options;
  if (signal?.aborted) throw signal.reason;
  const child = start(args);
  endWithProcess(child);
  try {
    return await resultOf(child, args[0]!, options);
  } finally {
    running.delete(child);
  }
}

function start([program = "", ...args]: readonly string[]): Child {
  try {
    return spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
      // A group of its own: Ctrl-C reaches it through the signal alone, and what it starts ends with it.
      detached: !isWindows,
    });
  } catch (error) {
    throw new UserError(`${program} cannot be started: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function resultOf(
  child: Child,
  program: string,
  { signal, limit, silence }: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    let complaint = Buffer.alloc(0);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    const fail = (error: unknown): void => {
      kill(child);
      settle(() => reject(error as Error));
    };
    const onAbort = (): void => fail(signal!.reason);
    const timer = setTimeout(
      () => fail(new UserError(`${program} gave no output for ${silence / 1000} seconds`)),
      silence,
    );
    signal?.addEventListener("abort", onAbort);
    child.on("error", (error) => fail(notStarted(program, error)));
    child.stdout.on("data", (piece: Buffer) => {
      timer.refresh();
      size += piece.length;
      if (size > limit) fail(new UserError(`${program} gives more than ${limit} bytes`));
      else pieces.push(piece);
    });
    child.stderr.on("data", (piece: Buffer) => {
      timer.refresh();
      const room = complaintBytes - complaint.length;
      if (room > 0) complaint = Buffer.concat([complaint, piece.subarray(0, room)]);
    });
    child.on("close", (code, killedBy) => {
      const [first = ""] = complaint.toString().trim().split(/\r?\n/);
      const exit = code ?? killedBy ?? "unknown";
      settle(() => resolve({ stdout: Buffer.concat(pieces), exit, complaint: first.trim() }));
    });
  });
}

function notStarted(program: string, error: NodeJS.ErrnoException): UserError {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "no such program; install it, or give its path",
    EACCES: "it is not a program that may be run",
    E2BIG: "its arguments are too long",
  };
  const reason = reasons[error.code ?? ""] ?? error.message;
  return new UserError(`${program} cannot be started: ${reason}`, { cause: error });
}

function kill(child: Child): void {
  child.stdout.destroy();
  child.stderr.destroy();
  if (child.pid === undefined) return;
  try {
    if (isWindows) child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

let isWatching = false;

function endWithProcess(child: Child): void {
  running.add(child);
  if (!isWatching) process.on("exit", () => running.forEach(kill));
  isWatching = true;
}
