import { UserError } from "../../user-error.ts";
import {
  findGlobal,
  OpaqueValue,
  type PickleFunction,
  type PickleOptions,
} from "./pickle-globals.ts";
import type { PickleReader } from "./pickle-reader.ts";

/** One operation of a pickle: reads its operands and changes the machine. */
export type PickleOperation = (machine: PickleMachine, reader: PickleReader) => void;

// Approximate bytes of a place on the stack, an entry of a table and the result of a call.
const slot = 32;
const entry = 56;
const call = 200;
const defaultMemory = 256 * 2 ** 20;
const maxArguments = 256;

/** The stack machine that a pickle is a program for. */
export class PickleMachine {
  private stack: unknown[] = [];
  private readonly marks: unknown[][] = [];
  private readonly memo = new Map<number, unknown>();
  private budget: number;

  /** @param operations by code; undefined where there is none */
  constructor(
    private readonly operations: readonly (PickleOperation | undefined)[],
    private readonly reader: PickleReader,
    private readonly options: PickleOptions,
  ) {
    this.budget = options.maxMemory ?? defaultMemory;
  }

  run(): unknown {
    for (;;) {
      const code = this.reader.byte();
      if (code === 0x2e) return this.pop(); // STOP
      const operation = this.operations[code];
      if (!operation) throw this.reader.damaged(`unknown operation ${code}`);
      operation(this, this.reader);
    }
  }

  /** Accounts for memory before it is allocated. */
  spend(bytes: number): void {
    this.budget -= bytes;
    if (this.budget >= 0) return;
    const limit = Math.round((this.options.maxMemory ?? defaultMemory) / 2 ** 20);
    throw new UserError(
      `${this.options.source}: its pickle unfolds to more than ${limit} MiB of values; ` +
        "get the file from a source you trust",
    );
  }

  push(value: unknown, bytes = slot): void {
    this.spend(bytes);
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0) throw this.reader.damaged("takes a value where there is none");
    return this.stack.pop();
  }

  get top(): unknown {
    if (this.stack.length === 0) throw this.reader.damaged("uses a value where there is none");
    return this.stack[this.stack.length - 1];
  }

  mark(): void {
    this.spend(2 * entry);
    this.marks.push(this.stack);
    this.stack = [];
  }

  /** Removes the last mark and returns the values above it. */
  sinceMark(): unknown[] {
    const items = this.stack;
    const before = this.marks.pop();
    if (!before) throw this.reader.damaged("goes back to a mark that was never set");
    this.stack = before;
    return items;
  }

  /** Removes the top value, or the last mark if there is no value above it (POP). */
  drop(): void {
    if (this.stack.length > 0) this.stack.pop();
    else this.sinceMark();
  }

  /** Removes the last values and returns them. */
  last(count: number): unknown[] {
    if (this.stack.length < count) {
      throw this.reader.damaged(`takes ${count} values of ${this.stack.length}`);
    }
    return this.stack.splice(this.stack.length - count);
  }

  store(index: unknown): void {
    if (typeof index !== "number" || index < 0) throw this.reader.damaged(`stores at ${index}`);
    this.spend(entry);
    this.memo.set(index, this.top);
  }

  memoize(): void {
    this.store(this.memo.size);
  }

  fetch(index: unknown): void {
    if (typeof index !== "number" || !this.memo.has(index)) {
      throw this.reader.damaged(`fetches value ${index}, which was never stored`);
    }
    this.push(this.memo.get(index));
  }

  /** Pushes the function that stands for a global. */
  global(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string") {
      throw this.reader.damaged("names a global by a value that is not text");
    }
    this.push(findGlobal(`${module}.${name}`, this.options), call);
  }

  call(target: unknown, args: unknown): void {
    if (target instanceof OpaqueValue) {
      const object = new OpaqueValue(target.global);
      this.fill(object, [args]);
      return this.push(object, call);
    }
    if (typeof target !== "function")
      throw this.reader.damaged("calls a value that is not a function");
    if (!Array.isArray(args) || args.length > maxArguments) {
      throw this.reader.damaged(`calls a function without a list of up to ${maxArguments} values`);
    }
    // A function may copy the lists among its arguments.
    const items = args.reduce<number>((sum, arg) => sum + (Array.isArray(arg) ? arg.length : 0), 0);
    this.spend(call + entry * items);
    // Functions get onto the stack from `globals` alone.
    this.push(this.guard(() => (target as PickleFunction)(...(args as unknown[]))));
  }

  /** Keeps values that the pickle passes to an opaque object. */
  private fill(object: OpaqueValue, values: readonly unknown[]): void {
    this.spend(slot * values.length);
    for (const value of values) object.content.push(value);
  }

  persistent(id: unknown): void {
    const { persistent } = this.options;
    if (!persistent) throw this.reader.damaged("refers to a value outside the pickle");
    this.spend(call);
    this.push(this.guard(() => persistent(id)));
  }

  /** Passes a state to an object that a function returned (BUILD); attributes of a dictionary or set are ignored. */
  build(): void {
    const state = this.pop();
    const object = this.top;
    if (object instanceof OpaqueValue) return this.fill(object, [state]);
    if (object instanceof Map || object instanceof Set) return;
    const setState: unknown =
      typeof object === "object" && object !== null && !Array.isArray(object)
        ? (object as Record<string, unknown>)["__setstate__"]
        : undefined;
    if (typeof setState !== "function") throw this.reader.damaged("gives a state to plain data");
    this.guard(() => (setState as PickleFunction).call(object, state));
  }

  append(items: readonly unknown[]): void {
    const list = this.top;
    if (list instanceof OpaqueValue) return this.fill(list, items);
    if (!Array.isArray(list)) throw this.reader.damaged("appends to a value that is not a list");
    this.spend(slot * items.length);
    for (const item of items) list.push(item);
  }

  add(items: readonly unknown[]): void {
    const set = this.top;
    if (set instanceof OpaqueValue) return this.fill(set, items);
    if (!(set instanceof Set)) throw this.reader.damaged("adds to a value that is not a set");
    this.spend(entry * items.length);
    for (const item of items) set.add(item);
  }

  setItems(items: readonly unknown[]): void {
    const map = this.top;
    if (map instanceof OpaqueValue) return this.fill(map, items);
    if (!(map instanceof Map))
      throw this.reader.damaged("sets items of a value that is not a dictionary");
    if (items.length % 2 > 0) throw this.reader.damaged("a dictionary has a key without a value");
    this.spend(entry * items.length);
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  noArguments(value: unknown): void {
    if (this.options.opaque && value instanceof Map) {
      // Named arguments follow the class and its other arguments; only opaque objects may have them.
      const [target] = this.stack.slice(-2);
      if (target instanceof OpaqueValue) return void this.stack.push([this.stack.pop(), value]);
    }
    if (!(value instanceof Map) || value.size > 0) {
      throw this.reader.damaged("calls a function with named arguments");
    }
  }

  /** Runs a function on values of the file; any error of its own means that these are not as expected. */
  private guard<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw this.reader.damaged(error instanceof Error ? error.message : String(error));
    }
  }
}
