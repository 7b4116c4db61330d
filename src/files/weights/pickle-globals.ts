import { UserError } from "../../user-error.ts";

/** Function called in place of a global of Python. */
export type PickleFunction = (...args: unknown[]) => unknown;

export interface PickleOptions {
  /** The file's name, for messages. */
  readonly source: string;
  /** Globals that a pickle may name, by `module.name`; any other is an error that names it. */
  readonly globals: ReadonlyMap<string, PickleFunction>;
  /** Resolves a persistent id; without it such ids are refused. */
  readonly persistent?: (id: unknown) => unknown;
  /** Advice for a refused global. */
  readonly advice?: string;
  /** Most memory of the values, in bytes; an approximate limit. */
  readonly maxMemory?: number;
}

/** The function that stands for a global of Python; one that is not in the list is refused, and nothing is executed. */
export function findGlobal(
  name: string,
  {
    source,
    globals,
    advice = "get the file from a source you trust, as plain data",
  }: PickleOptions,
): PickleFunction {
  const replacement = globals.get(name);
  if (replacement) return replacement;
  throw new UserError(
    `${source}: its pickle asks for ${printable(name)}, which is not plain data; ` +
      `nothing in the file was executed; ${advice}`,
  );
}

/** A name from a file for a message, cut and with unusual characters escaped. */
function printable(name: string): string {
  const text = name.length > 200 ? `${name.slice(0, 200)}…` : name;
  return /^[\w.$-]+$/.test(text) ? text : JSON.stringify(text);
}
