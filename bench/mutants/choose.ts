import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../../src/engine/random.ts";
import { UserError } from "../../src/user-error.ts";
import { Compiler } from "./compiler.ts";
import type { Mutation } from "./mutation.ts";
import { mutationsOf } from "./operators.ts";

/** Draws mutations that compile from the sources of some folders, every one as likely as any other. */
export function chooseMutations(
  root: string,
  folders: readonly string[],
  { seed, count }: { readonly seed: number; readonly count: number },
): Mutation[] {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".generated.ts"))
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
      .sort(),
  );
  const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
  const all = [...texts].flatMap(([file, text]) => mutationsOf(file, text));
  const compiler = new Compiler(root);
  const chosen: Mutation[] = [];
  for (const mutation of Random.at(seed, "mutants").shuffle(all)) {
    if (chosen.length === count) break;
    if (compiler.compiles(mutation, texts.get(mutation.file)!)) chosen.push(mutation);
  }
  return chosen;
}

/** An edit that a list names. */
export interface KnownMutant {
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  readonly title: string;
}

export function knownMutations(root: string, known: readonly KnownMutant[]): Mutation[] {
  return known.map(({ file, find, replace, title }) => {
    const text = readFileSync(join(root, file), "utf8");
    const start = text.indexOf(find);
    if (start < 0 || text.includes(find, start + 1)) {
      const times = text.split(find).length - 1;
      throw new UserError(
        `known mutant "${title}": its "find" occurs ${times} times in ${file}; expected once`,
      );
    }
    const line = text.slice(0, start).split("\n").length;
    const end = start + find.length;
    // A known edit is free text, which cannot be wrapped in a probe.
    return { file, operator: title, start, end, before: find, after: replace, line, place: "text" };
  });
}
