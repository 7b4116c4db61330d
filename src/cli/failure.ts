import { CommanderError } from "commander";
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
    return { text: oneLine(`${command}: ${error.message}`), code: exitCodes.interrupted };
  }
  const remedies = error instanceof UserError ? wordRemedies(error.remedies) : "";
  const own = error instanceof Error ? error.message : String(error);
  const message = remedies === "" ? own : `${own}; ${remedies}`;
  if (debug && error instanceof Error) {
    return { text: `${command}: ${error.stack ?? message}`, code: exitCodes.failure };
  }
  const known = error instanceof UserError || isSystemError(error);
  const hint = known ? "" : " (unexpected; TAG2MASK_DEBUG=1 shows where)";
  return { text: `${oneLine(`${command}: ${message}`)}${hint}`, code: exitCodes.failure };
}

/** Commander's complaint, `error: …` and maybe `(Did you mean …?)` below, as one line with a remedy. */
export function explainUsage(complaint: string, command: string): string {
  const [first = "", ...rest] = complaint.trim().split("\n");
  const guess = /Did you mean (.*)\?\)/.exec(rest.join(" "))?.[1];
  const remedy = guess === undefined ? `see ${command} --help` : `did you mean ${guess}?`;
  return oneLine(`${command}: ${first.replace(/^error: /, "").replace(/\.$/, "")}; ${remedy}`);
}

/** The file system's own errors name the file and what is wrong with it. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && "code" in error;
}

/** File names and tags may hold anything: no line breaks and no terminal escapes in a message. */
function oneLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  // eslint-disable-next-line no-control-regex
  return lines.join("; ").replace(/[\x00-\x1f\x7f-\x9f]/g, "\ufffd");
}
