import { UserError } from "../../user-error.ts";
import { PickleMachine, type PickleOptions } from "./pickle-machine.ts";
import { pickleOperations } from "./pickle-operations.ts";
import { PickleReader } from "./pickle-reader.ts";

export type { PickleFunction, PickleOptions } from "./pickle-machine.ts";

/**
 * The value of a pickle, protocols 0 to 5, without executing anything: only functions of `globals` are
 * called. None is null, tuples and lists are arrays, dictionaries Maps, sets Sets, bytes Uint8Array
 * views, texts of Python 2 strings of one character a byte, large integers bigints. What the functions
 * return may have a `__setstate__(state)`. Their arguments may be anything, circles included; the value
 * returned is free of circles, not deeper than 200, and small enough to be walked.
 */
export function readPickle(bytes: Uint8Array, options: PickleOptions): unknown {
  return readPickleAt(bytes, 0, options).value;
}

/** The pickle that begins at `start`, and where it ends. */
export function readPickleAt(
  bytes: Uint8Array,
  start: number,
  options: PickleOptions,
): { readonly value: unknown; readonly end: number } {
  const reader = new PickleReader(bytes, start, options.source);
  const value = new PickleMachine(pickleOperations, reader, options).run();
  checkWalkable(value, options.source);
  return { value, end: reader.position };
}

const maxDepth = 200;
const maxValues = 20_000_000;

interface Walk {
  readonly container: unknown;
  readonly children: Iterator<unknown>;
  depth: number;
  values: number;
}

/**
 * Throws unless a value can be walked by whoever does so without care: no circles, no depths, and no
 * lists of lists that name each other so often that a kilobyte stands for billions of values.
 */
function checkWalkable(root: unknown, source: string): void {
  // Count and depth of what has been walked, as one number: there may be millions.
  const done = new Map<unknown, number>();
  const path: Walk[] = [];
  const open = new Set<unknown>();
  const enter = (value: unknown): void => {
    const children = childrenOf(value);
    if (!children) return;
    if (open.has(value)) throw harmful(source, "holds itself");
    open.add(value);
    path.push({ container: value, children, depth: 1, values: 1 });
  };
  enter(root);
  while (path.length > 0) {
    const top = path[path.length - 1]!;
    const { done: last = false, value } = top.children.next();
    let into: Walk | undefined = top;
    let size: number;
    if (last) {
      path.pop();
      open.delete(top.container);
      size = top.values * 256 + top.depth;
      done.set(top.container, size);
      into = path[path.length - 1];
    } else {
      size = done.get(value) ?? 0;
      if (size === 0) enter(value);
    }
    if (!into) continue;
    into.depth = Math.max(into.depth, (size % 256) + 1);
    into.values += Math.max(1, Math.floor(size / 256));
    if (path.length + into.depth > maxDepth) {
      throw harmful(source, `is nested deeper than ${maxDepth} levels`);
    }
    if (into.values > maxValues) throw harmful(source, `unfolds to more than ${maxValues} values`);
  }
}

function childrenOf(value: unknown): Iterator<unknown> | undefined {
  if (value instanceof Map) return [...value.keys(), ...value.values()].values();
  if (value instanceof Set) return value.values();
  return Array.isArray(value) && value.length > 0 ? value.values() : undefined;
}

function harmful(source: string, what: string): UserError {
  return new UserError(
    `${source}: a value of its pickle ${what}; get the file from a source you trust, as plain data`,
  );
}
