import { UserError } from "../../user-error.ts";
import type { PickleOptions } from "./pickle-globals.ts";
import { PickleMachine } from "./pickle-machine.ts";
import { pickleOperations } from "./pickle-operations.ts";
import { PickleReader } from "./pickle-reader.ts";

export type { PickleFunction, PickleOptions } from "./pickle-globals.ts";
export { OpaqueValue, refusedGlobal } from "./pickle-globals.ts";

/**
 * Reads a pickle of protocols 0 to 5 without executing anything: only functions of `globals` are called. None becomes
 * null, tuples and lists become arrays, dictionaries Maps, sets Sets, bytes Uint8Array views, texts of Python 2 strings
 * of one character a byte, and large integers bigints. The results of the functions may have a `__setstate__(state)`.
 * Their arguments may be anything, circles included; the value returned has no circles, is not nested deeper than 200
 * levels, and is small enough to traverse.
 */
export function readPickle(bytes: Uint8Array, options: PickleOptions): unknown {
  return readPickleAt(bytes, 0, options).value;
}

/** Reads the pickle that begins at `start`; `end` is the position after it. */
export function readPickleAt(
  bytes: Uint8Array,
  start: number,
  options: PickleOptions,
): { readonly value: unknown; readonly end: number } {
  const reader = new PickleReader(bytes, start, options.source);
  const value = new PickleMachine(pickleOperations, reader, options).run();
  checkTraversable(value, options.source);
  return { value, end: reader.position };
}

const maxDepth = 200;
const maxValues = 20_000_000;

/** A container whose children are being counted. */
interface Visit {
  readonly container: unknown;
  readonly children: Iterator<unknown>;
  depth: number;
  values: number;
}

/**
 * Throws unless a plain recursive function can traverse a value: without circles, without deep nesting, and without
 * lists that contain one another so often that a kilobyte stands for billions of values.
 */
function checkTraversable(root: unknown, source: string): void {
  // Count and depth of each finished container in one number, since there may be millions.
  const sizes = new Map<unknown, number>();
  const path: Visit[] = [];
  const open = new Set<unknown>();
  const enter = (value: unknown): void => {
    const children = childrenOf(value);
    if (!children) return;
    if (open.has(value)) throw harmful(source, "contains itself");
    open.add(value);
    path.push({ container: value, children, depth: 1, values: 1 });
  };
  enter(root);
  while (path.length > 0) {
    const top = path[path.length - 1]!;
    const { done: last = false, value } = top.children.next();
    let parent: Visit | undefined = top;
    let size: number;
    if (last) {
      path.pop();
      open.delete(top.container);
      size = top.values * 256 + top.depth;
      sizes.set(top.container, size);
      parent = path[path.length - 1];
    } else {
      size = sizes.get(value) ?? 0;
      if (size === 0) enter(value);
    }
    if (!parent) continue;
    parent.depth = Math.max(parent.depth, (size % 256) + 1);
    parent.values += Math.max(1, Math.floor(size / 256));
    if (path.length + parent.depth > maxDepth) {
      throw harmful(source, `is nested deeper than ${maxDepth} levels`);
    }
    if (parent.values > maxValues)
      throw harmful(source, `unfolds to more than ${maxValues} values`);
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
