import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
// Compiles each network once.
import "../../test/share-sessions.ts";
import { writingCommands } from "./commands.ts";
import { casesOf, drawCases } from "./draw-cases.ts";
import { observe } from "./reference.ts";
import { statOf } from "./tree.ts";
import { tryCase, type Ending } from "./try-case.ts";

/** What a process of the campaign is to do. */
export interface Task {
  readonly cases: number;
  readonly seed: number;
  /** Commands whose name matches. */
  readonly only: string;
  /** Every `of`th case is its own, from number `part` on. */
  readonly part: number;
  readonly of: number;
}

export type Report =
  /** Sent first. */
  | {
      readonly type: "drawn";
      readonly own: number;
      readonly drawn: number;
      readonly possible: number;
      readonly commands: number;
      readonly operations: number;
    }
  | {
      readonly type: "tried";
      readonly command: string;
      readonly where: string;
      readonly ending: Ending;
      readonly problems: readonly string[];
      readonly message: string;
    };

// A part of the campaign, in a process of its own: `worker.ts '{"cases": …}'`.
const { cases: count, seed, only, part, of } = JSON.parse(process.argv[2]!) as Task;
const tell = (report: Report): void => void process.send!(report);
const memory = "/dev/shm";
// The faults are put in above the disk; one in memory saves the wear of a real one.
const root = mkdtempSync(join(statOf(memory) ? memory : tmpdir(), "tag2mask-faults-"));
const stray: string[] = [];
process.exitCode = 1;
process.once("disconnect", () => process.exit(1));
try {
  const { commands, close } = await writingCommands(root);
  const chosen = commands.filter(({ name }) => new RegExp(only).test(name));
  const references = new Map<string, Awaited<ReturnType<typeof observe>>>();
  for (const command of chosen) references.set(command.name, await observe(command));
  const all = chosen.map((command) => casesOf(command, references.get(command.name)!));
  const drawn = drawCases(all, count, seed);
  const own = drawn.filter((_, i) => i % of === part);
  tell({
    ...{ type: "drawn", own: own.length, drawn: drawn.length, commands: chosen.length },
    possible: all.flat().length,
    operations: [...references.values()].reduce((sum, one) => sum + one.operations.length, 0),
  });
  // Errors that no promise of the command holds.
  process.on("unhandledRejection", (error) => stray.push(`nobody took ${String(error)}`));
  process.on("uncaughtException", (error) => stray.push(`nobody took ${String(error)}`));
  for (const one of own) {
    const { command, at, fault, lasting, kind, path } = one;
    const { ending, problems, message } = await tryCase(
      one,
      references.get(command.name)!,
      references.get(otherName(command.name))?.tree,
    );
    const times = lasting ? "from then on" : "once";
    tell({
      ...{ type: "tried", command: command.name, ending, message },
      where: `${fault} ${times} at ${at}, ${kind} ${relative(command.place, path)}`,
      problems: [...problems, ...stray.splice(0)],
    });
  }
  await close();
  process.exitCode = 0;
} catch (error) {
  console.error(error);
} finally {
  rmSync(root, { recursive: true, force: true });
}
process.exit();

/** The command that goes on with another one, or the one that it goes on with. */
function otherName(name: string): string {
  return name.endsWith(" --resume") ? name.replace(/ --resume$/, "") : `${name} --resume`;
}
