import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { withFaultyFiles, type FileOperation } from "../../test/faulty-files.ts";
import type { WritingCommand } from "./commands.ts";
import { tag2mask } from "./run-command.ts";
import { digestOf, isIncomplete, readTree, statOf, type Tree } from "./tree.ts";

/** What a command does on a disk that never fails. */
export interface Reference {
  readonly operations: readonly FileOperation[];
  /** What it leaves. */
  readonly tree: Tree;
  /** All complete contents that a file has had, by its path. */
  readonly contents: ReadonlyMap<string, ReadonlySet<string>>;
  /** The content, at the end, of files that grow under their own name. */
  readonly growing: ReadonlyMap<string, Buffer>;
  /** What `finishedIn` found before each operation. */
  readonly finished: readonly number[];
}

/** Runs a command once, undisturbed. */
export async function observe(command: WritingCommand): Promise<Reference> {
  const { place, args, prepare } = command;
  prepare();
  const operations: FileOperation[] = [];
  const contents = new Map<string, Set<string>>();
  const growing = new Map<string, Buffer>();
  const finished: number[] = [];
  const keep = (path: string): void => {
    if (!statOf(path)?.isFile()) return;
    const name = relative(place, path);
    contents.set(name, (contents.get(name) ?? new Set()).add(digestOf(path)));
  };
  const { outcome } = await withFaultyFiles(
    {
      ...{ fault: "EIO", at: Infinity, within: place },
      onOperation: (operation) => {
        const { kind, path } = operation;
        operations.push(operation);
        finished.push(finishedIn(command));
        const name = relative(place, path);
        if (isIncomplete(name)) return;
        // What is about to be replaced.
        if (["rename", "link", "copyFile", "symlink", "rm"].includes(kind)) keep(path);
        if (kind === "write") growing.set(name, Buffer.of());
      },
    },
    () => tag2mask(args),
  );
  if (outcome.status === "rejected") throw outcome.reason;
  const { code, stderr } = outcome.value;
  if (code !== 0) throw new Error(`${command.name}: ended with ${code}: ${stderr.join("")}`);
  const tree = readTree(place);
  for (const path of tree.keys()) keep(join(place, path));
  for (const path of growing.keys()) growing.set(path, readFileSync(join(place, path)));
  return { operations, tree, contents, growing, finished };
}

/** Number of images, or the step of the newest checkpoint, that a command has finished so far. */
export function finishedIn({ journal, checkpoints }: WritingCommand): number {
  if (journal !== undefined && statOf(journal)) {
    return readFileSync(journal, "utf8").split("\n").length - 1;
  }
  if (checkpoints === undefined || !statOf(checkpoints)) return 0;
  const steps = readdirSync(checkpoints).map((name) => /^step-(\d+)\.safetensors$/.exec(name)?.[1]);
  return Math.max(0, ...steps.map((step) => Number(step ?? 0)));
}
