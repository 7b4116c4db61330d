import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  withFaultyFiles,
  type Fault,
  type FileOperation,
  type OperationKind,
} from "../../test/faulty-files.ts";
import type { WritingCommand } from "./commands.ts";
import { finishedIn, type Reference } from "./reference.ts";
import { tag2mask, type CommandResult } from "./run-command.ts";
import { buryLocks, compareTrees, isIncomplete, isLeftover, readTree, type Tree } from "./tree.ts";

/** A fault at one operation of a command. */
export interface Case {
  readonly command: WritingCommand;
  /** Number of the operation, and what it is in an undisturbed run. */
  readonly at: number;
  readonly kind: OperationKind;
  readonly path: string;
  readonly fault: Fault;
  readonly lasting: boolean;
}

/** How a command ended: without noticing the fault, or in an error after which it was called again so. */
export type Ending = "survived" | "resumed" | "repeated" | "overwritten";

export interface Outcome {
  readonly ending: Ending;
  /** What breaks the rule, one sentence each. */
  readonly problems: readonly string[];
  /** The message that the command ended with. */
  readonly message: string;
}

/** The words for each fault. */
const reasons: Readonly<Record<Fault, RegExp>> = {
  ENOSPC: /no space left on the disk/,
  EIO: /the disk reports an input\/output error/,
  EROFS: /the disk is read-only/,
  short: /no space left on the disk/,
};

/**
 * Runs a command on a disk that fails, then again on one that does not. The first run may only fail with exit code 1 and one
 * line that names the reason; whatever it leaves is whole, and what had been finished is among it; the second one leaves what
 * an undisturbed run does.
 */
export async function tryCase(
  { command, at, fault, lasting }: Case,
  reference: Reference,
  /** What its continuation leaves, if that is something else: a report names the command that went on, if there was a rest. */
  continued: Tree = reference.tree,
): Promise<Outcome> {
  const { place, args, prepare } = command;
  prepare();
  const run = await withFaultyFiles({ fault, at, lasting, within: place }, () => tag2mask(args));
  if (run.outcome.status === "rejected") {
    return { ending: "survived", problems: [`threw ${String(run.outcome.reason)}`], message: "" };
  }
  const result = run.outcome.value;
  const problems = run.leftOpen.map((path) => `${path} was not closed`);
  const tree = readTree(place);
  if (result.code === 0) {
    problems.push(...unequal(tree, reference.tree, run.failed));
    return { ending: "survived", problems, message: "" };
  }
  const message = result.stderr.at(-1)?.trimEnd() ?? "";
  problems.push(...badMessage(result, fault));
  if (run.failed.length === 0) problems.push("failed although nothing did");
  problems.push(...damaged(tree, reference, command));
  if (!removalFailed(run.failed)) {
    for (const path of tree.keys()) if (isLeftover(path)) problems.push(`${path} was not removed`);
  }
  const kept = finishedIn(command);
  const finished = isSame(reference.operations[at], run.failed[0]) ? reference.finished[at]! : 0;
  if (kept < finished) problems.push(`${finished} were finished, ${kept} are kept`);
  const isFirst = command.journal !== undefined && command.resume !== args;
  if (isFirst && kept > 0 && !message.includes(`; ${kept} of `)) {
    problems.push(`${kept} are kept, but it does not say so`);
  }
  buryLocks(place);
  const { ending, again } = await runAgain(command, message);
  if (again.code !== 0) problems.push(`a dead end: ${again.stderr.at(-1)?.trimEnd()}`);
  else {
    const [wanted, other] =
      ending === "resumed" ? [continued, reference.tree] : [reference.tree, continued];
    const isOwned = hasOwner(command) && ["resumed", "overwritten"].includes(ending);
    const found = readTree(place);
    // Whatever is as one of both runs leaves it is right.
    const isRight = (path: string): boolean =>
      found.has(path) && found.get(path) === other.get(path);
    const differences = unequal(found, wanted, isOwned ? [] : run.failed);
    problems.push(...differences.filter((text) => !isRight(text.replace(/ differs$/, ""))));
  }
  return { ending, problems, message };
}

/** Calls a command again as its messages say. */
async function runAgain(
  { args, resume }: WritingCommand,
  message: string,
): Promise<{ ending: Ending; again: CommandResult }> {
  const wants = (option: string, text: string): boolean => text.includes(option);
  if (resume && resume !== args && wants("--resume goes on", message)) {
    return { ending: "resumed", again: await tag2mask(resume) };
  }
  const again = await tag2mask(args);
  if (again.code === 0) return { ending: "repeated", again };
  const advice = again.stderr.at(-1) ?? "";
  if (resume && resume !== args && wants("--resume", advice)) {
    return { ending: "resumed", again: await tag2mask(resume) };
  }
  if (wants("--overwrite", advice)) {
    return { ending: "overwritten", again: await tag2mask([...args, "--overwrite"]) };
  }
  return { ending: "repeated", again };
}

function badMessage({ code, stderr }: CommandResult, fault: Fault): string[] {
  const problems: string[] = [];
  if (code !== 1) problems.push(`exit code ${code}`);
  const last = stderr.at(-1) ?? "";
  const lines = stderr.filter((text) => text.startsWith("tag2mask "));
  if (lines.length !== 1 || lines[0] !== last || !/^[^\n]+\n$/.test(last)) {
    problems.push(`not one line: ${JSON.stringify(lines)}`);
  }
  if (!reasons[fault].test(last)) problems.push("does not name the reason");
  if (/unexpected error/.test(last) || stderr.some((text) => /\n\s+at /.test(text))) {
    problems.push("shows a fault of the program");
  }
  return problems;
}

/** What is not whole of the files under their final names. */
function damaged(tree: Tree, reference: Reference, { place }: WritingCommand): string[] {
  return [...tree].flatMap(([path, digest]) => {
    if (isIncomplete(path)) return [];
    if (reference.contents.get(path)?.has(digest)) return [];
    const whole = reference.growing.get(path);
    if (whole === undefined) return [`${path} is not whole`];
    const bytes = readFileSync(join(place, path));
    return whole.subarray(0, bytes.length).equals(bytes) ? [] : [`${path} is not the beginning`];
  });
}

/** @param failed operations that failed: what a disk refused to remove may still be there */
function unequal(found: Tree, wanted: Tree, failed: readonly FileOperation[]): string[] {
  const differences = compareTrees(found, wanted);
  if (!removalFailed(failed)) return differences;
  return differences.filter((difference) => !/\.(?:tmp|lock) is left$/.test(difference));
}

/** Whether a command owns its folder, and sweeps it when it goes on there. */
function hasOwner({ journal, checkpoints }: WritingCommand): boolean {
  return journal !== undefined || checkpoints !== undefined;
}

/** Whether two runs did the same: what they do at the same time may come in another order. */
function isSame(a: FileOperation | undefined, b: FileOperation | undefined): boolean {
  const name = (path = ""): string => path.replace(/\.[0-9a-z]+-\d+\.tmp$/, "");
  return a?.kind === b?.kind && name(a?.path) === name(b?.path);
}

function removalFailed(failed: readonly FileOperation[]): boolean {
  return failed.some(({ kind }) => kind === "rm" || kind === "rmdir");
}
