import { CommanderError } from "commander";
import { describeFileError } from "../host/node/files/file-error.ts";
import { UserError } from "../user-error.ts";
import { exitCodes } from "./exit-codes.ts";
import { Interrupted } from "./interrupt.ts";
import { wordRemedies } from "./remedies.ts";

/** The text to print for an error, if any, and the exit code. */
export function explainFailure(
  error: unknown,
  { command, debug }: { readonly command: string; readonly debug: boolean },
): { readonly text: string; readonly code: number } {
  // Commander has printed its message or the help already.
  if (error instanceof CommanderError) {
    return { text: "", code: error.exitCode === 0 ? exitCodes.ok : exitCodes.usage };
  }
  if (error instanceof Interrupted) {
    return { text: oneLine(`${command}: ${error.message}`), code: error.code };
  }
  const message = messageOf(error);
  if (debug && error instanceof Error) {
    return { text: `${command}: ${error.stack ?? message}`, code: codeOf(error) };
  }
  const expected = error instanceof UserError || isSystemError(error) || isOutOfMemory(error);
  const hint = expected ? "" : " (unexpected error; set TAG2MASK_DEBUG=1 to see where it occurs)";
  return { text: `${oneLine(`${command}: ${message}`)}${hint}`, code: codeOf(error) };
}

/** The last line of a command that fails, for programs. */
export interface FailureRecord {
  readonly type: "error";
  /** Kind of the error in kebab-case: that of a `UserError`, or else one of the system in lower case, such as "enospc". */
  readonly code: string;
  /** What people are told, without the name of the command. */
  readonly message: string;
}

/**
 * The same error as a line of `--json`; undefined if nothing has failed.
 * @param complaint what was said about the command line, by `explainUsage`
 */
export function failureRecord(error: unknown, complaint = ""): FailureRecord | undefined {
  if (!(error instanceof CommanderError)) {
    return { type: "error", code: kindOf(error), message: oneLine(messageOf(error)) };
  }
  if (error.exitCode === 0) return undefined;
  // Without a complaint the help was shown.
  const message =
    complaint === "" ? "no command is given" : complaint.replace(/^tag2mask[^:]*: /, "");
  return { type: "error", code: "usage", message };
}

/** Whether a command line asks for lines of JSON, also one that is not understood otherwise. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).includes("--json");
}

function kindOf(error: unknown): string {
  if (error instanceof UserError) return error.code;
  if (error instanceof Interrupted) return "interrupted";
  if (isOutOfMemory(error)) return "out-of-memory";
  return isSystemError(error) ? (error as { code: string }).code.toLowerCase() : "unexpected";
}

/** What is wrong, and what to do. */
function messageOf(error: unknown): string {
  const remedies = error instanceof UserError ? wordRemedies(error.remedies) : "";
  const original = error instanceof Error ? error.message : String(error);
  const problem = isOutOfMemory(error) ? outOfMemory(original) : systemProblem(error, original);
  return remedies === "" ? problem : `${problem}; ${remedies}`;
}

/** Exit codes by the code of an error: what a scheduler must know, such as a task whose settings are not those of its job. */
function codeOf(error: unknown): number {
  switch (error instanceof UserError ? error.code : "") {
    case "usage":
    case "other-plan":
      return exitCodes.usage;
    case "missing-shards":
      return exitCodes.missing;
    default:
      return exitCodes.failure;
  }
}

/** Commander's complaint (`error: …`, perhaps with `(Did you mean …?)` below it) as one line with a remedy. */
export function explainUsage(complaint: string, command: string): string {
  const [first = "", ...rest] = complaint.trim().split("\n");
  const guess = /Did you mean (.*)\?\)/.exec(rest.join(" "))?.[1];
  const remedy = guess === undefined ? `see ${command} --help` : `did you mean ${guess}?`;
  return oneLine(`${command}: ${first.replace(/^error: /, "").replace(/\.$/, "")}; ${remedy}`);
}

/** Whether the operating system reports the error; such errors name the file and the problem. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && "code" in error;
}

/** A system error in words, with the file that it names. */
function systemProblem(error: unknown, message: string): string {
  if (!isSystemError(error)) return message;
  const words = describeFileError(error);
  const { path } = error as NodeJS.ErrnoException;
  return words === message || path === undefined ? words : `${path}: ${words}`;
}

/** Whether memory was refused: by JavaScript, WebAssembly, ONNX Runtime or the system. */
function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof UserError) return false;
  return /array buffer allocation failed|invalid (?:typed )?array length|out of memory|allocate memory|bad.?alloc|\bENOMEM\b/i.test(
    error.message,
  );
}

function outOfMemory(reason: string): string {
  return (
    `not enough memory (${reason.slice(0, 200)}); close other programs, or take less at a time: ` +
    "smaller crops, batches, images or scales"
  );
}

/** Text on one line without terminal escapes, which file names and tags may contain. */
function oneLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  // eslint-disable-next-line no-control-regex
  return lines.join("; ").replace(/[\x00-\x1f\x7f-\x9f]/g, "\ufffd");
}
