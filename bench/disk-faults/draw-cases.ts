import { Random } from "../../src/engine/random.ts";
import { canMeet, faults } from "../../test/faulty-files.ts";
import type { WritingCommand } from "./commands.ts";
import type { Reference } from "./reference.ts";
import type { Case } from "./try-case.ts";

/** Every fault at every operation of a command, once and from then on. */
export function casesOf(command: WritingCommand, { operations }: Reference): Case[] {
  return operations.flatMap(({ kind, path }, at) =>
    faults.flatMap((fault) =>
      canMeet(kind, fault)
        ? [true, false].map((lasting) => ({ command, at, kind, path, fault, lasting }))
        : [],
    ),
  );
}

/** Draws cases: as many of each command as there are, and in each as many of every kind of operation. */
export function drawCases(all: readonly (readonly Case[])[], count: number, seed: number): Case[] {
  const random = Random.at(seed, "disk faults");
  const byCommand = all.map((cases) => {
    const kinds = [...new Set(cases.map(({ kind }) => kind))];
    const lists = kinds.map((kind) => random.shuffle(cases.filter((one) => one.kind === kind)));
    return inTurn(random.shuffle(lists));
  });
  return inTurn(byCommand).slice(0, count);
}

/** The first of each list, the second of each, … */
function inTurn<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) =>
    lists.flatMap((list) => list.slice(i, i + 1)),
  ).flat();
}
