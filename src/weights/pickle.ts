import { UserError } from "../user-error.ts";
import { PickleMachine, type PickleOptions } from "./pickle-machine.ts";
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
  const value = new PickleMachine(reader, options).run();
  checkWalkable(value, options.source);
  return { value, end: reader.position };
}

const maxDepth = 200;
const maxValues = 20_000_000;

interface Walk {
  readonly container: object;
  readonly children: Iterator<unknown>;
  depth: number;
  values: number;
}

/**
 * Throws unless a value can be walked by whoever does so without care: no circles, no depths, and no
 * lists of lists that name each other so often that a kilobyte stands for billions of values.
 */
function checkWalkable(root: unknown, source: string): void {
  const done = new Map<object, Walk>();
  const path: Walk[] = [];
  const open = new Set<object>();
  const enter = (value: unknown): Walk | undefined => {
    const children = childrenOf(value);
    if (!children) return undefined;
    const before = done.get(value as object);
    if (before) return before;
    if (open.has(value as object)) throw harmful(source, "holds itself");
    const walk = { container: value as object, children, depth: 1, values: 1 };
    open.add(walk.container);
    path.push(walk);
    if (path.length > maxDepth) throw harmful(source, `is nested deeper than ${maxDepth} levels`);
    return undefined;
  };
  enter(root);
  while (path.length > 0) {
    const parent = path[path.length - 1]!;
    const { done: last = false, value } = parent.children.next();
    const finished = last ? parent : enter(value);
    if (last) {
      path.pop();
      open.delete(parent.container);
      done.set(parent.container, parent);
    }
    const into = last ? path[path.length - 1] : parent;
    if (!into) continue;
    if (finished) {
      into.depth = Math.max(into.depth, finished.depth + 1);
      into.values += finished.values;
    } else {
      into.values++;
    }
    if (path.length + into.depth > maxDepth) {
      throw harmful(source, `is nested deeper than ${maxDepth} levels`);
    }
    if (into.values > maxValues) throw harmful(source, `unfolds to more than ${maxValues} values`);
  }
}

function childrenOf(value: unknown): Iterator<unknown> | undefined {
  if (value instanceof Map) return [...value.keys(), ...value.values()].values();
  return Array.isArray(value) || value instanceof Set ? value.values() : undefined;
}

function harmful(source: string, what: string): UserError {
  return new UserError(
    `${source}: a value of its pickle ${what}; get the file from a source you trust, as plain data`,
  );
}
