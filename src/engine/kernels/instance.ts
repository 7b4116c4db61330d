import { kernelArguments, type Kernels } from "./arguments.ts";
import { WebAssembly, type Memory } from "./webassembly.ts";
import { wasm } from "./wasm.generated.ts";

const PAGE = 65536;
const MAX_PAGES = 65536;

let compiled: object | undefined;

type WasmFunction = (...values: number[]) => number | undefined;

/** Creates kernels that work on a memory. The module is compiled on first use. */
export function instantiate(memory: Memory): Kernels {
  const functions = wasmFunctions(memory);
  return Object.fromEntries(
    Object.entries(kernelArguments).map(([name, order]) => {
      const run = functions[name]!;
      const byName = (values: Readonly<Record<string, number>>): number | undefined =>
        run(...order.map((argument) => values[argument]!));
      return [name, byName];
    }),
  ) as unknown as Kernels;
}

/** Functions of the WebAssembly module that work on a memory and take positional arguments. */
export function wasmFunctions(memory: Memory): Readonly<Record<string, WasmFunction>> {
  compiled ??= new WebAssembly.Module(decodeBase64(wasm));
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return exports as Record<string, WasmFunction>;
}

/**
 * Allocates a memory of at least this many bytes. Views of it are valid until it grows.
 * @param owner beginning of error messages
 */
export function allocate(bytes: number, owner: string): Memory {
  const initial = pagesFor(bytes, owner);
  return orExplain(bytes, owner, () => new WebAssembly.Memory({ initial, maximum: MAX_PAGES }));
}

/** Grows a memory to at least this many bytes. If it grows, views of the old buffer become empty. */
export function ensure(memory: Memory, bytes: number, owner: string): void {
  const missing = pagesFor(bytes, owner) - memory.buffer.byteLength / PAGE;
  if (missing > 0) orExplain(bytes, owner, () => memory.grow(missing));
}

function pagesFor(bytes: number, owner: string): number {
  const pages = Math.max(1, Math.ceil(bytes / PAGE));
  if (pages > MAX_PAGES) {
    throw new RangeError(
      `${owner}: needs ${gibibytes(bytes)}, but WebAssembly memory is limited to 4 GiB`,
    );
  }
  return pages;
}

function orExplain<T>(bytes: number, owner: string, allocation: () => T): T {
  try {
    return allocation();
  } catch (cause) {
    throw new RangeError(
      `${owner}: needs ${gibibytes(bytes)} of memory, but the machine has no free block of this size; close other programs`,
      { cause },
    );
  }
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function decodeBase64(text: string): Uint8Array {
  const length = text.replace(/=+$/, "").length;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  for (let i = 0; i < length; i++) {
    bits = ((bits << 6) | ALPHABET.indexOf(text[i]!)) & 0xffffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[at++] = (bits >> bitCount) & 0xff;
    }
  }
  return bytes;
}
