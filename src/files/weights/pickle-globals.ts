import { UserError } from "../../user-error.ts";

/** Function called in place of a global of Python. */
export type PickleFunction = (...args: unknown[]) => unknown;

export interface PickleOptions {
  /** The file's name, for messages. */
  readonly source: string;
  /** Globals that a pickle may name, by `module.name`; any other is an error that names it, unless `opaque` is set. */
  readonly globals: ReadonlyMap<string, PickleFunction>;
  /** Keep any other global, and what is made with it, as an `OpaqueValue`, for the reader of the value to refuse or leave. */
  readonly opaque?: boolean;
  /** Resolves a persistent id; without it such ids are refused. */
  readonly persistent?: (id: unknown) => unknown;
  /** Advice for a refused global. */
  readonly advice?: string;
  /** Most memory of the values, in bytes; an approximate limit. */
  readonly maxMemory?: number;
}

/** A global of Python that is not in the list, or an object made with it: a name and content, of which nothing is executed. */
export class OpaqueValue {
  /** Arguments, states and items that the pickle passes to it; may lead back to the object itself. */
  readonly content: unknown[] = [];

  /** @param global `module.name` */
  constructor(readonly global: string) {}
}

/** What stands for a global of Python; nothing is executed. */
export function findGlobal(name: string, options: PickleOptions): PickleFunction | OpaqueValue {
  const replacement = options.globals.get(name);
  if (replacement) return replacement;
  if (options.opaque) return new OpaqueValue(name);
  throw refusedGlobal(name, options);
}

/** The error of a value that is needed but no plain data. */
export function refusedGlobal(
  name: string,
  {
    source,
    advice = "get the file from a source you trust, as plain data",
  }: Pick<PickleOptions, "source" | "advice">,
): UserError {
  return new UserError(
    `${source}: its pickle asks for ${printable(name)}, which is not plain data; ` +
      `nothing in the file was executed; ${advice}`,
  );
}

/** A name from a file for a message, cut and with unusual characters escaped. */
export function printable(name: string): string {
  const text = name.length > 200 ? `${name.slice(0, 200)}…` : name;
  return /^[\w.$-]+$/.test(text) ? text : JSON.stringify(text);
}
