import { UserError } from "../../user-error.ts";
import { listNames } from "../text/list-names.ts";
import type { SourceOptions } from "./source.ts";

/** Most classes that a note names. */
const mostNames = 8;

/** Classes of the masks that are read, and where the labels of the source go. */
export interface ChosenClasses {
  /** Foreground class names; label i + 1 is classes[i]. */
  readonly classes: readonly string[];
  /** The label of each label of the source; 0 stays background. */
  readonly labels: readonly number[];
}

/**
 * Reconciles the class names of a source with those that were asked for, in the same way for every format:
 * - asked-for names that include all of the source's are matched by name, whatever their order;
 * - other names rename the classes by position, which is told; at least as many are needed, and a name of the source
 *   may not stand at another position, since it could be meant either way.
 *
 * @param own foreground names of the source in label order; undefined if it has none
 */
export function chooseClasses(
  own: readonly string[] | undefined,
  { classes: wanted, tell }: Pick<SourceOptions, "classes" | "tell">,
  where: string,
): ChosenClasses | undefined {
  if (!own) return wanted && { classes: wanted, labels: identity(wanted.length) };
  if (!wanted) return { classes: own, labels: identity(own.length) };
  const key = (name: string): string => name.trim().toLowerCase();
  const places = new Map(wanted.map((name, i) => [key(name), i]));
  const labels = own.map((name) => (places.get(key(name)) ?? -1) + 1);
  if (!labels.includes(0)) {
    const moved = labels.some((label, i) => label !== i + 1);
    if (moved) {
      const list = own.map((name, i) => `${name} ${i + 1} → ${labels[i]}`);
      tell?.(`${where}: classes matched by name, labels renumbered: ${listNames(list, mostNames)}`);
    }
    return { classes: wanted, labels: [0, ...labels] };
  }
  if (wanted.length < own.length) {
    throw refuse(`${where}: has ${own.length} classes, but ${wanted.length} class names are given`);
  }
  const displaced = labels.findIndex((label, i) => label > 0 && label !== i + 1);
  if (displaced >= 0) {
    const missing = own[labels.indexOf(0)]!;
    throw refuse(
      `${where}: the class names given have "${own[displaced]}" at another position than the masks, but lack "${missing}"; ` +
        `by position it would become another class; the masks have ${own.join(", ")}`,
    );
  }
  const renamed = own.flatMap((name, i) => (labels[i] === 0 ? [`${name} → ${wanted[i]}`] : []));
  tell?.(`${where}: classes renamed by position: ${listNames(renamed, mostNames)}`);
  return { classes: wanted, labels: identity(own.length) };
}

function refuse(message: string): UserError {
  return new UserError(message, {
    remedies: [{ kind: "option", name: "classes", instead: true }],
  });
}

function identity(count: number): number[] {
  return Array.from({ length: count + 1 }, (_, label) => label);
}
